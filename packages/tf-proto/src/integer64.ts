import type { Reader, Writer } from "./protobufjs.ts";

/**
 * 64-bit integers as bigints. protobufjs makes an object with two halves of each; here they are put together in a scratch pad of
 * eight bytes.
 */
const HALVES = new DataView(new ArrayBuffer(8));

/** Reads the varint that comes next into `HALVES`. */
function readHalves(reader: Reader): void {
  let low = 0;
  let high = 0;
  let byte = 0x80;
  for (let shift = 0; byte >= 0x80; shift += 7) {
    if (shift > 63) throw new Error("a varint is longer than 64 bits");
    if (reader.pos >= reader.len) throw new RangeError("the message ends inside a varint");
    byte = reader.buf[reader.pos++] ?? 0;
    const bits = byte & 0x7f;
    if (shift < 32) low |= bits << shift;
    if (shift === 28) high |= bits >> 4;
    else if (shift > 28) high |= bits << (shift - 32);
  }
  HALVES.setInt32(0, low, true);
  HALVES.setInt32(4, high, true);
}

/** Whether the next varint is a single byte, as most are. */
function isOneByte(reader: Reader): boolean {
  return reader.pos < reader.len && (reader.buf[reader.pos] ?? 0x80) < 0x80;
}

/** An int64 varint. */
export function readInt64(reader: Reader): bigint {
  if (isOneByte(reader)) return BigInt(reader.buf[reader.pos++] ?? 0);
  readHalves(reader);
  return HALVES.getBigInt64(0, true);
}

/** A uint64 varint. */
export function readUint64(reader: Reader): bigint {
  if (isOneByte(reader)) return BigInt(reader.buf[reader.pos++] ?? 0);
  readHalves(reader);
  return HALVES.getBigUint64(0, true);
}

/** A sint64 varint: zigzag, 0, −1, 1, −2 and so on. */
export function readSint64(reader: Reader): bigint {
  const bits = readUint64(reader);
  return (bits >> 1n) ^ -(bits & 1n);
}

/** Eight bytes, a signed number. */
export function readSfixed64(reader: Reader): bigint {
  HALVES.setUint32(0, reader.fixed32(), true);
  HALVES.setUint32(4, reader.fixed32(), true);
  return HALVES.getBigInt64(0, true);
}

/** Eight bytes, an unsigned number. */
export function readFixed64(reader: Reader): bigint {
  return BigInt.asUintN(64, readSfixed64(reader));
}

/** A varint of the low 64 bits: what an int64, or a uint64, is. */
export function writeVarint64(writer: Writer, value: bigint): void {
  if (value >= 0n && value <= Number.MAX_SAFE_INTEGER) writer.uint64(Number(value));
  else writer.int64(BigInt.asIntN(64, value).toString());
}

/** A sint64: zigzag. */
export function writeSint64(writer: Writer, value: bigint): void {
  writeVarint64(writer, BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

/** The low 64 bits as eight bytes. */
export function writeFixed64(writer: Writer, value: bigint): void {
  HALVES.setBigInt64(0, value, true);
  writer.fixed32(HALVES.getUint32(0, true)).fixed32(HALVES.getUint32(4, true));
}
