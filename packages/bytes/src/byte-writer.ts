import { varintLength, writeVarint } from "./varint.ts";

const FIRST_CAPACITY = 256;

/**
 * Bytes that grow as they are written. `finish` hands them over. A number that does not fit its field is a `RangeError`, and
 * nothing is written. Every method that writes returns the writer, so that calls chain.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_CAPACITY);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** One byte, of a whole number from 0 to 255. */
  uint8(value: number): this {
    checkNumber(value, 0xff);
    const at = this.#grow(1);
    this.#bytes[at] = value;
    return this;
  }

  /** Four bytes, little-endian, of a whole number from 0 to 2^32−1. */
  uint32(value: number): this {
    checkNumber(value, 0xffffffff);
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** Eight bytes, little-endian, of a whole number from 0 to 2^53−1. */
  uint64(value: number): this {
    checkNumber(value, Number.MAX_SAFE_INTEGER);
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt(value), true);
    return this;
  }

  /** A varint of a whole number from 0 to 2^53−1. */
  varint(value: number): this {
    checkNumber(value, Number.MAX_SAFE_INTEGER);
    const at = this.#grow(varintLength(value));
    writeVarint(this.#bytes, at, value);
    return this;
  }

  /** A copy of `value`. */
  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** `count` zero bytes. */
  zeros(count: number): this {
    checkNumber(count, Number.MAX_SAFE_INTEGER);
    const at = this.#grow(count);
    this.#bytes.fill(0, at, at + count);
    return this;
  }

  /** The bytes from `start` (in bytes) to the last one written, as a view that the next write may make stale. */
  peek(start = 0): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(start, this.#length);
  }

  /** Starts again from nothing and keeps the memory. Earlier `peek`s are stale; what `finish` gave is not. */
  clear(): void {
    this.#length = 0;
  }

  /** A copy of what was written, of exactly its length. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(at + count, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = at + count;
    return at;
  }
}

function checkNumber(value: number, largest: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > largest) {
    throw new RangeError(`no whole number from 0 to ${largest}: ${value}`);
  }
}
