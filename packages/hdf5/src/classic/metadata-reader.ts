import { ByteReader, type CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";

/** How wide the file's addresses and lengths are, in bytes. The superblock says; 8 in every file of h5py. */
export interface Widths {
  readonly offsetSize: number;
  readonly lengthSize: number;
}

/**
 * A cursor over a piece of HDF5 metadata. All integers are little-endian; addresses and lengths are as wide as the superblock
 * says, and an address whose bytes are all FF is "undefined". Errors are a `CorruptError` of code `"truncated"` beyond the end and
 * `"number-too-large"` above 2^53.
 */
export class MetadataReader extends ByteReader {
  readonly widths: Widths;
  readonly place: Place;

  /** `place.offset` is where `bytes` begin in the file. */
  constructor(bytes: Uint8Array, place: Place, widths: Widths) {
    super(bytes, place);
    this.widths = widths;
    this.place = place;
  }

  /** Two bytes, unsigned. */
  uint16(): number {
    const low = this.uint8();
    return low | (this.uint8() << 8);
  }

  /** `width` bytes, unsigned; 0 bytes are 0. */
  uint(width: number): number {
    const start = this.position;
    const bytes = this.view(width);
    let value = 0;
    for (let index = width - 1; index >= 0; index--) value = value * 256 + (bytes[index] ?? 0);
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    throw this.corrupt("number-too-large", "a number beyond 2^53 is no size or offset of a real file", start);
  }

  /** A length in bytes or elements. */
  length(): number {
    return this.uint(this.widths.lengthSize);
  }

  /** An address, relative to the superblock, or `undefined` for the address that is not one. */
  address(): number | undefined {
    const { offsetSize } = this.widths;
    const bytes = this.bytes.subarray(this.position, this.position + offsetSize);
    if (bytes.length < offsetSize || bytes.some((byte) => byte !== 0xff)) return this.uint(offsetSize);
    this.skip(offsetSize);
    return undefined;
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
    const start = this.position;
    const found = this.view(letters.length);
    for (let index = 0; index < letters.length; index++) {
      if (found[index] === letters.charCodeAt(index)) continue;
      throw this.corrupt("signature", `${JSON.stringify(letters)} is not where it should be`, start);
    }
  }

  /** Goes over a version number. Throws an `UnsupportedError` (`"version"`) for one that is not among `known`. */
  version(what: string, ...known: readonly number[]): number {
    const version = this.uint8();
    if (known.includes(version)) return version;
    throw this.unsupported("version", `version ${version} of ${what} is unknown`, this.position - 1);
  }

  /** The next `length` bytes as a reader of their own. */
  piece(length: number): MetadataReader {
    const offset = (this.place.offset ?? 0) + this.position;
    return new MetadataReader(this.view(length), { ...this.place, offset }, this.widths);
  }

  /** The same bytes from their beginning, for someone else: what is kept is never read from itself. */
  copy(): MetadataReader {
    return new MetadataReader(this.bytes, this.place, this.widths);
  }

  /** Bytes up to a NUL, over which it goes. */
  untilNul(): Uint8Array {
    const end = this.bytes.indexOf(0, this.position);
    if (end < 0) throw this.corrupt("truncated", "a name has no end");
    const found = this.view(end - this.position);
    this.skip(1);
    return found;
  }

  /** An error for what the format allows and this reader cannot; returned, not thrown. */
  unsupported(code: string, reason: string, at: number = this.position): UnsupportedError {
    return new UnsupportedError(code, reason, { ...this.place, offset: (this.place.offset ?? 0) + at });
  }

  /** An error where this piece begins; returned, not thrown. */
  corruptPiece(code: string, reason: string): CorruptError {
    return this.corrupt(code, reason, 0);
  }
}
