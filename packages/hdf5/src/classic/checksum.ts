import type { MetadataReader } from "./metadata-reader.ts";

/**
 * Jenkins's lookup3 hash ("hashlittle", initial value 0), which newer HDF5 structures end with: four bytes over all before them.
 * http://burtleburtle.net/bob/c/lookup3.c
 */
export function lookup3(bytes: Uint8Array): number {
  let a = (0xdeadbeef + bytes.length) | 0;
  let b = a;
  let c = a;
  let at = 0;
  let left = bytes.length;
  for (; left > 12; left -= 12, at += 12) {
    a = (a + word(bytes, at)) | 0;
    b = (b + word(bytes, at + 4)) | 0;
    c = (c + word(bytes, at + 8)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (left === 0) return c >>> 0;
  a = (a + word(bytes, at)) | 0; // bytes beyond the end count as zero
  b = (b + word(bytes, at + 4)) | 0;
  c = (c + word(bytes, at + 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Bytes of a checksum. */
export const CHECKSUM_BYTES = 4;

/**
 * Checks that the last four of the reader's bytes are the checksum of those before. Throws a `CorruptError`
 * (`"metadata-checksum"`) otherwise.
 */
export function verifyChecksum(reader: MetadataReader, what: string): void {
  const end = reader.end - CHECKSUM_BYTES;
  if (end < 0) throw reader.corruptPiece("truncated", `${what} is too short for its checksum`);
  const stored = word(reader.bytes, end) >>> 0;
  if (lookup3(reader.bytes.subarray(0, end)) === stored) return;
  throw reader.corruptPiece("metadata-checksum", `the checksum of ${what} does not hold`);
}
