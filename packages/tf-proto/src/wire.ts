import { type ByteWriter, CorruptError, MAX_VARINT_BYTES, type Place, varintLength } from "@modelbytes/bytes";
import { Malformed, RecordReader } from "./record-reader.ts";

/**
 * Reading and writing the messages that are described by hand, one function each: those of a checkpoint's index, of which there
 * are as many as tensors. Everything else is described by a `MessageType`.
 *
 * Later values of a field win, so what reads a field just assigns; protocol buffers would merge messages that come twice in a field
 * which does not repeat, but no writer has them come twice.
 */

/** What `MessageReader.next` gives behind the last field. No field has the tag 0. */
export const END = 0;

/** Goes through the fields of a message and of those inside it. Throws `Malformed`, which `readMessage` gives its place. */
export class MessageReader extends RecordReader {
  /** Where the next field begins, and where the message ends. */
  #next: number;
  #limit: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    super(bytes);
    this.#next = start;
    this.#limit = end;
  }

  /**
   * Goes to the next field and gives its tag: field number times eight plus the wire type (0 varint, 1 eight bytes, 2 length and
   * bytes, 5 four bytes). Its value may then be read, and need not. `END` where there is none.
   */
  next(): number {
    if (this.#next >= this.#limit) return END;
    this.read(this.#next, this.#limit, 0);
    this.#next = this.end;
    return this.tag;
  }

  /** The value, a varint, as an int32: its low 32 bits. */
  int32(): number {
    const first = this.bytes[this.valueStart] ?? 0;
    return first < 0x80 ? first : this.#low();
  }

  /** The value, a varint, as an int64. Throws for one beyond 2^53. */
  int64(): number {
    const first = this.bytes[this.valueStart] ?? 0;
    if (first < 0x80) return first; // most sizes
    const low = this.#low() >>> 0;
    const high = this.#high();
    const number = high * 2 ** 32 + low;
    if (Number.isSafeInteger(number)) return number;
    throw new Malformed(`the number ${(BigInt(high) << 32n) | BigInt(low)} is beyond 2^53`, this.end);
  }

  /** The value, a varint, as a bool: whether it is any but 0. */
  bool(): boolean {
    for (let at = this.valueStart; at < this.end; at++) if (this.#bits(at) !== 0) return true;
    return false;
  }

  /** Adds the int32s that the value, the bytes of a packed field, has one behind another. */
  int32s(list: number[]): void {
    const { end } = this;
    for (let at = this.valueStart; at < end; at++) {
      this.valueStart = at;
      while (at < end && (this.bytes[at] ?? 0) >= 0x80) at++;
      if (at === end) throw new Malformed("packed numbers end inside a varint", end);
      if (at - this.valueStart >= MAX_VARINT_BYTES) throw new Malformed("a packed varint is longer than 64 bits", end);
      this.end = at + 1;
      list.push(this.int32());
    }
  }

  /** The value, four bytes, as an unsigned number. */
  fixed32(): number {
    let bits = 0;
    for (let at = this.end - 1; at >= this.valueStart; at--) bits = (bits << 8) | (this.bytes[at] ?? 0);
    return bits >>> 0;
  }

  /** The bytes of the value, whatever it is, as a view. */
  view(): Uint8Array {
    return this.bytes.subarray(this.valueStart, this.end);
  }

  /** Reads the value as a message, where it is: nothing is copied. */
  message<T>(read: (reader: MessageReader) => T): T {
    const { end } = this;
    const outer = this.#limit;
    this.#next = this.valueStart;
    this.#limit = end;
    const value = read(this);
    this.#next = end;
    this.#limit = outer;
    return value;
  }

  /** The low 32 bits of the varint that is the value: four bytes of it and a part of the fifth. */
  #low(): number {
    const end = Math.min(this.valueStart + 5, this.end);
    let bits = 0;
    for (let at = this.valueStart, shift = 0; at < end; at++, shift += 7) bits |= this.#bits(at) << shift;
    return bits;
  }

  /** The high 32 bits, as a signed number. */
  #high(): number {
    let at = this.valueStart + 4;
    if (at >= this.end) return 0;
    let bits = this.#bits(at++) >> 4;
    for (let shift = 3; at < this.end; at++, shift += 7) bits |= this.#bits(at) << shift;
    return bits;
  }

  #bits(at: number): number {
    return (this.bytes[at] ?? 0) & 0x7f;
  }
}

/**
 * Reads all of a message, which may be a part of `bytes` and begins at `place.offset` in its file. Throws a `CorruptError`
 * where the bytes are no message.
 */
export function readMessage<T>(
  read: (reader: MessageReader) => T,
  bytes: Uint8Array,
  place: Place,
  start = 0,
  end: number = bytes.length,
): T {
  try {
    return read(new MessageReader(bytes, start, end));
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    const offset = place.offset === undefined ? undefined : place.offset + cause.at - start;
    const reason = `not a valid protocol buffer message (${cause.message})`;
    throw new CorruptError("protobuf", reason, { ...place, offset, cause });
  }
}

/** Bytes that a number takes as a signed 64-bit varint: below zero it is all 64 bits. */
export function int64Length(value: number): number {
  return value < 0 ? MAX_VARINT_BYTES : varintLength(value);
}

/** Appends a number as a signed 64-bit varint, which an int32 and an enum are too. */
export function appendInt64(to: ByteWriter, value: number): void {
  if (value >= 0) {
    to.varint(value);
    return;
  }
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) to.uint8(Number(rest & 0x7fn) | 0x80);
  to.uint8(Number(rest));
}

/** Appends a field that holds what `content` has, a message, a string or bytes. `tag` is of one byte. */
export function appendDelimited(to: ByteWriter, tag: number, content: Uint8Array): void {
  to.uint8(tag).varint(content.length).bytes(content);
}
