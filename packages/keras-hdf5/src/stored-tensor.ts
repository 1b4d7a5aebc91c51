import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import {
  type Datatype,
  dtypeOf,
  type Hdf5Dataset,
  type Hdf5File,
  type Hdf5ReadOptions,
  isTensor,
} from "@modelbytes/hdf5";
import {
  checkedElementCount,
  DTYPES,
  type DType,
  fromBytes,
  isDType,
  isVarying,
  type Tensor,
  type TensorEntry,
} from "@modelbytes/tensor";
import type { KerasHdf5Kind } from "./contents.ts";

/** A dataset as a tensor. */
export interface StoredTensor extends TensorEntry {
  /** Whether nothing in the file says that it is of this dtype. */
  readonly unmarked: boolean;
}

/**
 * What the attribute `dtype` says that opaque elements are. HDF5 knows no bfloat16: Keras stores opaque elements of two bytes,
 * little-endian, and in `.weights.h5` this attribute with them.
 */
export async function readMark(file: Hdf5File, { path, attributes }: Hdf5Dataset): Promise<string | undefined> {
  if (!attributes.has("dtype")) return undefined;
  const mark = await file.attribute(path, "dtype");
  return mark.dtype === "string" ? new TextDecoder().decode(mark.data[0]) : "";
}

/**
 * What tensor a dataset holds, given its mark. In `.h5` opaque elements have none, and Keras itself cannot read them, but it writes
 * nothing but bfloat16 so.
 *
 * Throws an `UnsupportedError` (`"element-type"`) for what no tensor is.
 */
export function describeTensor(
  file: Hdf5File,
  { path, datatype, shape }: Hdf5Dataset,
  kind: KerasHdf5Kind,
  mark: string | undefined,
): StoredTensor {
  const place = { file: file.name, tensor: path };
  if (shape === null) throw new UnsupportedError("element-type", "the dataset has no elements and no shape", place);
  const dtype = dtypeOfElements(datatype, kind, mark);
  if (dtype === undefined) {
    const reason = `elements of the type ${datatype.class} of ${datatype.size} bytes are no tensor`;
    throw new UnsupportedError("element-type", reason, place);
  }
  const count = checkedElementCount(shape);
  const byteLength = count === undefined || isVarying(dtype) ? undefined : count * DTYPES[dtype].itemsize;
  const unmarked = datatype.class === "opaque" && mark === undefined;
  return { dtype, shape, byteLength, unmarked };
}

function dtypeOfElements(datatype: Datatype, kind: KerasHdf5Kind, mark: string | undefined): DType | undefined {
  if (datatype.class === "array") return undefined;
  if (datatype.class !== "opaque") return dtypeOf(datatype);
  const isOldForm = kind === "model" || kind === "weights";
  if (mark === undefined) return isOldForm && datatype.size === 2 ? "bfloat16" : undefined;
  return isDType(mark) && DTYPES[mark].itemsize === datatype.size ? mark : undefined;
}

/** The values of a dataset of which `describeTensor` told the dtype. */
export async function readStored(file: Hdf5File, key: string, dtype: DType, options: Hdf5ReadOptions): Promise<Tensor> {
  const value = await file.read(key, options);
  if (value.dtype === "opaque" && !isVarying(dtype)) return fromBytes(dtype, value.shape, value.data);
  if (isTensor(value) && value.dtype === dtype) return value;
  throw new CorruptError("dtype", `the elements are ${value.dtype}, not ${dtype}`, { file: file.name, tensor: key });
}
