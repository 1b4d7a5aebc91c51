import { DTYPES, type DType, type DTypeData, isVarying } from "./dtype.ts";

/** A tensor of one dtype: plain data, row-major. */
export interface TypedTensor<D extends DType> {
  readonly dtype: D;
  /** Elements along each dimension; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly data: DTypeData[D];
}

/** A tensor. `Tensor` alone is any of them, told apart by `dtype`; `Tensor<"float32">` is one whose data is a Float32Array. */
export type Tensor<D extends DType = DType> = { [K in DType]: TypedTensor<K> }[D];

/** Named tensors in the order in which they are read or to be written. */
export type Tensors = Iterable<readonly [string, Tensor]> | AsyncIterable<readonly [string, Tensor]>;

/**
 * A tensor of `data`, which is kept, not copied. Throws a `RangeError` if the shape has a dimension that is no whole number, or
 * if the data has not as many entries as the shape has elements (complex numbers take two entries each).
 */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data: DTypeData[D]): TypedTensor<D> {
  const row = DTYPES[dtype];
  const entries = elementCount(shape) * ("entries" in row ? row.entries : 1);
  if (data.length !== entries) {
    throw new RangeError(`${dtype} of shape [${shape.join(", ")}] has ${entries} entries of data, not ${data.length}`);
  }
  return { dtype, shape, data };
}

/** Whether `tensor` is of `dtype`. */
export function hasDType<D extends DType>(tensor: Tensor, dtype: D): tensor is Tensor<D> {
  return tensor.dtype === dtype;
}

/** Elements of a shape. Throws a `RangeError` if that is no whole number below 2^53. */
export function elementCount(shape: readonly number[]): number {
  const count = checkedElementCount(shape);
  if (count === undefined) throw new RangeError(`[${shape.join(", ")}] is not the shape of a tensor`);
  return count;
}

/** Elements of a shape that may come from a hostile file: `undefined` where a dimension is negative or the product too large. */
export function checkedElementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  let empty = false;
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 0) return undefined;
    if (dim === 0) empty = true;
    else count *= dim;
    if (count > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return empty ? 0 : count;
}

/** The elements of a string tensor as text. Throws a `TypeError` for one that is not valid UTF-8: it holds other bytes. */
export function toText(tensor: Tensor<"string">): string[] {
  return tensor.data.map((bytes) => UTF8.decode(bytes));
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes of a tensor where it is stored whole; for strings and variants, of the elements alone. */
export function byteLength(tensor: Tensor): number {
  if (isVarying(tensor.dtype)) return stringBytes(tensor);
  return elementCount(tensor.shape) * DTYPES[tensor.dtype].itemsize;
}

function stringBytes({ data }: Tensor): number {
  let sum = 0;
  for (const element of data) if (element instanceof Uint8Array) sum += element.length;
  return sum;
}
