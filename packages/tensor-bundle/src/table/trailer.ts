import { ByteReader, ByteWriter, CorruptError, type Place } from "@modelbytes/bytes";
import { crc32c, mask, unmask } from "../crc32c/crc32c.ts";
import { uncompress } from "./snappy.ts";

/**
 * The five bytes behind every block on disk.
 *
 *     ┌───────────────────────────┬────────┬──────────────────────────────────────────────┐
 *     │ block as stored           │ type   │ masked CRC32C over the stored block and type │
 *     └───────────────────────────┴────────┴──────────────────────────────────────────────┘
 *       type 0: the block itself    type 1: the block compressed with Snappy
 *
 * TensorFlow writes type 0 since 1.2; older builds with Snappy wrote type 1.
 */
export const TRAILER_BYTES = 5;

const RAW = 0;
const SNAPPY = 1;

/** A block's contents, checked and decompressed. */
export interface BlockContents {
  readonly bytes: Uint8Array;
  /** Whether offsets inside `bytes` are offsets in the file. */
  readonly compressed: boolean;
}

/** `stored` is a block and its trailer. Throws a `CorruptError` where the checksum does not hold or the type is unknown. */
export function openBlock(stored: Uint8Array, place: Place): BlockContents {
  const trailer = new ByteReader(stored, place);
  const size = stored.length - TRAILER_BYTES;
  trailer.skip(size);
  const type = trailer.uint8();
  const expected = unmask(trailer.uint32());
  const actual = crc32c(stored.subarray(0, size + 1));
  if (actual !== expected) {
    const reason = `a block of ${size} bytes is damaged: its CRC32C is ${hex(actual)}, the file says ${hex(expected)}`;
    throw new CorruptError("block-checksum", reason, place);
  }
  const block = stored.subarray(0, size);
  if (type === RAW) return { bytes: block, compressed: false };
  if (type === SNAPPY) return { bytes: uncompress(block, place), compressed: true };
  throw new CorruptError("block-type", `a block has the type ${type}; 0 (raw) and 1 (Snappy) are known`, place);
}

/** The trailer of a raw block. */
export function encodeTrailer(block: Uint8Array): Uint8Array<ArrayBuffer> {
  const checksum = mask(crc32c(Uint8Array.of(RAW), crc32c(block)));
  return new ByteWriter().uint8(RAW).uint32(checksum).finish();
}

/** A checksum as people compare it. */
export function hex(checksum: number): string {
  return `0x${checksum.toString(16).padStart(8, "0")}`;
}
