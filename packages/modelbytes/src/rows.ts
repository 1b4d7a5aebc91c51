import type { WaitOptions } from "@modelbytes/bytes";
import {
  DTYPES,
  elementCount,
  type FixedDType,
  type LazyTensor,
  type Selection,
  type TensorInPieces,
  toBytes,
} from "@modelbytes/tensor";

/** Bytes of rows that are in memory at once. */
export const PART_BYTES: number = 2 ** 25;

/**
 * The parts of a tensor one after another, of so many rows that they take about 32 MiB; of rows, or of what is in them, where one is
 * larger. `undefined` is all of it.
 */
export function rowSelections({ dtype, shape }: Pick<LazyTensor, "dtype" | "shape">): (Selection | undefined)[] {
  const { itemsize } = DTYPES[dtype];
  if (elementCount(shape) * itemsize <= PART_BYTES) return [undefined];
  const axis = shape.findIndex((_, at) => elementCount(shape.slice(at + 1)) * itemsize <= PART_BYTES);
  const [size = 1, ...inner] = shape.slice(axis);
  const step = Math.max(1, Math.floor(PART_BYTES / (elementCount(inner) * itemsize)));
  const parts = Math.ceil(size / step);
  const outer = shape.slice(0, axis);
  return Array.from({ length: elementCount(outer) * parts }, (_, number) => {
    const from = (number % parts) * step;
    const along = placeOf(Math.floor(number / parts), outer).map((at) => [at, at + 1] as const);
    return [...along, [from, Math.min(size, from + step)] as const];
  });
}

/** The indices of the element of a number, row-major. */
function placeOf(number: number, shape: readonly number[]): number[] {
  let rest = number;
  return shape
    .toReversed()
    .map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    })
    .reverse();
}

/** The bytes of a tensor of fixed length, row-major and little-endian, read some rows at a time. */
export async function* rowBytes(tensor: LazyTensor, { signal }: WaitOptions): AsyncGenerator<Uint8Array> {
  for (const select of rowSelections(tensor)) {
    const part = await tensor.read({ select, signal });
    if (part.dtype !== "string" && part.dtype !== "variant") yield toBytes(part);
  }
}

/** Whether elements of a dtype all take the same number of bytes. */
export function isFixed<T extends LazyTensor>(tensor: T): tensor is T & { readonly dtype: FixedDType } {
  return tensor.dtype !== "string" && tensor.dtype !== "variant";
}

/** A tensor of fixed length as bytes that are read as they are asked for, and anew each time. */
export function inPieces(tensor: LazyTensor & { readonly dtype: FixedDType }, options: WaitOptions): TensorInPieces {
  const { dtype, shape } = tensor;
  return { dtype, shape, pieces: { [Symbol.asyncIterator]: () => rowBytes(tensor, options) } };
}

/** A tensor that a writer may read as a whole, or where it is large in pieces. */
export function inParts(tensor: LazyTensor, options: WaitOptions): LazyTensor | TensorInPieces {
  return isFixed(tensor) && rowSelections(tensor).length > 1 ? inPieces(tensor, options) : tensor;
}
