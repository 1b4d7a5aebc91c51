import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import type { Hdf5Filter } from "../../model.ts";
import { FLETCHER32_BYTES, verifyFletcher32 } from "./fletcher32.ts";
import { inflate } from "./inflate.ts";
import { decodeLzf } from "./lzf.ts";
import { unshuffle } from "./shuffle.ts";

const DEFLATE = 1;
const SHUFFLE = 2;
const FLETCHER32 = 3;
const LZF = 32_000;
const KNOWN: ReadonlySet<number> = new Set([DEFLATE, SHUFFLE, FLETCHER32, LZF]);

/** Throws an `UnsupportedError` (`"filter"`) that names the first filter which this engine does not know. */
export function checkFilters(filters: readonly Hdf5Filter[], place: Place): void {
  const unknown = filters.find(({ id }) => !KNOWN.has(id));
  if (unknown === undefined) return;
  const name = unknown.name === "" ? "" : ` (${unknown.name})`;
  throw new UnsupportedError("filter", `the dataset is stored with filter ${unknown.id}${name}`, place);
}

/**
 * The `length` bytes of a chunk from what is stored: its filters undone from the last to the first, without those that its mask
 * says were skipped. Throws a `CorruptError`, `"chunk-checksum"` or `"chunk-data"`; nothing that is not exact is given.
 */
export async function decodeChunk(
  stored: Uint8Array<ArrayBuffer>,
  filters: readonly Hdf5Filter[],
  mask: number,
  length: number,
  place: Place,
): Promise<Uint8Array<ArrayBuffer>> {
  const applied = filters.filter((_, index) => index > 31 || (mask & (1 << index)) === 0);
  const compressions = applied.filter(({ id }) => id === DEFLATE || id === LZF).length;
  // What comes out of one compression is the chunk and its checksums; what comes out of two can be a little longer than that.
  const most = length + FLETCHER32_BYTES * applied.length + (compressions > 1 ? 1024 + (length >> 3) : 0);
  let bytes = stored;
  for (const filter of applied.toReversed()) bytes = await undo(filter, bytes, most, place);
  if (bytes.length === length) return bytes;
  const reason = `a chunk of ${length} bytes gave ${bytes.length}`;
  throw new CorruptError("chunk-data", reason, place);
}

async function undo(
  { id, name, values }: Hdf5Filter,
  bytes: Uint8Array<ArrayBuffer>,
  most: number,
  place: Place,
): Promise<Uint8Array<ArrayBuffer>> {
  switch (id) {
    case SHUFFLE:
      return unshuffle(bytes, values[0] ?? 1);
    case FLETCHER32: {
      const data = verifyFletcher32(bytes);
      if (data !== undefined) return data;
      throw new CorruptError("chunk-checksum", "the checksum of a chunk does not hold", place);
    }
    case LZF:
      return sound(decodeLzf(bytes, most), name, place);
    default: {
      const inflated = inflate(bytes, most).catch((cause: unknown) => {
        throw new CorruptError("chunk-data", `the ${name} data of a chunk is damaged`, { ...place, cause });
      });
      return sound(await inflated, name, place);
    }
  }
}

function sound(bytes: Uint8Array<ArrayBuffer> | undefined, name: string, place: Place): Uint8Array<ArrayBuffer> {
  if (bytes !== undefined) return bytes;
  throw new CorruptError("chunk-data", `the ${name} data of a chunk is damaged, or is longer than the chunk`, place);
}
