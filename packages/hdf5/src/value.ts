import type { DType, Tensor } from "@modelbytes/tensor";

/**
 * What a dataset or an attribute holds: a tensor where the dtypes of `@modelbytes/tensor` have a name for its elements, otherwise
 * one of the four below. `dtype` tells them apart.
 *
 * - Whole numbers and bitfields of 1, 2, 4 or 8 bytes, IEEE floats of 2, 4 or 8, bfloat16, complex numbers (also h5py's records of
 *   `r` and `i`) and enums are tensors, in the byte order of the host; h5py's bool enum is a `bool` tensor.
 * - Strings are a `string` tensor: their bytes, without what pads them. The datatype says how they were stored.
 * - An array within an element adds its dimensions to the shape.
 */
export type Hdf5Value = Tensor | OpaqueValue | RecordValue | ListValue | NullValue;

/** Elements of which only the bytes are known: opaque ones, references, numbers of other widths. */
export interface OpaqueValue {
  readonly dtype: "opaque";
  readonly shape: readonly number[];
  /** Bytes of an element. */
  readonly itemsize: number;
  /** The elements as the file has them, one after another. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Records, member by member: each member's values have the shape of the whole. */
export interface RecordValue {
  readonly dtype: "record";
  readonly shape: readonly number[];
  readonly members: ReadonlyMap<string, Hdf5Value>;
}

/** Lists of their own lengths, in row-major order. */
export interface ListValue {
  readonly dtype: "list";
  readonly shape: readonly number[];
  readonly data: readonly Hdf5Value[];
}

/** No elements and no shape: H5S_NULL, h5py's `Empty`. */
export interface NullValue {
  readonly dtype: "null";
  readonly shape: null;
}

/** Whether a value is a tensor. */
export function isTensor(value: Hdf5Value): value is Tensor {
  return !NOT_TENSORS.has(value.dtype);
}

const NOT_TENSORS: ReadonlySet<DType | "opaque" | "record" | "list" | "null"> = new Set([
  "opaque",
  "record",
  "list",
  "null",
]);
