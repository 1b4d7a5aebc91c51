import { CorruptError, type Place } from "@modelbytes/bytes";
import { highwayHash64 } from "./highway-hash.ts";

/**
 * A riegeli/records file is a sequence of chunks, into which a header of 24 bytes is put at every multiple of 65536 bytes, wherever
 * in a chunk that is. A header between two chunks belongs to the second one, which formally begins with it.
 *
 *     hash u64 of the rest │ previous u64: bytes from the beginning of the chunk to here │ next u64: bytes from here to its end
 *
 * A position is an offset in the file; a size counts bytes without headers.
 *
 * Source: doc/riegeli_records_file_format.md in github.com/google/riegeli.
 */

const BLOCK_BYTES = 65536;
const HEADER_BYTES = 24;
const USABLE_BYTES = BLOCK_BYTES - HEADER_BYTES;

/** The position behind `size` bytes that begin at `position`. A header that comes right behind them is not counted. */
export function positionAfter(position: number, size: number): number {
  const headers = Math.floor((size + ((position + USABLE_BYTES - 1) % BLOCK_BYTES)) / USABLE_BYTES);
  return position + size + headers * HEADER_BYTES;
}

/** Where the next chunk begins. A chunk has at least as many bytes as records, and none begins in or right behind a header. */
export function chunkEnd(begin: number, size: number, recordCount: number): number {
  const atLeast = begin + recordCount;
  const inBlock = atLeast % BLOCK_BYTES;
  const possible = inBlock > 0 && inBlock <= HEADER_BYTES ? atLeast - inBlock + HEADER_BYTES + 1 : atLeast;
  return Math.max(positionAfter(begin, size), possible);
}

/** `size` bytes that begin at `position`, without the headers between them. Where there are none it is a view of the file. */
export function readAcross(file: Uint8Array, position: number, size: number): Uint8Array {
  const end = positionAfter(position, size);
  let start = position % BLOCK_BYTES === 0 ? position + HEADER_BYTES : position;
  if (end - start <= size) return file.subarray(start, end);
  const joined = new Uint8Array(size);
  for (let filled = 0; filled < size; ) {
    const stop = Math.min(end, start - (start % BLOCK_BYTES) + BLOCK_BYTES);
    joined.set(file.subarray(start, stop), filled);
    filled += stop - start;
    start = stop + HEADER_BYTES;
  }
  return joined;
}

/** Checks the headers that are in the chunk from `begin` to `end`. Throws a `CorruptError` for one that does not fit. */
export function checkBlockHeaders(file: Uint8Array, begin: number, end: number, place: Place): void {
  for (let at = Math.ceil(begin / BLOCK_BYTES) * BLOCK_BYTES; at < end; at += BLOCK_BYTES) {
    const view = new DataView(file.buffer, file.byteOffset + at, HEADER_BYTES);
    if (highwayHash64(file.subarray(at + 8, at + HEADER_BYTES)) !== view.getBigUint64(0, true)) {
      throw new CorruptError("block-header-checksum", "the checksum of a block header does not hold", {
        ...place,
        offset: at,
      });
    }
    const previous = view.getBigUint64(8, true);
    const next = view.getBigUint64(16, true);
    if (previous !== BigInt(at - begin) || next !== BigInt(end - at)) {
      const reason = `a block header puts the chunk around it ${previous} bytes back and ${next} on, where it is ${at - begin} and ${end - at}`;
      throw new CorruptError("block-header", reason, { ...place, offset: at });
    }
  }
}
