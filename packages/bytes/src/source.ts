import { SourceError } from "./errors.ts";

/** Options of anything that waits. */
export interface WaitOptions {
  /** Cancels this call alone: it rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

export interface SourceReadOptions extends WaitOptions {
  /**
   * Memory, at least `length` bytes of it, that the source may use for the result. With it the result is only to be looked at:
   * it may lie in `scratch` or in the source's own memory, and is good until `scratch` is used again. Without it the result is
   * fresh memory, the caller's own.
   */
  readonly scratch?: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Random access to the bytes of one file. Making a source does no I/O; whoever made it closes it.
 *
 * A read is exact or it fails: `read` gives exactly `length` bytes or rejects, and it never allocates before it knows that the
 * range lies inside the file. A range beyond the end is a `SourceError` with the code `"beyond-end"`; a file that is not there
 * is a `NotFoundError`.
 */
export interface Source {
  /** What errors call the file: its path, its URL, its Blob's name. */
  readonly name: string;
  /** Size of the file in bytes. */
  size(options?: WaitOptions): Promise<number>;
  /** The `length` bytes at `offset`. */
  read(offset: number, length: number, options?: SourceReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  close?(): Promise<void>;
}

/** Checks a range against the size of the file. Throws `RangeError` for no range at all, `SourceError` for one beyond the end. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new RangeError(`no range of a file: ${length} bytes at ${offset}`);
  }
  if (offset + length > size) {
    throw new SourceError("beyond-end", `${length} bytes wanted, but the file ends at byte ${size}`, {
      file: name,
      offset,
    });
  }
}
