import type { WaitOptions } from "@modelbytes/bytes";
import type { Hdf5Operation } from "@modelbytes/hdf5";
import { pathIn } from "../path.ts";
import { textAttribute } from "./name-list.ts";
import { datasetOf, type NamedWeight } from "./values.ts";

/** The variables of one object: the model, a layer or a part of it, the optimizer. */
export interface KerasVarsGroup {
  /** Where its group `vars` is: `"layers/dense_1"`, `"optimizer"`; `""` for the model. */
  readonly path: string;
  /** What it is called, which Keras notes from 3.6 on. Such objects are listed even if they have no variables. */
  readonly name?: string | undefined;
  /** By number from `"0"` on, or in a few layers by name. Default: none. */
  readonly vars?: Iterable<NamedWeight> | undefined;
}

/** What a `.weights.h5` holds. */
export interface KerasWeightsContents {
  /** In the order in which Keras comes to them: the model, its layers in the model's order, each before its parts, then the rest. */
  readonly groups: Iterable<KerasVarsGroup>;
  /** Datasets by path that Keras does not read. They are written last. */
  readonly unlisted?: Iterable<NamedWeight> | undefined;
}

/** What Keras does with h5py to write `.weights.h5`. Throws a `RangeError` for a path or a name that could not be read again. */
export async function* weightsOperations(
  { groups, unlisted = [] }: KerasWeightsContents,
  options: WaitOptions,
): AsyncGenerator<Hdf5Operation, void, undefined> {
  for (const { path, name, vars = [] } of groups) {
    if (path !== "" && pathIn("", path) !== path) {
      throw new RangeError(`${JSON.stringify(path)} is no path of a group: it is names with "/" between them`);
    }
    const group = pathIn(path, "vars");
    yield { kind: "group", path: group };
    if (name !== undefined) yield textAttribute(group, "name", name, "utf-8");
    for (const named of vars) yield* variableOperations(group, named, options);
  }
  for (const [path, values] of unlisted) yield await datasetOf(path, values, "create_dataset", options);
}

/** HDF5 knows no bfloat16, so an attribute tells. Other values are assigned to their names, which gives another file. */
async function* variableOperations(
  group: string,
  [key, values]: NamedWeight,
  options: WaitOptions,
): AsyncGenerator<Hdf5Operation> {
  if (key === "" || key.includes("/")) {
    throw new RangeError(`${JSON.stringify(key)} is no name of a variable in ${JSON.stringify(group)}`);
  }
  const path = `${group}/${key}`;
  const isMarked = values.dtype === "bfloat16";
  yield await datasetOf(path, values, isMarked ? "create_dataset" : "assignment", options);
  if (isMarked) yield textAttribute(path, "dtype", "bfloat16", "utf-8");
}
