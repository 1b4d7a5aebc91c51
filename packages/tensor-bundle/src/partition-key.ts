import { ByteReader, ByteWriter, encodeName, type Place } from "@modelbytes/bytes";
import type { Extent, TensorSlice } from "@modelbytes/tf-proto";

/**
 * The key of a partition, in OrderedCode: bytes that sort as what they encode does. Where TensorFlow says slice, this library
 * says partition.
 *
 *     00 ‖ name, ended by 00 01 ‖ rank ‖ for each dimension: start, length       a whole dimension is start 0, length −1
 *
 *     number   its count of bytes, then those bytes, big-endian without leading zeros         0 → 00    256 → 02 01 00
 *     string   00 → 00 ff, ff → ff 00, any other byte as it is, then 00 01
 *     signed   n bytes of two's complement, big-endian, the first ones XORed with a header of n ones (in the complement for
 *              negative numbers): 0 → 80, −1 → 7f, 64 → c0 40
 */

/** Headers of signed numbers of 1 to 10 bytes, as the first two bytes. */
const HEADERS = [0x8000, 0xc000, 0xe000, 0xf000, 0xf800, 0xfc00, 0xfe00, 0xff00, 0xff80, 0xffc0] as const;

const WHOLE_LENGTH = -1;

/** The key under which the partition `slice` of the tensor `name` is stored. */
export function partitionKey(name: string, slice: TensorSlice): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  writeNumber(to, 0);
  writeString(to, encodeName(name));
  writeNumber(to, slice.length);
  for (const extent of slice) {
    writeSigned(to, extent?.start ?? 0);
    writeSigned(to, extent?.length ?? WHOLE_LENGTH);
  }
  return to.finish();
}

/** What a key says, if it is the key of a partition; `undefined` for every other key. */
export function parsePartitionKey(
  key: Uint8Array,
  place: Place = {},
): { name: Uint8Array; slice: TensorSlice } | undefined {
  if (key[0] !== 0) return undefined;
  const reader = new ByteReader(key, place);
  try {
    reader.skip(1);
    const name = readString(reader);
    const rank = readNumber(reader);
    if (rank > reader.remaining) return undefined;
    const slice: Extent[] = [];
    for (let dim = 0; dim < rank; dim++) {
      const start = readSigned(reader);
      const length = readSigned(reader);
      slice.push(length === WHOLE_LENGTH ? null : { start, length });
    }
    return reader.remaining === 0 ? { name, slice } : undefined;
  } catch {
    return undefined;
  }
}

function writeNumber(to: ByteWriter, value: number): void {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  to.uint8(bytes.length);
  for (const byte of bytes) to.uint8(byte);
}

function readNumber(reader: ByteReader): number {
  let value = 0;
  for (const byte of reader.view(reader.uint8())) value = value * 256 + byte;
  return value;
}

function writeString(to: ByteWriter, bytes: Uint8Array): void {
  for (const byte of bytes) {
    to.uint8(byte);
    if (byte === 0x00) to.uint8(0xff);
    else if (byte === 0xff) to.uint8(0x00);
  }
  to.uint8(0x00).uint8(0x01);
}

function readString(reader: ByteReader): Uint8Array {
  const to = new ByteWriter();
  while (true) {
    const byte = reader.uint8();
    if (byte === 0x00 || byte === 0xff) {
      const follower = reader.uint8();
      if (byte === 0x00 && follower === 0x01) return to.finish();
      if (follower !== 0xff - byte) throw reader.corrupt("partition-key", "an unknown escape");
    }
    to.uint8(byte);
  }
}

/** The bytes that `value` takes: seven bits each, the sign among them. */
function signedLength(value: bigint): number {
  let length = 1;
  while (BigInt.asIntN(7 * length, value) !== value) length++;
  return length;
}

export function writeSigned(to: ByteWriter, value: number | bigint): void {
  const big = BigInt(value);
  const length = signedLength(big);
  const header = BigInt(HEADERS[length - 1] ?? 0) << BigInt(8 * length);
  const bits = BigInt.asUintN(8 * length, big) ^ (header >> 16n);
  for (let index = length - 1; index >= 0; index--) to.uint8(Number((bits >> BigInt(8 * index)) & 0xffn));
}

export function readSigned(reader: ByteReader): number {
  const first = reader.uint8();
  const ones = Math.clz32(~((first < 0x80 ? ~first : first) << 24));
  const second = ones < 8 ? 0 : (reader.bytes[reader.position] ?? 0);
  const length = ones < 8 ? ones : 8 + Math.clz32(~((first < 0x80 ? ~second : second) << 24));
  let bits = BigInt(first);
  for (const byte of reader.view(length - 1)) bits = (bits << 8n) | BigInt(byte);
  const header = BigInt(HEADERS[length - 1] ?? 0) << BigInt(8 * length);
  return Number(BigInt.asIntN(8 * length, bits ^ (header >> 16n)));
}
