import type { WaitOptions } from "@modelbytes/bytes";
import { type CreateAttribute, type Hdf5Operation, integerType } from "@modelbytes/hdf5";
import type { NewKerasLayer } from "./h5.ts";
import { datasetOf } from "./values.ts";

const COUNT = integerType(8, true);

/**
 * What Keras 0.x does with h5py: `../numbered-layers.ts` has the form. A single layer called `graph` is a Graph, which is not
 * counted. Throws a `RangeError` for names that are not those numbers.
 */
export async function* numberedOperations(
  layers: Iterable<NewKerasLayer>,
  options: WaitOptions,
): AsyncGenerator<Hdf5Operation, void, undefined> {
  const list = [...layers];
  const isGraph = list.length === 1 && list[0]?.name === "graph";
  if (!isGraph) yield count("", "nb_layers", list.length);
  for (const [index, { name, weights = [] }] of list.entries()) {
    if (!isGraph) checkNumber(name, "layer", index);
    const params = [...weights];
    yield { kind: "group", path: name };
    yield count(name, "nb_params", params.length);
    for (const [number, [param, values]] of params.entries()) {
      checkNumber(param, "param", number);
      yield await datasetOf(`${name}/${param}`, values, "create_dataset", options);
    }
  }
}

function count(path: string, name: string, value: number): CreateAttribute {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return { kind: "attribute", path, name, datatype: COUNT, shape: [], value: bytes };
}

function checkNumber(name: string, kind: "layer" | "param", index: number): void {
  if (name === `${kind}_${index}`) return;
  throw new RangeError(`Keras 0.x numbers: ${JSON.stringify(name)} has to be called ${kind}_${index}`);
}
