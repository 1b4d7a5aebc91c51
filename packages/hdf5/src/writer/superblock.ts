import { ByteWriter } from "@modelbytes/bytes";
import { encodeLink, type LinkEntry } from "./symbol-node.ts";

/**
 * The superblock of version 0, at the start of the file:
 *
 *     signature (8) · versions: superblock, free space, root, 0, shared headers (1 each, all 0) · bytes of an offset, of a length (8, 8)
 *     0 · links that half a symbol node holds (2) · children that half a B-tree node holds (2) · flags (4) · base address (8)
 *     address of the free space, undefined (8) · end of the file (8) · address of the driver block, undefined (8) · link to the root (40)
 */

/** Bytes of the superblock. */
export const SUPERBLOCK_BYTES = 96;
const ROOT_AT = 56;
const SIGNATURE = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
const UNDEFINED = new Uint8Array(8).fill(0xff);

/** The superblock of a file of `size` bytes. */
export function encodeSuperblock(size: number, root: Omit<LinkEntry, "name" | "nameOffset">): Uint8Array {
  const bytes = new ByteWriter()
    .bytes(SIGNATURE)
    .bytes(Uint8Array.of(0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0))
    .zeros(12)
    .bytes(UNDEFINED)
    .uint64(size)
    .bytes(UNDEFINED)
    .zeros(SUPERBLOCK_BYTES - ROOT_AT)
    .finish();
  encodeLink(new DataView(bytes.buffer), ROOT_AT, { ...root, nameOffset: 0 });
  return bytes;
}
