import { type ByteWriter, CorruptError, MAX_VARINT_BYTES, type Place, varintLength } from "@modelbytes/bytes";
import protobuf from "protobufjs/minimal.js";

/**
 * Reading and writing messages on protobufjs' Reader and Writer. A message is read by its tags: field number times eight plus
 * the wire type (0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes).
 */

/** protobufjs' cursor over one message. */
export type Reader = protobuf.Reader;

/** protobufjs' writer. */
export type Writer = protobuf.Writer;

/** Something like protobufjs' Long: 64 bits in two halves. */
type Int64 = ReturnType<Reader["int64"]>;

/** A message: its bytes, or a reader that stands at the beginning of one inside another and ends where it ends. */
export type Message = Uint8Array | Reader;

/**
 * Calls `field` with each tag of a message; `field` reads the value and returns true, or returns false to have it skipped.
 * Later values of a field win, so `field` just assigns; protocol buffers would merge messages that come twice in a field which
 * does not repeat, but no writer has them come twice. Throws a `CorruptError` where the bytes are no message.
 */
export function readFields(message: Message, place: Place, field: (tag: number, reader: Reader) => boolean): void {
  if (!(message instanceof Uint8Array)) {
    readAll(message, field);
    return;
  }
  const reader = new protobuf.Reader(message);
  try {
    readAll(reader, field);
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof CorruptError) throw cause;
    const offset = place.offset === undefined ? undefined : place.offset + Math.min(reader.pos, message.length);
    const reason = `not a valid protocol buffer message (${cause.message})`;
    throw new CorruptError("protobuf", reason, { ...place, offset, cause });
  }
}

function readAll(reader: Reader, field: (tag: number, reader: Reader) => boolean): void {
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (tag < 8) throw new Error("a field has the number 0");
    if (!field(tag, reader)) reader.skipType(tag & 7, undefined, tag >>> 3);
  }
  if (reader.pos > reader.len) throw new RangeError("a field is longer than the message around it");
}

/** Reads the message that comes next inside another, where it is: nothing is copied. */
export function sub<T>(reader: Reader, place: Place, decode: (message: Message, place: Place) => T): T {
  const outer = reader.len;
  const end = reader.uint32() + reader.pos;
  if (end > outer) throw new RangeError("a message is longer than the one around it");
  reader.len = end;
  const value = decode(reader, place);
  reader.len = outer;
  return value;
}

/** A signed 64-bit varint as a number. Throws for one beyond 2^53. */
export function int64(reader: Reader): number {
  const first = reader.buf[reader.pos] ?? 0x80;
  if (first < 0x80) return reader.uint32(); // most sizes and many offsets; protobufjs makes an object of each 64-bit number
  const value = reader.int64();
  const number = typeof value === "number" ? value : value.high * 2 ** 32 + (value.low >>> 0);
  if (!Number.isSafeInteger(number)) throw new Error(`the number ${toBigInt(value)} is beyond 2^53`);
  return number;
}

/** Bytes that a number takes as a signed 64-bit varint: below zero it is all 64 bits. */
export function int64Length(value: number): number {
  return value < 0 ? MAX_VARINT_BYTES : varintLength(value);
}

/** Appends a number as a signed 64-bit varint. */
export function appendInt64(to: ByteWriter, value: number): void {
  if (value >= 0) to.varint(value);
  else to.bytes(protobuf.Writer.create().int64(value).finish());
}

/** A new writer. */
export function writer(): Writer {
  return protobuf.Writer.create();
}

/** What a writer has written, as bytes of its own. */
export function finish(writer: Writer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(writer.finish());
}

function toBigInt(value: Int64): bigint {
  return typeof value === "number" ? BigInt(value) : (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
}
