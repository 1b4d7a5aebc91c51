import { inOrder, type Task, type WaitOptions } from "@modelbytes/bytes";
import { DTYPES, type FixedDType, type TensorInPieces } from "@modelbytes/tensor";
import type { Buffers } from "./buffers.ts";
import { type Crc32cBuffer, combine } from "./crc32c/crc32c.ts";
import { checkCrc, pieceOf } from "./payload-check.ts";
import { swappedPieces } from "./pieces.ts";
import type { Item } from "./plan.ts";
import type { Shards } from "./shards.ts";

/** Bytes of a piece. */
export const PIECE_BYTES: number = 2 ** 21;

/** One piece is used while two are read. */
const CONCURRENCY = 3;

/** How tensors are read in pieces. */
export interface PieceOptions extends WaitOptions {
  readonly bigEndian: boolean;
  /** Whether the checksums are to hold: where they do not, the last piece is not given. */
  readonly checksum: boolean;
  /** Called for the bytes of each piece. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Reads the bytes of tensors some at a time, in memory that does not grow with them. */
export class StoredPieces {
  readonly #shards: Shards;
  readonly #buffers: Buffers;

  constructor(shards: Shards, buffers: Buffers) {
    this.#shards = shards;
    this.#buffers = buffers;
  }

  /** A tensor whose bytes are those of `items`, one behind another. It is read as its pieces are asked for, each time anew. */
  tensor(dtype: FixedDType, shape: readonly number[], items: readonly Item[], options: PieceOptions): TensorInPieces {
    const { unit, bits } = DTYPES[dtype];
    const stored = { [Symbol.asyncIterator]: () => this.bytes(items, options) };
    if (bits < 8) return { dtype, shape, pieces: { [Symbol.asyncIterator]: () => maskedPieces(stored, bits) } };
    if (!options.bigEndian || unit === 1) return { dtype, shape, pieces: stored };
    return { dtype, shape, pieces: { [Symbol.asyncIterator]: () => swappedPieces(stored, unit) } };
  }

  /** The bytes of `items` as they are stored, one behind another. A piece is good until the next is asked for. */
  async *bytes(items: readonly Item[], options: PieceOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const { checksum, signal, onBytes } = options;
    const buffers = Array.from({ length: CONCURRENCY }, () => this.#buffers.borrow(PIECE_BYTES));
    const limits = { concurrency: CONCURRENCY, bytes: Number.POSITIVE_INFINITY, signal };
    let crc = 0;
    try {
      for await (const { item, bytes, crc32c, isLast } of inOrder(this.#readings(items, buffers, checksum), limits)) {
        signal?.throwIfAborted();
        crc = combine(crc, crc32c, bytes.length);
        if (isLast && checksum) checkCrc(crc, item.entry, this.#shards.place(item.entry, item.name));
        if (isLast) crc = 0;
        onBytes?.(bytes.length);
        yield bytes;
      }
    } finally {
      this.#buffers.giveBack(...buffers); // no read is under way any more: inOrder has waited for all
    }
  }

  *#readings(items: readonly Item[], buffers: readonly Crc32cBuffer[], checksum: boolean): Generator<Task<ReadPiece>> {
    let turn = 0;
    for (const item of items) {
      const { name, shardId, offset, size } = item;
      for (let start = 0; start < size; start += PIECE_BYTES) {
        const length = Math.min(PIECE_BYTES, size - start);
        const buffer = buffers[turn++ % buffers.length];
        const run = async (signal: AbortSignal) => {
          const options = { signal, scratch: buffer?.bytes };
          const bytes = await this.#shards.read(shardId, offset + start, length, name, options);
          // taken now, while the caller is still at the piece before
          const crc32c = checksum ? pieceOf(bytes, buffer).crc32c(0, length, 0) : 0;
          return { item, bytes, crc32c, isLast: start + length === size };
        };
        yield { bytes: length, run };
      }
    }
  }
}

interface ReadPiece {
  readonly item: Item;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of these bytes alone; 0 where nobody wants to know. */
  readonly crc32c: number;
  /** Whether the item ends with them. */
  readonly isLast: boolean;
}

/** Elements of fewer than eight bits with the others cleared. */
async function* maskedPieces(
  pieces: AsyncIterable<Uint8Array>,
  bits: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) yield piece.map((byte) => byte & ((1 << bits) - 1));
}
