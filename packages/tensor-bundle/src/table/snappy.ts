/// <reference path="./snappyjs.d.ts" />
import { ByteReader, CorruptError, type Place } from "@modelbytes/bytes";
import { SnappyDecompressor } from "snappyjs/snappy_decompressor.js";

/**
 * A Snappy stream begins with the length of what it decompresses to, as a varint, so the memory is known before it is taken.
 * snappyjs is lenient with streams that lie, hence the checks here; the block's CRC has held before.
 */

/** Snappy cannot shrink data more than this: 64 bytes from a copy of three. */
const LARGEST_RATIO = 22;

/** Decompresses a block. Throws a `CorruptError` where it is no Snappy stream. */
export function uncompress(block: Uint8Array, place: Place): Uint8Array {
  const length = new ByteReader(block, place).varint32();
  if (length > block.length * LARGEST_RATIO) {
    const reason = `a Snappy block of ${block.length} bytes claims to hold ${length}, more than Snappy can do`;
    throw new CorruptError("snappy", reason, place);
  }
  const stream = new SnappyDecompressor(block);
  const bytes = new Uint8Array(length);
  if (stream.readUncompressedLength() === length && stream.uncompressToBuffer(bytes)) return bytes;
  throw new CorruptError("snappy", "a block is no valid Snappy stream", place);
}
