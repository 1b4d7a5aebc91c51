import { CorruptError, type Place } from "./errors.ts";
import { MAX_VARINT_BYTES } from "./varint.ts";

/**
 * A cursor over bytes in memory. Every read is checked against the end; a read beyond it is a `CorruptError` that names the
 * file and the offset in the file, not in the piece.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** Bytes from the start of `bytes`. */
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

  get remaining(): number {
    return this.end - this.position;
  }

  /** An error at byte `at` of these bytes (by default: here), placed in the file. */
  corrupt(code: string, reason: string, at: number = this.position): CorruptError {
    return new CorruptError(code, reason, { ...this.#place, offset: (this.#place.offset ?? 0) + at });
  }

  uint8(): number {
    this.#need(1);
    return this.bytes[this.position++] ?? 0;
  }

  /** Four bytes, little-endian, unsigned. */
  uint32(): number {
    const at = this.#take(4);
    return this.#data().getUint32(at, true);
  }

  /** Eight bytes, little-endian, unsigned. Throws a `CorruptError` for a number above 2^53−1. */
  uint64(): number {
    const at = this.#take(8);
    return this.#safe(this.#data().getBigUint64(at, true), at);
  }

  /** The next `length` bytes, as a view: nothing is copied. */
  view(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A varint of at most 32 bits. */
  varint32(): number {
    const start = this.position;
    const value = this.varint();
    if (value > 0xffffffff) throw this.corrupt("varint", `the varint ${value} does not fit 32 bits`, start);
    return value;
  }

  /** A varint as a number. Throws a `CorruptError` for one above 2^53−1 or longer than ten bytes. */
  varint(): number {
    const { bytes, end } = this;
    const start = this.position;
    let position = start;
    let value = 0;
    let scale = 1;
    while (position < end) {
      const byte = bytes[position++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) return this.#safe(this.varint64(), start);
        this.position = position;
        return value;
      }
      if (position - start === MAX_VARINT_BYTES)
        throw this.corrupt("varint", "a varint is longer than ten bytes", start);
      scale *= 0x80;
    }
    throw this.corrupt("truncated", "the bytes end inside a varint", start);
  }

  /** A varint of up to 64 bits, unsigned. */
  varint64(): bigint {
    const start = this.position;
    let value = 0n;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.uint8();
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw this.corrupt("varint", "a varint is longer than ten bytes", start);
  }

  #need(length: number): void {
    if (length > this.end - this.position) {
      throw this.corrupt("truncated", `${length} bytes wanted where ${this.remaining} are left`);
    }
  }

  #take(length: number): number {
    this.#need(length);
    const at = this.position;
    this.position += length;
    return at;
  }

  #data(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#view;
  }

  #safe(value: bigint, at: number): number {
    if (value > Number.MAX_SAFE_INTEGER) {
      throw this.corrupt("number-too-large", `${value} is beyond 2^53, no size or offset of a real file`, at);
    }
    return Number(value);
  }
}
