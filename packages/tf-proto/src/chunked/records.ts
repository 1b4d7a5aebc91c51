import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { type Chunk, readChunk } from "./chunk.ts";
import type { Decompressors } from "./decompress.ts";
import { decodeSimpleChunk } from "./simple-chunk.ts";

/** A record of a riegeli/records file: any bytes. */
export interface RiegeliRecord {
  /** What it is known by: the position of its chunk in the file plus its index in the chunk. */
  readonly position: number;
  /** A view of the file, if nothing is compressed and no block header comes in between. */
  readonly bytes: Uint8Array;
}

/** Types of chunks that hold records. */
const SIMPLE = "r";
const TRANSPOSED = "t";

/** What every file begins with: a block header and a chunk of the type `s`, which has no data. */
const SIGNATURE = [
  [0x83, 0xaf, 0x70, 0xd1, 0x0d, 0x88, 0x4a, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0],
  [0x40, 0, 0, 0, 0, 0, 0, 0, 0x91, 0xba, 0xc2, 0x3c, 0x92, 0x87, 0xe1, 0xa9],
  [0, 0, 0, 0, 0, 0, 0, 0, 0xe1, 0x9f, 0x13, 0xc0, 0xe9, 0xb1, 0xc3, 0x72],
  [0x73, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
].flat();

/**
 * All records of a riegeli/records file. Every checksum is checked, and every size before memory is taken for it.
 *
 * Throws a `CorruptError` for damage, an `UnsupportedError` for transposed chunks, which TensorFlow does not write, and for a
 * compression whose decompressor was not given. Each names the byte where the chunk, or the block header, begins.
 */
export function readRecords(file: Uint8Array, decompressors: Decompressors = {}, place: Place = {}): RiegeliRecord[] {
  if (SIGNATURE.some((byte, at) => file[at] !== byte)) {
    const reason = "the file does not begin as all riegeli/records files do, so it is none, or damaged";
    throw new CorruptError("riegeli-signature", reason, { ...place, offset: 0 });
  }
  const records: RiegeliRecord[] = [];
  for (let begin = SIGNATURE.length; begin < file.length; ) {
    const chunk = readChunk(file, begin, place);
    for (const [index, bytes] of recordsOf(chunk, decompressors, { ...place, offset: begin }).entries()) {
      records.push({ position: begin + index, bytes });
    }
    begin = chunk.end;
  }
  return records;
}

/** The records of a chunk of any type. Those that hold none, such as metadata and padding, are passed over. */
function recordsOf(chunk: Chunk, decompressors: Decompressors, place: Place): readonly Uint8Array[] {
  const { type, recordCount } = chunk;
  if (type !== SIMPLE) {
    if (recordCount === 0) return [];
    const what = type === TRANSPOSED ? "transposed" : `a chunk of the unknown type ${JSON.stringify(type)}`;
    throw new UnsupportedError("chunk-type", `${recordCount} records are ${what}, which is not read`, place);
  }
  try {
    return decodeSimpleChunk(chunk, decompressors);
  } catch (cause) {
    if (cause instanceof CorruptError) throw new CorruptError(cause.code, cause.reason, { ...place, cause });
    if (cause instanceof UnsupportedError) throw new UnsupportedError(cause.code, cause.reason, place);
    throw cause;
  }
}
