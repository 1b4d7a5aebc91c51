import { CorruptError, type Place } from "./errors.ts";
import { MAX_VARINT_BYTES } from "./varint.ts";

/**
 * A cursor over bytes in memory. Every read is checked against the end; a read beyond it is a `CorruptError` with the code
 * `"truncated"` that names the file and the offset in the file, not in the piece. A read that fails does not move the cursor.
 */
export class ByteReader {
  /** What is read. Never written to. */
  readonly bytes: Uint8Array;
  /** The cursor: bytes from the start of `bytes`, from 0 to `end`. Set it to go elsewhere. */
  position = 0;
  /** Where reading ends, in bytes from the start of `bytes`. */
  readonly end: number;
  readonly #place: Place;
  #view: DataView | undefined;

  /** `place.offset` is where `bytes` begins in its file. */
  constructor(bytes: Uint8Array, place: Place = {}) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.#place = place;
  }

  /** Bytes from the cursor to the end. */
  get remaining(): number {
    return this.end - this.position;
  }

  /** An error at byte `at` of these bytes (by default: here), placed in the file. It is returned, not thrown. */
  corrupt(code: string, reason: string, at: number = this.position): CorruptError {
    return new CorruptError(code, reason, { ...this.#place, offset: (this.#place.offset ?? 0) + at });
  }

  /** One byte. */
  uint8(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) throw this.#truncated(1);
    this.position++;
    return byte;
  }

  /** Four bytes, little-endian, unsigned. */
  uint32(): number {
    return this.#data().getUint32(this.#take(4), true);
  }

  /** Eight bytes, little-endian, unsigned. Throws a `CorruptError` (`"number-too-large"`) for a number above 2^53−1. */
  uint64(): number {
    const start = this.#take(8);
    return this.#number(this.#data().getBigUint64(start, true), start);
  }

  /**
   * The next `length` bytes, as a view: nothing is copied. A `length` below zero, which sizes that contradict each other lead to,
   * is a `CorruptError` too; what is no whole number is a `RangeError`.
   */
  view(length: number): Uint8Array {
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** Goes on by `length` bytes, checked as in `view`. */
  skip(length: number): void {
    this.#take(length);
  }

  /** A varint of at most 32 bits. Throws a `CorruptError` (`"varint"`, or as `varint` does) for one above 2^32−1. */
  varint32(): number {
    const start = this.position;
    const value = this.varint();
    if (value > 0xffffffff) {
      this.position = start;
      throw this.corrupt("varint", `the varint ${value} does not fit 32 bits`);
    }
    return value;
  }

  /** A varint as a number. Throws a `CorruptError` for one above 2^53−1 (`"number-too-large"`). */
  varint(): number {
    const start = this.position;
    let position = start;
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[position++] ?? 0x80;
      value += (byte & 0x7f) * scale;
      if (position > this.end || value > Number.MAX_SAFE_INTEGER || position - start === MAX_VARINT_BYTES) break;
      if (byte < 0x80) {
        this.position = position;
        return value;
      }
      scale *= 0x80;
    }
    return this.#number(this.varint64(), start); // the rare ones, and the errors
  }

  /** A varint of up to 64 bits, unsigned. Throws a `CorruptError` (`"varint"`) for a longer one. */
  varint64(): bigint {
    let value = 0n;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.bytes[this.position + index];
      if (byte === undefined) throw this.corrupt("truncated", "the bytes end inside a varint");
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte >= 0x80) continue;
      if (value !== BigInt.asUintN(64, value)) break;
      this.position += index + 1;
      return value;
    }
    throw this.corrupt("varint", "a varint is longer than 64 bits");
  }

  #take(length: number): number {
    if (!Number.isSafeInteger(length)) throw new RangeError(`no number of bytes: ${length}`);
    if (length < 0 || length > this.remaining) throw this.#truncated(length);
    const start = this.position;
    this.position += length;
    return start;
  }

  #truncated(length: number): CorruptError {
    return this.corrupt("truncated", `${length} bytes wanted where ${this.remaining} are left`);
  }

  #data(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#view;
  }

  /** A number that was read from `start` on. */
  #number(value: bigint, start: number): number {
    if (value > Number.MAX_SAFE_INTEGER) {
      this.position = start;
      throw this.corrupt("number-too-large", `${value} is beyond 2^53, no size or offset of a real file`);
    }
    return Number(value);
  }
}
