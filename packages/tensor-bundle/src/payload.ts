import { ByteReader, ByteWriter, CorruptError, type Place } from "@modelbytes/bytes";
import { DTYPES, elementCount, type FixedDType, fromBytes, swapBytes, type Tensor } from "@modelbytes/tensor";
import { crc32c, unmask } from "./crc32c/crc32c.ts";
import type { BundleEntry } from "./entry.ts";
import { hex } from "./table/trailer.ts";

/**
 * The bytes of tensors in a data file.
 *
 *     fixed     row-major elements, little-endian unless the header says big; the entry's CRC is over exactly these bytes
 *     string    varint64 length of each element ‖ masked CRC of the lengths ‖ the elements, back to back
 *     variant   for each element: varint64 length ‖ VariantTensorDataProto ‖ masked running CRC
 *
 * The checksums of the last two are logical. A string's length counts as a uint32 (a uint64 if it needs one) and not as the
 * varint that is stored; the entry's CRC goes on from there over the stored checksum and the elements. A variant's length counts
 * as a uint64, and each stored checksum is fed to the CRC that goes on.
 */

/** How a data file is written. */
export interface PayloadOptions {
  readonly bigEndian: boolean;
  /** Whether the checksums are to hold. */
  readonly checksum: boolean;
}

/** The tensor of an entry's bytes. `place.offset` is where they begin in the shard. */
export function decodePayload(
  entry: BundleEntry,
  bytes: Uint8Array<ArrayBuffer>,
  options: PayloadOptions,
  place: Place,
): Tensor {
  const { dtype, shape } = entry;
  if (dtype === "string") return { dtype, shape, data: decodeStrings(entry, bytes, options, place) };
  if (dtype === "variant") return { dtype, shape, data: decodeVariants(entry, bytes, options, place) };
  if (options.checksum) checkCrc(crc32c(bytes), entry, place);
  return decodeFixed(dtype, shape, bytes, options.bigEndian);
}

/** The tensor of the bytes of a fixed-length dtype, which are the caller's own: a big-endian file's are turned in place. */
export function decodeFixed(
  dtype: FixedDType,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
  bigEndian: boolean,
): Tensor {
  if (bigEndian) swapBytes(bytes, DTYPES[dtype].unit);
  return fromBytes(dtype, shape, bytes);
}

/** Throws a `CorruptError` unless `actual` is the CRC of the entry. */
export function checkCrc(actual: number, entry: BundleEntry, place: Place): void {
  if (actual === entry.crc32c) return;
  const reason = `the ${entry.size} bytes are damaged: their CRC32C is ${hex(actual)}, the index says ${hex(entry.crc32c)}`;
  throw new CorruptError("tensor-checksum", reason, place);
}

function decodeStrings(
  entry: BundleEntry,
  bytes: Uint8Array,
  { bigEndian, checksum }: PayloadOptions,
  place: Place,
): Uint8Array[] {
  const reader = new ByteReader(bytes, place);
  const lengths: number[] = [];
  const count = elementCount(entry.shape);
  while (lengths.length < count) lengths.push(reader.varint());
  const lengthsEnd = reader.position;
  const stored = reader.view(4);
  const sum = lengths.reduce((total, length) => total + length, 0);
  if (sum !== reader.remaining) {
    const reason = `the lengths add up to ${sum} bytes where ${reader.remaining} are left for the strings`;
    throw reader.corrupt("string-lengths", reason, 0);
  }
  if (checksum) {
    const lengthsCrc = crc32c(countedLengths(lengths, bigEndian));
    const view = new DataView(stored.buffer, stored.byteOffset, 4);
    const storedCrc = unmask(view.getUint32(0, !bigEndian));
    if (storedCrc !== lengthsCrc) {
      const reason = `the lengths of the strings are damaged: their CRC32C is ${hex(lengthsCrc)}, stored is ${hex(storedCrc)}`;
      throw reader.corrupt("length-checksum", reason, lengthsEnd);
    }
    checkCrc(crc32c(bytes.subarray(lengthsEnd), lengthsCrc), entry, place);
  }
  return lengths.map((length) => reader.view(length));
}

/** The lengths of strings in the form that their checksum is taken over. */
function countedLengths(lengths: readonly number[], bigEndian: boolean): Uint8Array {
  const wide = lengths.reduce((count, length) => (length > 0xffffffff ? count + 1 : count), 0);
  const bytes = new Uint8Array(4 * (lengths.length + wide));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const length of lengths) {
    if (length > 0xffffffff) {
      view.setBigUint64(at, BigInt(length), !bigEndian);
      at += 8;
    } else {
      view.setUint32(at, length, !bigEndian);
      at += 4;
    }
  }
  return bytes;
}

function decodeVariants(
  entry: BundleEntry,
  bytes: Uint8Array,
  { checksum }: PayloadOptions,
  place: Place,
): Uint8Array[] {
  const reader = new ByteReader(bytes, place);
  const count = elementCount(entry.shape);
  const elements: Uint8Array[] = [];
  let crc = 0;
  while (elements.length < count) {
    const length = reader.varint();
    const element = reader.view(length);
    const stored = reader.view(4);
    if (checksum) {
      crc = crc32c(element, crc32c(new ByteWriter().uint64(length).finish(), crc));
      const storedCrc = unmask(new DataView(stored.buffer, stored.byteOffset, 4).getUint32(0, true));
      if (storedCrc !== crc) {
        const reason = `element ${elements.length} is damaged: the CRC32C up to it is ${hex(crc)}, stored is ${hex(storedCrc)}`;
        throw reader.corrupt("variant-checksum", reason, reader.position - 4);
      }
      crc = crc32c(stored, crc);
    }
    elements.push(element);
  }
  if (reader.remaining > 0) {
    throw reader.corrupt("variant-size", `${reader.remaining} bytes are left behind the last element`);
  }
  if (checksum) checkCrc(crc, entry, place);
  return elements;
}
