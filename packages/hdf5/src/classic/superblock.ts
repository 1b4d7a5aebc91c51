import { verifyChecksum } from "./checksum.ts";
import type { MetadataReader, Widths } from "./metadata-reader.ts";

/**
 * The superblock, at byte 0, 512, 1024, 2048, … of the file. Versions 0 (h5py) and 1:
 *
 *     0  89 48 44 46 0D 0A 1A 0A       8  version, free space, root entry, 0, shared headers
 *     13 offset size  14 length size   16 leaf K, internal K (u16)   20 flags (u32)   [24 chunk K, 0 (u16): version 1]
 *     24 base A  free space A  end of file A  driver A  root entry: name L, header A, cache type u32, 0, B-tree A, heap A
 *
 * Versions 2 and 3:
 *
 *     9 offset size  10 length size  11 flags  12 base A  extension A  end of file A  root header A  checksum
 */
export interface Superblock extends Widths {
  readonly version: number;
  /** Where the superblock lies in the file, in bytes: every address counts from there. */
  readonly base: number;
  /** The length that the file should have, in bytes from its start. */
  readonly endOfFile: number;
  /** Address of the root group's object header. */
  readonly root: number;
}

/** What an HDF5 file begins with, or what comes after a user block. */
export const SIGNATURE: readonly number[] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Bytes that hold a superblock of any version whose widths are 8 bytes. */
export const SUPERBLOCK_BYTES = 100;

/** Whether the eight bytes at `at` are the signature. */
export function hasSignature(bytes: Uint8Array, at = 0): boolean {
  return SIGNATURE.every((byte, index) => bytes[at + index] === byte);
}

/** Decodes a superblock that begins with its signature. `base` is where it was found. */
export function decodeSuperblock(reader: MetadataReader, base: number): Superblock {
  reader.skip(SIGNATURE.length);
  const version = reader.version("the superblock", 0, 1, 2, 3);
  return version < 2 ? decodeOld(reader, version, base) : decodeNew(reader, version, base);
}

function decodeOld(reader: MetadataReader, version: number, base: number): Superblock {
  reader.skip(4);
  const widths = decodeWidths(reader);
  reader.skip(1 + 2 + 2 + 4 + (version === 1 ? 4 : 0)); // K is not needed: a node says how many children it has
  const { offsetSize, lengthSize } = widths;
  reader.skip(offsetSize); // the base address as written; where the superblock is counts
  reader.skip(offsetSize);
  const endOfFile = reader.uint(offsetSize);
  reader.skip(offsetSize);
  reader.skip(lengthSize);
  const root = reader.uint(offsetSize);
  return { version, base, ...widths, endOfFile, root };
}

function decodeNew(reader: MetadataReader, version: number, base: number): Superblock {
  const widths = decodeWidths(reader);
  reader.skip(1);
  const { offsetSize } = widths;
  reader.skip(2 * offsetSize);
  const endOfFile = reader.uint(offsetSize);
  const root = reader.uint(offsetSize);
  const length = reader.position + 4;
  reader.position = 0;
  verifyChecksum(reader.piece(length), "the superblock");
  return { version, base, ...widths, endOfFile, root };
}

function decodeWidths(reader: MetadataReader): Widths {
  const offsetSize = reader.uint8();
  const lengthSize = reader.uint8();
  for (const size of [offsetSize, lengthSize]) {
    if (size !== 4 && size !== 8) throw reader.unsupported("width", `addresses or lengths of ${size} bytes`);
  }
  return { offsetSize, lengthSize };
}
