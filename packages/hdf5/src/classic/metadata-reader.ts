import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";

/** How wide the file's addresses and lengths are, in bytes. The superblock says; 8 in every file of h5py. */
export interface Widths {
  readonly offsetSize: number;
  readonly lengthSize: number;
}

const UINT32_MAX = 0xffff_ffff;

/**
 * A cursor over a piece of HDF5 metadata. All integers are little-endian; addresses and lengths are as wide as the superblock
 * says, and an address whose bytes are all FF is "undefined". Errors are a `CorruptError` of code `"truncated"` beyond the end and
 * `"number-too-large"` above 2^53. A read that fails does not move the cursor.
 *
 * A file has tens of thousands of pieces, so one is no view of memory but two numbers: that takes a tenth of the time.
 */
export class MetadataReader {
  readonly widths: Widths;
  /** Bytes of the piece; positions count from its beginning. */
  readonly end: number;
  /** The cursor. Set it to go elsewhere. */
  position = 0;
  readonly #memory: Uint8Array;
  readonly #start: number;
  readonly #place: Place;

  /** The `length` bytes of `memory` from `start` on. `place.offset` is where `memory` begins in the file. */
  constructor(memory: Uint8Array, place: Place, widths: Widths, start = 0, length: number = memory.length) {
    this.#memory = memory;
    this.#place = place;
    this.widths = widths;
    this.#start = start;
    this.end = length;
  }

  /** Where the piece is. */
  get place(): Place {
    return { ...this.#place, offset: (this.#place.offset ?? 0) + this.#start };
  }

  /** All bytes of the piece, as a view. Never written to. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#start + this.end);
  }

  /** Bytes from the cursor to the end. */
  get remaining(): number {
    return this.end - this.position;
  }

  /** One byte. */
  uint8(): number {
    return this.#memory[this.#take(1)] ?? 0;
  }

  /** Two bytes, unsigned. */
  uint16(): number {
    const at = this.#take(2);
    return (this.#memory[at] ?? 0) | ((this.#memory[at + 1] ?? 0) << 8);
  }

  /** Four bytes, unsigned. */
  uint32(): number {
    return this.#uint32At(this.#take(4));
  }

  /** `width` bytes, unsigned; 0 bytes are 0. */
  uint(width: number): number {
    const at = this.#take(width);
    let value = 0;
    if (width === 8) value = this.#uint32At(at + 4) * 2 ** 32 + this.#uint32At(at);
    else for (let index = at + width - 1; index >= at; index--) value = value * 256 + (this.#memory[index] ?? 0);
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    this.position -= width;
    throw this.corrupt("number-too-large", "a number beyond 2^53 is no size or offset of a real file");
  }

  /** A length in bytes or elements. */
  length(): number {
    return this.uint(this.widths.lengthSize);
  }

  /** An address, relative to the superblock, or `undefined` for the address that is not one. */
  address(): number | undefined {
    const { offsetSize } = this.widths;
    return this.#isAllOnes(offsetSize) ? undefined : this.uint(offsetSize);
  }

  /** A length, or `undefined` where all bits are set, which stands for no limit. */
  limit(): number | undefined {
    const { lengthSize } = this.widths;
    return this.#isAllOnes(lengthSize) ? undefined : this.uint(lengthSize);
  }

  /** An address that has to be one. Throws a `CorruptError` (`"no-address"`) otherwise. */
  definedAddress(what: string): number {
    const start = this.position;
    const address = this.address();
    if (address === undefined) throw this.corrupt("no-address", `${what} has no address`, start);
    return address;
  }

  /** Goes over the letters that a structure begins with. Throws a `CorruptError` (`"signature"`) for others. */
  signature(letters: string): void {
    const at = this.#take(letters.length);
    for (let index = 0; index < letters.length; index++) {
      if (this.#memory[at + index] === letters.charCodeAt(index)) continue;
      throw this.corrupt("signature", `${JSON.stringify(letters)} is not where it should be`, at - this.#start);
    }
  }

  /** Goes over a version number. Throws an `UnsupportedError` (`"version"`) for one that is not among `known`. */
  version(what: string, ...known: readonly number[]): number {
    const version = this.uint8();
    if (known.includes(version)) return version;
    throw this.unsupported("version", `version ${version} of ${what} is unknown`, this.position - 1);
  }

  /** The next `length` bytes, as a view. */
  view(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#memory.subarray(at, at + length);
  }

  /** Goes on by `length` bytes. */
  skip(length: number): void {
    this.#take(length);
  }

  /** The next `length` bytes as a reader of their own. */
  piece(length: number): MetadataReader {
    return new MetadataReader(this.#memory, this.#place, this.widths, this.#take(length), length);
  }

  /** The same bytes from their beginning, for someone else: what is kept is never read from itself. */
  copy(): MetadataReader {
    return new MetadataReader(this.#memory, this.#place, this.widths, this.#start, this.end);
  }

  /** Bytes up to a NUL, over which it goes. */
  untilNul(): Uint8Array {
    const at = this.#start + this.position;
    const end = this.#memory.indexOf(0, at);
    if (end < 0 || end >= this.#start + this.end) throw this.corrupt("truncated", "a name has no end");
    this.position += end - at + 1;
    return this.#memory.subarray(at, end);
  }

  /** An error at byte `at` of the piece (by default: here), placed in the file. It is returned, not thrown. */
  corrupt(code: string, reason: string, at: number = this.position): CorruptError {
    return new CorruptError(code, reason, this.#placeOf(at));
  }

  /** An error for what the format allows and this reader cannot; returned, not thrown. */
  unsupported(code: string, reason: string, at: number = this.position): UnsupportedError {
    return new UnsupportedError(code, reason, this.#placeOf(at));
  }

  /** An error where this piece begins; returned, not thrown. */
  corruptPiece(code: string, reason: string): CorruptError {
    return this.corrupt(code, reason, 0);
  }

  #placeOf(at: number): Place {
    return { ...this.#place, offset: (this.#place.offset ?? 0) + this.#start + at };
  }

  #uint32At(at: number): number {
    const bytes = this.#memory;
    const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    return low + (bytes[at + 3] ?? 0) * 2 ** 24;
  }

  /** Whether the next `width` bytes, 4 or 8, are all FF; goes over them if so. */
  #isAllOnes(width: number): boolean {
    const at = this.#start + this.position;
    if (this.remaining < width || this.#uint32At(at) !== UINT32_MAX) return false;
    if (width > 4 && this.#uint32At(at + 4) !== UINT32_MAX) return false;
    this.position += width;
    return true;
  }

  /** Goes on by `length` bytes, and gives where they are in memory. A length below zero comes of sizes that contradict each other. */
  #take(length: number): number {
    if (length >= 0 && length <= this.end - this.position) {
      this.position += length;
      return this.#start + this.position - length;
    }
    throw this.corrupt("truncated", `${length} bytes wanted where ${this.remaining} are left`);
  }
}
