import { cast, type FloatDType } from "./cast.ts";
import { DTYPES } from "./dtype.ts";
import type { TensorInPieces } from "./lazy-tensor.ts";
import { fromBytes, toBytes } from "./tensor-bytes.ts";

/** The bytes of a tensor, one after another, in pieces that may be cut anywhere. */
export type Pieces = TensorInPieces["pieces"];

/** The most bytes that are cut to elements at once, whatever the pieces. */
const LARGEST_CUT = 2 ** 20;

/**
 * The bytes in pieces of `count` elements, the last of fewer: memory aligned for every dtype, used again for the next. By default they
 * are as many as 1 MiB holds. Throws a `RangeError` where bytes are left that make up no element.
 */
export async function* wholeElements(
  pieces: Pieces,
  itemsize: number,
  count: number = Math.floor(LARGEST_CUT / itemsize),
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const memory = new Uint8Array(count * itemsize);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const taken = Math.min(piece.length - at, memory.length - filled);
      memory.set(piece.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      if (filled < memory.length) continue;
      yield memory;
      filled = 0;
    }
  }
  if (filled % itemsize > 0) throw new RangeError(`the pieces end inside an element of ${itemsize} bytes`);
  if (filled > 0) yield memory.subarray(0, filled);
}

/** A tensor of floats in another dtype. Throws a `TypeError`, when its pieces are asked for, where it is not of floats. */
export function castPieces({ dtype: from, shape, pieces }: TensorInPieces, dtype: FloatDType): TensorInPieces {
  const { itemsize } = DTYPES[from];
  async function* casts(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const bytes of wholeElements(pieces, itemsize)) {
      yield toBytes(cast(fromBytes(from, [bytes.length / itemsize], bytes), dtype));
    }
  }
  return { dtype, shape, pieces: { [Symbol.asyncIterator]: casts } };
}
