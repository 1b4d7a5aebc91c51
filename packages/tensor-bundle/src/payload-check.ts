import { CorruptError, type Place } from "@modelbytes/bytes";
import { elementCount } from "@modelbytes/tensor";
import { type Crc32cBuffer, crc32c, unmask } from "./crc32c/crc32c.ts";
import type { BundleEntry } from "./entry.ts";
import { hex } from "./table/trailer.ts";

/**
 * Checks the bytes of a tensor piece by piece, without ever holding it: what `payload.ts` decodes, at constant memory.
 */

/** Some bytes of a tensor, and a way to their CRC. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** The CRC32C of `bytes` from `start` to before `end`, that goes on from `previous`. */
  crc32c(start: number, end: number, previous: number): number;
}

/** Bytes that may lie in `buffer`, where their CRC is cheapest, or anywhere else. */
export function pieceOf(bytes: Uint8Array, buffer?: Crc32cBuffer): Piece {
  if (buffer === undefined || bytes.buffer !== buffer.bytes.buffer) {
    return { bytes, crc32c: (start, end, previous) => crc32c(bytes.subarray(start, end), previous) };
  }
  const shift = bytes.byteOffset - buffer.bytes.byteOffset;
  return { bytes, crc32c: (start, end, previous) => buffer.crc32c(shift + start, shift + end, previous) };
}

/** Takes all bytes of a tensor, in order, from pieces. Both throw the `CorruptError` that reading the tensor throws. */
export interface PayloadCheck {
  push(piece: Piece, start: number, end: number): void;
  finish(): void;
}

export function checkOf(entry: BundleEntry, bigEndian: boolean, place: Place): PayloadCheck {
  if (entry.dtype === "string") return new StringCheck(entry, bigEndian, place);
  if (entry.dtype === "variant") return new VariantCheck(entry, place);
  return new FixedCheck(entry, place);
}

/** Checks all the bytes of a tensor at once, which may lie in `buffer`. */
export function checkPayload(
  entry: BundleEntry,
  bytes: Uint8Array,
  bigEndian: boolean,
  place: Place,
  buffer?: Crc32cBuffer,
): void {
  const check = checkOf(entry, bigEndian, place);
  check.push(pieceOf(bytes, buffer), 0, bytes.length);
  check.finish();
}

/** Throws a `CorruptError` unless `actual` is the CRC of the entry. */
export function checkCrc(actual: number, entry: BundleEntry, place: Place): void {
  if (actual === entry.crc32c) return;
  const reason = `the ${entry.size} bytes are damaged: their CRC32C is ${hex(actual)}, the index says ${hex(entry.crc32c)}`;
  throw new CorruptError("tensor-checksum", reason, place);
}

class FixedCheck implements PayloadCheck {
  readonly #entry: BundleEntry;
  readonly #place: Place;
  #crc = 0;

  constructor(entry: BundleEntry, place: Place) {
    this.#entry = entry;
    this.#place = place;
  }

  push(piece: Piece, start: number, end: number): void {
    this.#crc = piece.crc32c(start, end, this.#crc);
  }

  finish(): void {
    checkCrc(this.#crc, this.#entry, this.#place);
  }
}

/** Reads what comes before, between and behind the elements: varints and checksums, which pieces may cut anywhere. */
class PartialReader {
  #value = 0;
  #bytes = 0;

  /** Takes one byte of a varint; the value once it is complete. */
  varint(byte: number): number | undefined {
    this.#value += (byte & 0x7f) * 2 ** (7 * this.#bytes);
    this.#bytes++;
    if (byte >= 0x80 && this.#bytes < 10) return undefined;
    return this.#take();
  }

  /** Takes one byte of a uint32; the value once it is complete. */
  uint32(byte: number, littleEndian: boolean): number | undefined {
    this.#value = littleEndian ? this.#value + byte * 2 ** (8 * this.#bytes) : this.#value * 256 + byte;
    this.#bytes++;
    return this.#bytes < 4 ? undefined : this.#take();
  }

  #take(): number {
    const value = this.#value;
    this.#value = 0;
    this.#bytes = 0;
    return value;
  }
}

/** Lengths whose checksum is taken at once. */
const LENGTHS_AT_ONCE = 4096;

class StringCheck implements PayloadCheck {
  readonly #entry: BundleEntry;
  readonly #place: Place;
  readonly #littleEndian: boolean;
  readonly #partial = new PartialReader();
  readonly #lengths = new DataView(new ArrayBuffer(8 * LENGTHS_AT_ONCE));
  #lengthsFilled = 0;
  #lengthsLeft: number;
  #checksumSeen = false;
  #position = 0;
  #bytesLeft = 0;
  #crc = 0;

  constructor(entry: BundleEntry, bigEndian: boolean, place: Place) {
    this.#entry = entry;
    this.#place = place;
    this.#littleEndian = !bigEndian;
    this.#lengthsLeft = elementCount(entry.shape);
  }

