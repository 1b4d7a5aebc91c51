import { MAX_LOCAL_HEAP_BYTES } from "./limits.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import type { Reading } from "./reading.ts";

/**
 * Reads the names of a local heap, which is `"HEAP" 00 000000, data size L, first free block L, data A`. Names are in its data, each
 * with a NUL behind it.
 */
export function* readLocalHeap(file: MetadataFile, address: number, path: string): Reading<MetadataReader> {
  const head = yield* file.read(address, 8 + 2 * file.superblock.lengthSize + file.superblock.offsetSize, path);
  head.signature("HEAP");
  head.version("a local heap", 0);
  head.skip(3);
  const size = head.length();
  head.length(); // the free list, which nothing needs
  if (size > MAX_LOCAL_HEAP_BYTES) throw head.corruptPiece("heap-size", `a group whose names take ${size} bytes`);
  return yield* file.read(head.definedAddress("the names of a group"), size, path);
}

/** The name that begins at byte `offset` of the heap's data. */
export function nameAt(names: MetadataReader, offset: number): Uint8Array {
  if (offset >= names.end) throw names.corruptPiece("name-offset", `a name at byte ${offset} of ${names.end}`);
  names.position = offset;
  return names.untilNul();
}
