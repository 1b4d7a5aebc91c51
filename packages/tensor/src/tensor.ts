import { DTYPES, type DType, type DTypeData } from "./dtype.ts";

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
 * if the data has not as many entries as the shape has elements (complex numbers take two entries each), and a `TypeError` if it
 * is not the kind of array that the dtype takes.
 */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data: DTypeData[D]): TypedTensor<D> {
  const row = DTYPES[dtype];
  const array = Object.prototype.toString.call(data).slice("[object ".length, -1);
  if (array !== row.array) throw new TypeError(`the data of ${dtype} is of type ${row.array}, not ${array}`);
  const entries = elementCount(shape) * (row.kind === "complex" ? 2 : 1);
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

/** TensorFlow refuses shapes whose product passes this before a zero ends it, and stores `[0, 2^31, 2^31]`. */
const MAX_PRODUCT = 2 ** 63;

/**
 * Elements of a shape that may come from a hostile file: `undefined` where a dimension is no whole number from 0 up, or where
 * there are 2^53 or more.
 */
export function checkedElementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 0) return undefined;
    count *= dim;
    if (count >= MAX_PRODUCT) return undefined;
  }
  return count <= Number.MAX_SAFE_INTEGER ? count : undefined;
}

/** Bytes of a tensor where it is stored whole; for strings and variants, of the elements alone. */
export function byteLength(tensor: Tensor): number {
  if (tensor.dtype !== "string" && tensor.dtype !== "variant") return tensor.data.byteLength;
  return tensor.data.reduce((sum, element) => sum + element.length, 0);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The elements of a string tensor as text. Throws a `TypeError` for one that is not valid UTF-8: it holds other bytes. */
export function toText(tensor: Tensor<"string">): string[] {
  return tensor.data.map((bytes, index) => {
    try {
      return UTF8.decode(bytes);
    } catch (cause) {
      throw new TypeError(`element ${index} is not UTF-8: data has its bytes`, { cause });
    }
  });
}
