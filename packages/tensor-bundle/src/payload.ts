import { ByteReader, ByteWriter, type Place } from "@modelbytes/bytes";
import { DTYPES, elementCount, type FixedDType, fromBytes, swapBytes, type Tensor, toBytes } from "@modelbytes/tensor";
import { type Crc32cBuffer, crc32c, mask } from "./crc32c/crc32c.ts";
import type { BundleEntry } from "./entry.ts";
import { checkPayload } from "./payload-check.ts";

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
  /** Where the bytes may lie. */
  readonly buffer?: Crc32cBuffer | undefined;
}

/** The tensor of an entry's bytes. `place.offset` is where they begin in the shard. */
export function decodePayload(
  entry: BundleEntry,
  bytes: Uint8Array<ArrayBuffer>,
  options: PayloadOptions,
  place: Place,
): Tensor {
  const { dtype, shape } = entry;
  if (options.checksum) checkPayload(entry, bytes, options.bigEndian, place, options.buffer);
  if (dtype === "string") return { dtype, shape, data: decodeStrings(entry, bytes, place) };
  if (dtype === "variant") return { dtype, shape, data: decodeVariants(entry, bytes, place) };
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

function decodeStrings(entry: BundleEntry, bytes: Uint8Array, place: Place): Uint8Array[] {
  const reader = new ByteReader(bytes, place);
  const lengths: number[] = [];
  const count = elementCount(entry.shape);
  while (lengths.length < count) lengths.push(reader.varint());
  reader.skip(CHECKSUM_BYTES);
  const sum = lengths.reduce((total, length) => total + length, 0);
  if (sum === reader.remaining) return lengths.map((length) => reader.view(length));
  const reason = `the lengths add up to ${sum} bytes where ${reader.remaining} are left for the strings`;
  throw reader.corrupt("string-lengths", reason, 0);
}

function decodeVariants(entry: BundleEntry, bytes: Uint8Array, place: Place): Uint8Array[] {
  const reader = new ByteReader(bytes, place);
  const count = elementCount(entry.shape);
  const elements: Uint8Array[] = [];
  while (elements.length < count) {
    elements.push(reader.view(reader.varint()));
    reader.skip(CHECKSUM_BYTES);
  }
  if (reader.remaining === 0) return elements;
  throw reader.corrupt("variant-size", `${reader.remaining} bytes are left behind the last element`);
}

const CHECKSUM_BYTES = 4;

/**
 * The stored bytes of a tensor, piece by piece; the generator returns their CRC, unmasked. Pieces are views of the tensor's memory
 * where it holds them as they are stored. The CRC of a piece is taken after it was given, so that it can be written meanwhile.
 */
export function* encodePayload(tensor: Tensor, bigEndian: boolean): Generator<Uint8Array, number, undefined> {
  if (tensor.dtype === "string") return yield* encodeStrings(tensor.data, bigEndian);
  if (tensor.dtype === "variant") return yield* encodeVariants(tensor.data);
  const stored = toBytes(tensor);
  const { unit } = DTYPES[tensor.dtype];
  const bytes = bigEndian && unit > 1 ? swapBytes(new Uint8Array(stored), unit) : stored;
  let crc = 0;
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    const piece = bytes.subarray(start, start + PIECE_BYTES);
    yield piece;
    crc = crc32c(piece, crc);
  }
  return crc;
}

/** Bytes that are written at once, while the CRC of the piece before is taken. */
const PIECE_BYTES = 2 ** 22;

function* encodeStrings(elements: readonly Uint8Array[], bigEndian: boolean): Generator<Uint8Array, number, undefined> {
  const lengths = new ByteWriter();
  for (const { length } of elements) lengths.varint(length);
  const lengthsCrc = crc32c(
    countedLengths(
      elements.map(({ length }) => length),
      bigEndian,
    ),
  );
  const stored = new DataView(new ArrayBuffer(4));
  stored.setUint32(0, mask(lengthsCrc), !bigEndian);
  const checksum = new Uint8Array(stored.buffer);
  yield lengths.bytes(checksum).finish();
  let crc = crc32c(checksum, lengthsCrc);
  for (const element of elements) {
    yield element;
    crc = crc32c(element, crc);
  }
  return crc;
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

function* encodeVariants(elements: readonly Uint8Array[]): Generator<Uint8Array, number, undefined> {
  let crc = 0;
  for (const element of elements) {
    yield new ByteWriter().varint(element.length).finish();
    yield element;
    crc = crc32c(element, crc32c(new ByteWriter().uint64(element.length).finish(), crc));
    const checksum = new ByteWriter().uint32(mask(crc)).finish();
    yield checksum;
    crc = crc32c(checksum, crc);
  }
  return crc;
}
