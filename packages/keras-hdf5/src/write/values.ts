import { UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import { type CreateDataset, type Datatype, h5pyType, vlenStringType } from "@modelbytes/hdf5";
import {
  DTYPES,
  type DType,
  type FixedDType,
  inParts,
  isVarying,
  type LazyTensor,
  type Tensor,
  type TensorInPieces,
  toBytes,
} from "@modelbytes/tensor";

/** What a weight is: a tensor, or the dtype and the shape of one that is read later, a large one in pieces. */
export type WeightValues = Tensor | LazyTensor;

/** A weight to be written. */
export type NamedWeight = readonly [name: string, values: WeightValues];

/** Keras stores no strings; files that others made have them. */
const TEXT = vlenStringType("utf-8");

/** One object for each dtype: the planner encodes it once. */
const DATATYPES: ReadonlyMap<DType, Datatype> = new Map(
  Object.values(DTYPES).flatMap(({ name }) => (isVarying(name) ? [] : [[name, h5pyType(name)]])),
);

/**
 * The dataset of a weight. Strings, whose lengths are part of the plan, are read now. Throws an `UnsupportedError`
 * (`"element-type"`) for what HDF5 has no type for and Keras does not store either, such as float8 and int4, two of which Keras
 * packs into an int8.
 */
export async function datasetOf(
  path: string,
  values: WeightValues,
  by: "create_dataset" | "assignment",
  options: WaitOptions,
): Promise<CreateDataset> {
  const { dtype, shape } = values;
  if (dtype === "string") {
    const tensor = "read" in values ? await values.read(options) : values;
    checkKind(path, tensor, dtype, shape);
    return { kind: "dataset", path, by, datatype: TEXT, shape, data: isVaryingTensor(tensor) ? tensor.data : [] };
  }
  const datatype = DATATYPES.get(dtype);
  if (datatype === undefined || (datatype.class === "opaque" && dtype !== "bfloat16")) {
    throw new UnsupportedError("element-type", `Keras stores no ${dtype} in HDF5`, { tensor: path });
  }
  const data = "read" in values ? () => pieces(path, values, options) : bytesOf(values);
  return { kind: "dataset", path, by, datatype, shape, data };
}

async function* pieces(path: string, lazy: LazyTensor, { signal }: WaitOptions): AsyncGenerator<Uint8Array> {
  const parts = inParts(lazy, { signal });
  if ("pieces" in parts) {
    checkKind(path, parts, lazy.dtype, lazy.shape);
    yield* parts.pieces;
    return;
  }
  const tensor = await lazy.read({ signal });
  checkKind(path, tensor, lazy.dtype, lazy.shape);
  yield bytesOf(tensor);
}

/** Checks that what was read is what was announced; its length is checked as it is written. */
function checkKind(path: string, tensor: Tensor | TensorInPieces, dtype: DType, shape: readonly number[]): void {
  const place = `the values of ${JSON.stringify(path)}`;
  if (tensor.dtype !== dtype) throw new TypeError(`${place} are ${tensor.dtype}, and the plan says ${dtype}`);
  const [found, wanted] = [tensor.shape.join(", "), shape.join(", ")];
  if (found !== wanted) throw new RangeError(`${place} are of shape [${found}], and the plan says [${wanted}]`);
}

function bytesOf(tensor: Tensor): Uint8Array {
  return isVaryingTensor(tensor) ? new Uint8Array(0) : toBytes(tensor);
}

function isVaryingTensor(tensor: Tensor): tensor is Exclude<Tensor, Tensor<FixedDType>> {
  return isVarying(tensor.dtype);
}
