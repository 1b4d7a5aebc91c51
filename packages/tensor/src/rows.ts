import type { WaitOptions } from "@modelbytes/bytes";
import { DTYPES, type FixedDType, isVarying } from "./dtype.ts";
import type { LazyTensor, TensorInPieces } from "./lazy-tensor.ts";
import type { Selection } from "./selection.ts";
import { elementCount } from "./tensor.ts";
import { toBytes } from "./tensor-bytes.ts";

/**
 * Large tensors some at a time: as their file gives their bytes, or by rows.
 */

/** Bytes of rows that are in memory at once. */
export const PART_BYTES: number = 2 ** 25;

/** A tensor of more bytes is taken in pieces where its file gives them. */
const LARGEST_WHOLE = 2 ** 22;

/**
 * The parts of a tensor one after another, of so many rows that they take at most `partBytes` (32 MiB), a single element aside; of rows,
 * or of what is in them, where one is larger. `undefined` is all of it. They are made as they are asked for: a file may claim any shape.
 */
export function* rowSelections(
  { dtype, shape }: Pick<LazyTensor, "dtype" | "shape">,
  partBytes: number = PART_BYTES,
): Generator<Selection | undefined, void, undefined> {
  const { itemsize } = DTYPES[dtype];
  if (elementCount(shape) * itemsize <= partBytes) {
    yield undefined;
    return;
  }
  const axis = shape.findIndex((_, at) => elementCount(shape.slice(at + 1)) * itemsize <= partBytes);
  const [size = 1, ...inner] = shape.slice(axis);
  const step = Math.max(1, Math.floor(partBytes / (elementCount(inner) * itemsize)));
  const outer = shape.slice(0, axis);
  const rows = elementCount(outer);
  for (let row = 0; row < rows; row++) {
    const along = placeOf(row, outer).map((at) => [at, at + 1] as const);
    for (let from = 0; from < size; from += step) yield [...along, [from, Math.min(size, from + step)] as const];
  }
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

/**
 * The bytes of a tensor of fixed length, row-major and little-endian, read some rows at a time. Throws a `TypeError` where what is read
 * is of another dtype than the tensor.
 */
export async function* rowBytes(
  tensor: Pick<LazyTensor, "dtype" | "shape" | "read">,
  { signal }: WaitOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const select of rowSelections(tensor)) {
    const part = await tensor.read({ select, signal });
    if (part.dtype !== tensor.dtype)
      throw new TypeError(`rows of ${part.dtype} were read of a tensor of ${tensor.dtype}`);
    if (part.dtype !== "string" && part.dtype !== "variant") yield toBytes(part);
  }
}

/** A tensor whose elements all take the same number of bytes. */
export type FixedLazyTensor = LazyTensor & { readonly dtype: FixedDType };

/** Whether elements of a tensor all take the same number of bytes. */
export function isFixed<T extends LazyTensor>(tensor: T): tensor is T & FixedLazyTensor {
  return !isVarying(tensor.dtype);
}

/**
 * A tensor of fixed length as bytes that are read as they are asked for, and anew each time: as its file gives them, which checks what
 * checksums it has, else some rows at a time.
 */
export function inPieces(tensor: FixedLazyTensor, options: WaitOptions = {}): TensorInPieces {
  const { dtype, shape } = tensor;
  const own = tensor.inPieces?.(options);
  return own ?? { dtype, shape, pieces: { [Symbol.asyncIterator]: () => rowBytes(tensor, options) } };
}

/** A tensor as a writer takes it, who has no more than a few MiB of it in memory: in pieces where it is large, else as it is. */
export function inParts(tensor: LazyTensor, options: WaitOptions = {}): LazyTensor | TensorInPieces {
  if (!isFixed(tensor)) return tensor;
  const size = elementCount(tensor.shape) * DTYPES[tensor.dtype].itemsize;
  const isLarge = tensor.inPieces === undefined ? size > PART_BYTES : size > LARGEST_WHOLE;
  return isLarge ? inPieces(tensor, options) : tensor;
}
