import { CorruptError, type Place } from "@modelbytes/bytes";
import { checkBlockHeaders, chunkEnd, positionAfter, readAcross } from "./blocks.ts";
import { highwayHash64 } from "./highway-hash.ts";

/**
 * A chunk of a riegeli/records file. Block headers (blocks.ts) may come anywhere between its bytes.
 *
 *     header hash u64 │ data size u64 │ data hash u64 │ type u8 │ records u56 │ decoded size u64 │ data │ padding
 *
 * Padding is there so that a chunk has at least as many bytes as records: its position plus the index of a record in it is then a
 * number that no other record of the file has.
 *
 * Source: doc/riegeli_records_file_format.md in github.com/google/riegeli.
 */
export interface Chunk {
  /** Its position in the file. */
  readonly begin: number;
  /** The position of the next one. */
  readonly end: number;
  /** A letter: `s` signature, `m` metadata of the file, `p` padding, `r` records, `t` records transposed. */
  readonly type: string;
  readonly recordCount: number;
  /** Bytes of all records together. */
  readonly decodedSize: bigint;
  readonly data: Uint8Array;
}

const HEADER_BYTES = 40;

/** The chunk at `begin`, all of whose checksums hold. Throws a `CorruptError` that says which one does not. */
export function readChunk(file: Uint8Array, begin: number, place: Place): Chunk {
  const corrupt = (code: string, reason: string) => new CorruptError(code, reason, { ...place, offset: begin });
  const dataBegin = positionAfter(begin, HEADER_BYTES);
  if (dataBegin > file.length) throw corrupt("truncated", "the file ends inside the header of a chunk");
  const bytes = readAcross(file, begin, HEADER_BYTES);
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (highwayHash64(bytes.subarray(8)) !== header.getBigUint64(0, true)) {
    throw corrupt("chunk-header-checksum", "the checksum of a chunk's header does not hold");
  }
  const dataSize = header.getBigUint64(8, true);
  const recordCount = header.getBigUint64(24, true) >> 8n;
  const most = BigInt(file.length);
  if (dataSize > most || recordCount > most) {
    throw corrupt("truncated", `a chunk of ${dataSize} bytes and ${recordCount} records does not fit the file`);
  }
  const size = Number(dataSize);
  const end = chunkEnd(begin, HEADER_BYTES + size, Number(recordCount));
  if (end > file.length) throw corrupt("truncated", `a chunk ends at byte ${end}, and the file at ${file.length}`);
  checkBlockHeaders(file, begin, end, place);
  const data = readAcross(file, dataBegin, size);
  if (highwayHash64(data) !== header.getBigUint64(16, true)) {
    throw corrupt("chunk-data-checksum", `the checksum of the ${size} bytes of a chunk does not hold`);
  }
  return {
    begin,
    end,
    type: String.fromCharCode(header.getUint8(24)),
    recordCount: Number(recordCount),
    decodedSize: header.getBigUint64(32, true),
    data,
  };
}
