import { SourceError } from "./errors.ts";

/** Options of anything that waits. */
export interface WaitOptions {
  /** Cancels this call alone: it rejects with `signal.reason` itself. Calls that share its work go on. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `Source.read`. */
export interface SourceReadOptions extends WaitOptions {
  /**
   * Memory, at least `length` bytes of it, that the source may use for the result. With it the result is only to be looked at:
   * it may lie in `scratch` or in the source's own memory, and is good until `scratch` is used again. Without it the result is
   * fresh memory, the caller's own. Once the call has resolved or rejected, the source writes to `scratch` no more.
   */
  readonly scratch?: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Random access to the bytes of one file. Making a source does no I/O; whoever made it closes it. Calls may overlap.
 *
 * A read is exact or it fails: `read` gives exactly `length` bytes or rejects, and it never allocates before it knows that the
 * range lies inside the file. A range beyond the end, even an empty one, is a `SourceError` with the code `"beyond-end"`; a
 * file that is not there is a `NotFoundError`; what is no range (negative, fractional, beyond 2^53) is a `RangeError`, and so is
 * a `scratch` that is too small.
 */
export interface Source {
  /** What errors call the file: its path, its URL without secrets, its Blob's name. */
  readonly name: string;
  /**
   * About how many bytes could be read in the time that one more read takes: whoever saves a read may read as many more. Of a file near
   * by they are few; absent, of a source far away or unknown, many.
   */
  readonly roundTripBytes?: number | undefined;
  /** Size of the file in bytes, as it was when the source first looked. */
  size(options?: WaitOptions): Promise<number>;
  /** The `length` bytes at `offset`, both in bytes. */
  read(offset: number, length: number, options?: SourceReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Gives back what the source holds, such as a file handle. Closing twice is fine, and so is reading afterwards: the source
   * opens its file again, and wants to be closed again.
   */
  close?(): Promise<void>;
}

/** Checks a range against the size of the file. Throws `RangeError` for no range at all, `SourceError` for one beyond the end. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new RangeError(`no range of a file: ${length} bytes at ${offset}`);
  }
  if (length > size - offset) {
    throw new SourceError("beyond-end", `${length} bytes wanted, but the file ends at byte ${size}`, {
      file: name,
      offset,
    });
  }
}

/** Throws a `RangeError` for a `scratch` of fewer than `length` bytes. */
export function checkScratch(length: number, scratch: Uint8Array | undefined): void {
  if (scratch !== undefined && scratch.length < length) {
    throw new RangeError(`scratch holds ${scratch.length} bytes, fewer than the ${length} to read`);
  }
}

/** Room for `length` bytes: the beginning of `scratch`, or fresh memory. */
export function roomFor(length: number, scratch: Uint8Array<ArrayBuffer> | undefined): Uint8Array<ArrayBuffer> {
  checkScratch(length, scratch);
  return scratch === undefined ? new Uint8Array(length) : scratch.subarray(0, length);
}

/** `roundTripBytes` of files on a disk and of bytes in memory. */
export const NEARBY_ROUND_TRIP_BYTES: number = 2 ** 15;
