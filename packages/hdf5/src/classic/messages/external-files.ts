import type { MetadataReader } from "../metadata-reader.ts";

/** The parts of other files that hold the elements of a dataset, one after another. */
export interface ExternalFiles {
  /** Address of the local heap with the names. */
  readonly heap: number;
  readonly parts: readonly ExternalPart[];
}

/** A part of a file, in bytes. */
export interface ExternalPart {
  /** Where its file's name is in the heap. */
  readonly nameOffset: number;
  readonly offset: number;
  /** `undefined` is without limit, for the last part. */
  readonly size: number | undefined;
}

/**
 * Message 0x07, where elements are outside the file.
 *
 *     01 000000, u16 slots, u16 slots in use, heap A      each slot: name offset L, offset in the file L, size L
 */
export function decodeExternalFiles(reader: MetadataReader): ExternalFiles {
  reader.version("a message on external files", 1);
  reader.skip(3 + 2);
  const count = reader.uint16();
  const heap = reader.definedAddress("the names of external files");
  const parts: ExternalPart[] = [];
  while (parts.length < count) {
    parts.push({ nameOffset: reader.length(), offset: reader.length(), size: reader.limit() });
  }
  return { heap, parts };
}
