import type { MetadataReader } from "../metadata-reader.ts";

/**
 * Messages 0x05 and 0x04, what elements are where nothing was written.
 *
 *     0x05 version 1, 2:  version, allocation time, fill time, defined, [u32 size, value: always in version 1, else if defined]
 *     0x05 version 3:     03, flags (bit 5: a value follows), [u32 size, value]
 *     0x04:               u32 size, value
 *
 * Gives the bytes of one element, or `undefined` where they are zero.
 */
export function decodeFillValue(reader: MetadataReader, size: number): Uint8Array | undefined {
  const version = reader.version("the fill value message", 1, 2, 3);
  if (version === 3) return (reader.uint8() & 0x20) === 0 ? undefined : decodeBytes(reader, size);
  reader.skip(2);
  const defined = reader.uint8() !== 0;
  return version === 1 || defined ? decodeBytes(reader, size) : undefined;
}

/** The older message, 0x04. */
export function decodeOldFillValue(reader: MetadataReader, size: number): Uint8Array | undefined {
  return decodeBytes(reader, size);
}

function decodeBytes(reader: MetadataReader, size: number): Uint8Array | undefined {
  const length = reader.uint32();
  if (length === 0) return undefined;
  const value = reader.view(length);
  if (length === size) return value;
  throw reader.corruptPiece("fill-value", `a fill value of ${length} bytes for elements of ${size}`);
}
