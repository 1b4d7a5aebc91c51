import { CorruptError } from "@modelbytes/bytes";
import { crc32c, unmask } from "../crc32c/crc32c.ts";
import { type BlockEntry, readBlock } from "./block.ts";
import { openBlock, TRAILER_BYTES } from "./trailer.ts";

/**
 * Finds the data blocks of a table whose footer or index block is gone. Blocks follow each other from the first byte on, and where
 * one ends shows without the index:
 *
 *     … entries │ 00 00 00 00 restart … restart │ number of restarts │ 00 │ masked CRC32C │ next block …
 *
 * What looks like this is the end of a block if the checksum holds from where the last one ended. If it does not, the block is
 * damaged, and the next may begin behind. Only raw blocks are found; Snappy was last used in 2017.
 */

/** A block that is whole. */
export interface RecoveredBlock {
  readonly offset: number;
  /** Bytes with the trailer. */
  readonly length: number;
  readonly entries: readonly BlockEntry[];
}

/** The data blocks, and whether what follows them in every table was found: then no block is missing behind the last. */
export interface RecoveredTable {
  readonly blocks: readonly RecoveredBlock[];
  readonly isComplete: boolean;
}

const RESTART_BYTES = 4;

/** Beginnings that are tried for one end. More than one only behind damage. */
const MOST_BEGINNINGS = 8;

/** `file` is the whole table, or what is left of it, from its first byte on. */
export function recoverTable(file: Uint8Array, name: string): RecoveredTable {
  const blocks: RecoveredBlock[] = [];
  let beginnings = [0];
  for (const end of blockEnds(file)) {
    const offset = beginnings.find((start) => start + RESTART_BYTES <= end && holds(file, start, end));
    const next = end + TRAILER_BYTES;
    if (offset === undefined) {
      beginnings = [...beginnings.slice(1 - MOST_BEGINNINGS), next];
      continue;
    }
    beginnings = [next];
    const entries = entriesOf(file.subarray(offset, next), { file: name, offset });
    if (entries === undefined) continue;
    if (isBehindData(entries)) return { blocks, isComplete: true };
    blocks.push({ offset, length: next - offset, entries });
  }
  return { blocks, isComplete: false };
}

/** Offsets at which a trailer stands behind what may be the restarts of a block. */
function* blockEnds(file: Uint8Array): Generator<number> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let end = 2 * RESTART_BYTES; end + TRAILER_BYTES <= file.length; end++) {
    if (file[end] !== 0) continue;
    const restarts = end - RESTART_BYTES * (view.getUint32(end - RESTART_BYTES, true) + 1);
    if (restarts >= 0 && restarts < end - RESTART_BYTES && view.getUint32(restarts, true) === 0) yield end;
  }
}

function holds(file: Uint8Array, start: number, end: number): boolean {
  const stored = new DataView(file.buffer, file.byteOffset + end + 1, 4).getUint32(0, true);
  return crc32c(file.subarray(start, end + 1)) === unmask(stored);
}

/** The entries of a block whose checksum holds; `undefined` if it is none nevertheless. */
function entriesOf(stored: Uint8Array, place: { file: string; offset: number }): BlockEntry[] | undefined {
  try {
    return [...readBlock(openBlock(stored, place), place)];
  } catch (error) {
    if (error instanceof CorruptError) return undefined;
    throw error;
  }
}

/**
 * Whether this is the metaindex, which is empty, or the index block: its first value is the handle of the first block, which begins
 * with the offset 0. The values of a bundle begin with the tag 08.
 */
function isBehindData([first]: readonly BlockEntry[]): boolean {
  return first === undefined || first.value[0] === 0;
}
