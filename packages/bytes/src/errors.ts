/**
 * The four errors of modelbytes, told apart by whose fault it is, so by what a caller can do:
 *
 *     CorruptError      the file is not what its format promises      → get another copy, or salvage
 *     UnsupportedError  the file may be fine, this library cannot     → use what the message names
 *     NotFoundError     there is no such file, tensor or key          → look at the name
 *     SourceError       the disk, the network or a server failed      → try again
 *
 * A programmer's mistake is a plain `TypeError` or `RangeError`, and a cancelled call rejects with `signal.reason` itself.
 */

/** Where something went wrong, as far as it is known. */
export interface Place {
  /** The file's name as its source gives it. */
  readonly file?: string | undefined;
  /** Bytes from the start of `file`. */
  readonly offset?: number | undefined;
  /** The tensor, or the key, that was being read or written. */
  readonly tensor?: string | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** What the four errors share. `code` is stable and made for programs; `message` names the place and is made for people. */
export abstract class ModelbytesError extends Error {
  /** What happened, in kebab-case, e.g. `"block-checksum"`. Every package lists its own codes. */
  readonly code: string;
  /** The file's name as its source gives it: a path, a URL, a Blob's name. */
  readonly file: string | undefined;
  /** Bytes from the start of the file. */
  readonly offset: number | undefined;
  /** The tensor, or the key, that was being read or written. */
  readonly tensor: string | undefined;
  /** The message without its place. */
  readonly reason: string;

  constructor(code: string, reason: string, place: Place = {}) {
    super(describe(reason, place), place.cause === undefined ? undefined : { cause: place.cause });
    this.code = code;
    this.reason = reason;
    this.file = place.file;
    this.offset = place.offset;
    this.tensor = place.tensor;
  }
}

/** The file breaks a rule of its format, or a checksum does not hold. */
export class CorruptError extends ModelbytesError {
  override readonly name = "CorruptError";
}

/** The file uses something that this library, or this host, cannot handle. */
export class UnsupportedError extends ModelbytesError {
  override readonly name = "UnsupportedError";
}

/** No such file, tensor or key. */
export class NotFoundError extends ModelbytesError {
  override readonly name = "NotFoundError";
}

/** Input or output failed: a short read, a server that ignores ranges, a file that changed while it was read. */
export class SourceError extends ModelbytesError {
  override readonly name = "SourceError";
}

function describe(reason: string, { file, offset, tensor }: Place): string {
  const where = [
    file === undefined ? undefined : file,
    offset === undefined ? undefined : `byte ${offset}`,
    tensor === undefined ? undefined : `tensor ${JSON.stringify(tensor)}`,
  ].filter((part) => part !== undefined);
  return where.length === 0 ? reason : `${where.join(", ")}: ${reason}`;
}