  push(piece: Piece, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#checksumSeen) {
      const byte = piece.bytes[at++] ?? 0;
      this.#position++;
      if (this.#lengthsLeft > 0) this.#takeLength(this.#partial.varint(byte));
      else this.#takeChecksum(this.#partial.uint32(byte, this.#littleEndian));
    }
    this.#bytesLeft -= end - at;
    this.#position += end - at;
    if (at < end) this.#crc = piece.crc32c(at, end, this.#crc);
  }

  finish(): void {
    if (!this.#checksumSeen || this.#bytesLeft !== 0) {
      const reason = `the lengths of the strings do not add up to the ${this.#entry.size} bytes of the tensor`;
      throw new CorruptError("string-lengths", reason, this.#place);
    }
    checkCrc(this.#crc, this.#entry, this.#place);
  }

  #takeLength(length: number | undefined): void {
    if (length === undefined) return;
    if (length > 0xffffffff) {
      this.#lengths.setBigUint64(this.#lengthsFilled, BigInt(length), this.#littleEndian);
      this.#lengthsFilled += 8;
    } else {
      this.#lengths.setUint32(this.#lengthsFilled, length, this.#littleEndian);
      this.#lengthsFilled += 4;
    }
    this.#bytesLeft += length;
    this.#lengthsLeft--;
    if (this.#lengthsFilled > this.#lengths.byteLength - 8) this.#flushLengths();
  }

  #flushLengths(): void {
    this.#crc = crc32c(new Uint8Array(this.#lengths.buffer, 0, this.#lengthsFilled), this.#crc);
    this.#lengthsFilled = 0;
  }

  #takeChecksum(masked: number | undefined): void {
    if (masked === undefined) return;
    this.#flushLengths();
    const stored = unmask(masked);
    if (stored !== this.#crc) {
      const reason = `the lengths of the strings are damaged: their CRC32C is ${hex(this.#crc)}, stored is ${hex(stored)}`;
      const offset = (this.#place.offset ?? 0) + this.#position - 4;
      throw new CorruptError("length-checksum", reason, { ...this.#place, offset });
    }
    this.#checksumSeen = true;
    this.#crc = crc32c(storedBytes(masked, this.#littleEndian), this.#crc);
  }
}

class VariantCheck implements PayloadCheck {
  readonly #entry: BundleEntry;
  readonly #place: Place;
  readonly #partial = new PartialReader();
  #elementsLeft: number;
  #element = 0;
  /** Bytes of the element that are still to come; `undefined` while its length is read. */
  #bytesLeft: number | undefined;
  #position = 0;
  #crc = 0;

  constructor(entry: BundleEntry, place: Place) {
    this.#entry = entry;
    this.#place = place;
    this.#elementsLeft = elementCount(entry.shape);
  }

  push(piece: Piece, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#elementsLeft === 0) throw this.#sizeError();
      if (this.#bytesLeft !== undefined && this.#bytesLeft > 0) {
        const stop = Math.min(end, at + this.#bytesLeft);
        this.#crc = piece.crc32c(at, stop, this.#crc);
        this.#bytesLeft -= stop - at;
        this.#position += stop - at;
        at = stop;
        continue;
      }
      const byte = piece.bytes[at++] ?? 0;
      this.#position++;
      if (this.#bytesLeft === undefined) this.#takeLength(this.#partial.varint(byte));
      else this.#takeChecksum(this.#partial.uint32(byte, true));
    }
  }

  finish(): void {
    if (this.#elementsLeft > 0) throw this.#sizeError();
    checkCrc(this.#crc, this.#entry, this.#place);
  }

  #takeLength(length: number | undefined): void {
    if (length === undefined) return;
    const counted = new DataView(new ArrayBuffer(8));
    counted.setBigUint64(0, BigInt(length), true);
    this.#crc = crc32c(new Uint8Array(counted.buffer), this.#crc);
    this.#bytesLeft = length;
  }

  #takeChecksum(masked: number | undefined): void {
    if (masked === undefined) return;
    const stored = unmask(masked);
    if (stored !== this.#crc) {
      const found = `the CRC32C up to it is ${hex(this.#crc)}, stored is ${hex(stored)}`;
      const offset = (this.#place.offset ?? 0) + this.#position - 4;
      throw new CorruptError("variant-checksum", `element ${this.#element} is damaged: ${found}`, {
        ...this.#place,
        offset,
      });
    }
    this.#crc = crc32c(storedBytes(masked, true), this.#crc);
    this.#bytesLeft = undefined;
    this.#elementsLeft--;
    this.#element++;
  }

  #sizeError(): CorruptError {
    const reason = `the elements do not add up to the ${this.#entry.size} bytes of the tensor`;
    return new CorruptError("variant-size", reason, this.#place);
  }
}

/** A stored checksum as its bytes. */
function storedBytes(masked: number, littleEndian: boolean): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, masked, littleEndian);
  return new Uint8Array(bytes.buffer);
}
