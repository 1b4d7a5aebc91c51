import { ByteReader, CorruptError, MAX_VARINT_BYTES } from "@modelbytes/bytes";
import type { Chunk } from "./chunk.ts";
import { type Decompressors, decompressPart } from "./decompress.ts";

/**
 * The data of a chunk of records:
 *
 *     compression u8 │ varint: bytes of the sizes, compressed │ sizes: a varint per record │ values: the records side by side
 *
 * Source: doc/riegeli_records_file_format.md in github.com/google/riegeli.
 */

/** The records of a chunk: views of its data, or of what that decompresses to. Throws errors without a place. */
export function decodeSimpleChunk(chunk: Chunk, decompressors: Decompressors): Uint8Array[] {
  const { recordCount, decodedSize } = chunk;
  const data = new ByteReader(chunk.data);
  const compression = data.uint8();
  const sizesPart = data.view(data.varint());
  const valuesPart = data.view(data.remaining);
  const holdsSizes = (size: number) => size >= recordCount && size <= recordCount * MAX_VARINT_BYTES;
  const sizes = new ByteReader(decompressPart(compression, sizesPart, holdsSizes, decompressors));
  const holdsValues = (size: number) => BigInt(size) === decodedSize;
  const values = new ByteReader(decompressPart(compression, valuesPart, holdsValues, decompressors));
  const records = Array.from({ length: recordCount }, () => values.view(sizes.varint()));
  if (sizes.remaining > 0 || values.remaining > 0) {
    throw new CorruptError("record-sizes", `the ${recordCount} records of a chunk do not fill it`);
  }
  return records;
}
