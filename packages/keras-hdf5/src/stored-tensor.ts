import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import { dtypeOf, type Hdf5Dataset, type Hdf5File, type Hdf5ReadOptions, isTensor } from "@modelbytes/hdf5";
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
 * What tensor a dataset holds. HDF5 knows no bfloat16: Keras stores opaque elements of two bytes, little-endian. In `.weights.h5` the
 * attribute `dtype` says what they are; in `.h5` nothing does, and Keras itself cannot read them, but it writes nothing else so.
 *
 * Throws an `UnsupportedError` (`"element-type"`) for what no tensor is.
 */
export async function describeTensor(
  file: Hdf5File,
  { path, datatype, shape, attributes }: Hdf5Dataset,
  kind: KerasHdf5Kind,
): Promise<StoredTensor> {
  const place = { file: file.name, tensor: path };
  if (shape === null) throw new UnsupportedError("element-type", "the dataset has no elements and no shape", place);
  const entry = (dtype: DType, unmarked: boolean): StoredTensor => {
    const count = checkedElementCount(shape);
    const byteLength = count === undefined || isVarying(dtype) ? undefined : count * DTYPES[dtype].itemsize;
    return { dtype, shape, byteLength, unmarked };
  };
  const dtype = datatype.class === "array" ? undefined : dtypeOf(datatype);
  if (dtype !== undefined) return entry(dtype, false);
  if (datatype.class === "opaque") {
    const marked = attributes.has("dtype") ? await file.attribute(path, "dtype") : undefined;
    if (marked === undefined && datatype.size === 2 && (kind === "model" || kind === "weights"))
      return entry("bfloat16", true);
    const name = marked?.dtype === "string" ? new TextDecoder().decode(marked.data[0]) : "";
    if (isDType(name) && DTYPES[name].itemsize === datatype.size) return entry(name, false);
  }
  const reason = `elements of the type ${datatype.class} of ${datatype.size} bytes are no tensor`;
  throw new UnsupportedError("element-type", reason, place);
}

/** The values of a dataset of which `describeTensor` told the dtype. */
export async function readStored(file: Hdf5File, key: string, dtype: DType, options: Hdf5ReadOptions): Promise<Tensor> {
  const value = await file.read(key, options);
  if (value.dtype === "opaque" && !isVarying(dtype)) return fromBytes(dtype, value.shape, value.data);
  if (isTensor(value) && value.dtype === dtype) return value;
  throw new CorruptError("dtype", `the elements are ${value.dtype}, not ${dtype}`, { file: file.name, tensor: key });
}
