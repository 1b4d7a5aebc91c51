import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { decodeMessage } from "../decode.ts";
import { type ChunkedMessage, type ChunkInfo, ChunkMetadata } from "../messages/chunk.ts";
import type { Decompressors } from "./decompress.ts";
import { type RiegeliRecord, readRecords } from "./records.ts";

/**
 * A message in pieces, as it is in a `.cpb` file: TensorFlow cuts what is too large for one protocol buffer.
 *
 *     riegeli/records   the chunks, in any order, and then ChunkMetadata
 *     ChunkMetadata     1 version   2 chunks { 1 type   2 size   3 offset: position of the record } …   3 message
 *     ChunkedMessage    1 chunk_index   2 chunked_fields { 1 field_tag …   3 message ChunkedMessage } …
 *
 * A ChunkedMessage says which chunk holds a message, and where in this message others belong (path.ts).
 *
 * Source: tensorflow/tools/proto_splitter/{chunk.proto,merge.cc,split.py}.
 */
export interface ChunkedFile {
  readonly metadata: ChunkMetadata;
  /** One for each of `metadata.chunks`: a message, or the bytes of a field. */
  readonly chunks: readonly Uint8Array[];
}

/** The version of putting together that is done here; TensorFlow knows no other. */
const JOIN_VERSION = 0;

/**
 * Reads a `.cpb` file. That each chunk is there, has the size it should have and is used at most once has been checked then.
 *
 * Throws a `CorruptError` or an `UnsupportedError`, as `readRecords` does and for metadata that contradict the records.
 */
export function readChunkedFile(file: Uint8Array, decompressors: Decompressors = {}, place: Place = {}): ChunkedFile {
  const records = readRecords(file, decompressors, place);
  const last = records.pop();
  if (last === undefined) throw new CorruptError("chunk-metadata", "the file holds no records", place);
  const here = { ...place, offset: last.position };
  const metadata = decodeMetadata(last.bytes, here);
  const { joinVersion = 0 } = metadata.version ?? {};
  if (joinVersion > JOIN_VERSION) {
    const reason = `the chunks want to be put together by version ${joinVersion}, and ${JOIN_VERSION} is known`;
    throw new UnsupportedError("chunk-metadata", reason, here);
  }
  const chunks = chunksOf(records, metadata.chunks, here);
  if (metadata.message !== undefined) checkUses(metadata.message, chunks.length, here);
  return { metadata, chunks };
}

function decodeMetadata(bytes: Uint8Array, place: Place): ChunkMetadata {
  try {
    return decodeMessage(ChunkMetadata, bytes);
  } catch (cause) {
    if (!(cause instanceof CorruptError)) throw cause;
    const reason = `the last record should list the chunks, and does not, as if the file were cut off: ${cause.reason}`;
    throw new CorruptError("chunk-metadata", reason, { ...place, cause });
  }
}

function chunksOf(records: readonly RiegeliRecord[], infos: readonly ChunkInfo[], place: Place): Uint8Array[] {
  if (infos.length !== records.length) {
    const reason = `the last record lists ${infos.length} chunks where ${records.length} come before it, as if the file were cut off`;
    throw new CorruptError("chunk-metadata", reason, place);
  }
  const byPosition = new Map(records.map(({ position, bytes }) => [BigInt(position), bytes]));
  return infos.map(({ offset, size }, index) => {
    const bytes = byPosition.get(offset);
    if (bytes === undefined || BigInt(bytes.length) !== size) {
      const found = bytes === undefined ? "no record" : `one of ${bytes.length} bytes`;
      const reason = `chunk ${index} should be the record of ${size} bytes at ${offset}, where there is ${found}`;
      throw new CorruptError("chunk-metadata", reason, place);
    }
    return bytes;
  });
}

/** A chunk that were used again and again would make a small file a huge message. */
function checkUses(message: ChunkedMessage, count: number, place: Place): void {
  const used = new Set<bigint>();
  const visit = ({ chunkIndex, chunkedFields }: ChunkedMessage) => {
    if (chunkIndex !== undefined) {
      if (chunkIndex >= count || used.has(chunkIndex)) {
        const what = chunkIndex >= count ? `is not there: there are ${count}` : "is used twice";
        throw new CorruptError("chunk-metadata", `chunk ${chunkIndex} ${what}`, place);
      }
      used.add(chunkIndex);
    }
    for (const { message: inner } of chunkedFields) if (inner !== undefined) visit(inner);
  };
  visit(message);
}
