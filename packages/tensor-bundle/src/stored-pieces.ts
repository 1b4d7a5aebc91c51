import type { WaitOptions } from "@modelbytes/bytes";
import { inOrder, type Task } from "@modelbytes/bytes";
import { DTYPES, isVarying, type TensorInPieces } from "@modelbytes/tensor";
import { crc32c } from "./crc32c/crc32c.ts";

import { checkOf, type PayloadCheck } from "./payload-check.ts";
import { swappedPieces } from "./pieces.ts";
import type { Item } from "./plan.ts";
import type { Shards } from "./shards.ts";

/** The most bytes of a tensor that are read at once, where it can be read in pieces. */
const LARGEST_HELD = 2 ** 26;

/** How tensors are read in pieces. */
export interface PieceOptions extends WaitOptions {
  readonly bigEndian: boolean;
  /** Whether the checksums are to hold: where they do not, the last piece is not given. */
  readonly checksum: boolean;
  /** Called for the bytes of each piece. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * The tensor of an item, if it is large and its elements are of whole bytes, always as many. It is read as the pieces are asked for, and anew each
 * time they are iterated. `partsOf` gives the items whose bytes are the tensor's, one behind another, if there are any.
 */
export function storedPieces(
  item: Item,
  partsOf: (item: Item) => readonly Item[],
  shards: Shards,
  options: PieceOptions,
): TensorInPieces | undefined {
  const { dtype, shape } = item.entry;
  if (item.size <= LARGEST_HELD || isVarying(dtype) || DTYPES[dtype].bits < 8) return undefined;
  const parts = partsOf(item);
  if (parts.length === 0) return undefined;
  const { unit } = DTYPES[dtype];
  const stored = { [Symbol.asyncIterator]: () => readPieces(parts, shards, options) };
  if (!options.bigEndian || unit === 1) return { dtype, shape, pieces: stored };
  return { dtype, shape, pieces: { [Symbol.asyncIterator]: () => swappedPieces(stored, unit) } };
}

/** Bytes of a piece. */
const PIECE_BYTES = 2 ** 22;

/** One piece is used while two are read. */
const CONCURRENCY = 3;

interface ReadPiece {
  readonly item: Item;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the item ends with it. */
  readonly isLast: boolean;
}

async function* readPieces(
  items: readonly Item[],
  shards: Shards,
  { bigEndian, checksum, signal, onBytes }: PieceOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const limits = { concurrency: CONCURRENCY, bytes: Number.POSITIVE_INFINITY, signal };
  let check: PayloadCheck | undefined;
  for await (const { item, bytes, isLast } of inOrder(readings(items, shards), limits)) {
    signal?.throwIfAborted();
    if (checksum) {
      check ??= checkOf(item.entry, bigEndian, shards.place(item.entry, item.name));
      check.push({ bytes, crc32c: (start, end, crc) => crc32c(bytes.subarray(start, end), crc) }, 0, bytes.length);
      if (isLast) check.finish();
      if (isLast) check = undefined;
    }
    onBytes(bytes.length);
    yield bytes;
  }
}

function* readings(items: readonly Item[], shards: Shards): Generator<Task<ReadPiece>> {
  const buffers = Array.from({ length: CONCURRENCY }, () => new Uint8Array(PIECE_BYTES));
  let turn = 0;
  for (const item of items) {
    const { name, shardId, offset, size } = item;
    for (let start = 0; start < size; start += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, size - start);
      const scratch = buffers[turn++ % buffers.length];
      yield {
        bytes: length,
        run: async (signal) => {
          const bytes = await shards.read(shardId, offset + start, length, name, { signal, scratch });
          return { item, bytes, isLast: start + length === size };
        },
      };
    }
  }
}
