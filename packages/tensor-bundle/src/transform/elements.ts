import {
  cast,
  castPieces,
  DTYPES,
  elementCount,
  type FloatDType,
  fromBytes,
  type Move,
  type Region,
  runs,
  type Tensor,
  type TensorInPieces,
} from "@modelbytes/tensor";
import { isInPieces } from "../part.ts";
import { PieceReader } from "../pieces.ts";
import { onlyRun, regionMove, regionTensor } from "./cut.ts";

/**
 * The elements of a part, of which others are made. Of a tensor in pieces there is one piece in memory at a time, as long as what is
 * made are casts, or regions whose bytes lie one behind another, such as rows:
 *
 *     pieces     │    0    │    1    │    2    │    3    │
 *     regions    ╰── 0 ──╯╰── 1 ──╯╰── 2 ──╯╰── 3 ──╯
 *
 * For other regions, such as columns, what is left of the tensor is held from the first of them on.
 */
export class Elements {
  readonly #tensor: Tensor | TensorInPieces;
  #reader: PieceReader | undefined;
  /** Where the regions begin that have not been given yet, in bytes. */
  #left = 0;
  /** The bytes from `#left` on, once they are held. */
  #held: Uint8Array | undefined;

  constructor(tensor: Tensor | TensorInPieces) {
    this.#tensor = tensor;
  }

  /** All of them in another dtype. Throws a `TypeError` for those that are no floats. */
  cast(dtype: FloatDType): Tensor | TensorInPieces {
    const tensor = this.#tensor;
    return isInPieces(tensor) ? castPieces(tensor, dtype) : cast(tensor, dtype);
  }

  /** A region as a tensor of its own. Pieces pass once: it has to be used before the next region is asked for. */
  async region(region: Region): Promise<Tensor | TensorInPieces> {
    const tensor = this.#tensor;
    if (!isInPieces(tensor)) return regionTensor(tensor, region);
    const { dtype, shape, pieces } = tensor;
    const { itemsize } = DTYPES[dtype];
    this.#reader ??= new PieceReader(pieces, elementCount(shape) * itemsize);
    const move = regionMove(shape, region);
    const only = onlyRun(move);
    if (only !== undefined && this.#held === undefined) {
      this.#left = (only.from + only.length) * itemsize;
      return { dtype, shape: region.count, pieces: this.#reader.bytes(only.from * itemsize, this.#left) };
    }
    this.#held ??= await this.#reader.rest(this.#left);
    return fromBytes(dtype, region.count, movedOut(move, this.#held, this.#left, itemsize));
  }

  /** To be called when no more is asked for. */
  async close(): Promise<void> {
    await this.#reader?.close();
  }
}

/** The bytes of a region of an array of which `held` has those from `start` on. */
function movedOut(move: Move, held: Uint8Array, start: number, itemsize: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(elementCount(move.count) * itemsize);
  for (const { from, to, length } of runs(move)) {
    const at = from * itemsize - start;
    bytes.set(held.subarray(at, at + length * itemsize), to * itemsize);
  }
  return bytes;
}
