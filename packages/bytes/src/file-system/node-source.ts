import { constants as bufferConstants } from "node:buffer";
import { constants, type FileHandle, open } from "node:fs/promises";
import { NotFoundError, SourceError } from "../errors.ts";
import {
  checkRange,
  NEARBY_ROUND_TRIP_BYTES,
  roomFor,
  type Source,
  type SourceReadOptions,
  type WaitOptions,
} from "../source.ts";
import { untilAborted } from "../until-aborted.ts";
import { codeOf, LARGEST_CALL } from "./node-call.ts";

interface OpenFile {
  readonly handle: FileHandle;
  /** Bytes, when the file was opened. */
  readonly size: number;
}

/** Reading only; and a pipe or a device is refused, not waited for (Windows knows no such flag). */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** A file on disk, opened at its first read and held open until `close`. */
export class FileSource implements Source {
  readonly name: string;
  readonly roundTripBytes: number = NEARBY_ROUND_TRIP_BYTES;
  #opening: Promise<OpenFile> | undefined;

  constructor(path: string) {
    this.name = path;
  }

  async size(options: WaitOptions = {}): Promise<number> {
    options.signal?.throwIfAborted();
    return (await untilAborted(this.#open(), options.signal)).size;
  }

  /** A system call that is under way cannot be cancelled, and writes to its memory: an abort shows when it is over. */
  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { signal, scratch } = options;
    signal?.throwIfAborted();
    const { handle, size } = await untilAborted(this.#open(), signal);
    checkRange(this.name, size, offset, length);
    const target = scratch === undefined ? roomToFill(length) : roomFor(length, scratch);
    if (length < SMALLEST_HALVED) {
      await this.#fill(handle, target, 0, length, offset, signal);
      return target;
    }
    const half = Math.floor(length / 2);
    const halves = [
      this.#fill(handle, target, 0, half, offset, signal),
      this.#fill(handle, target, half, length, offset, signal),
    ];
    await Promise.allSettled(halves); // when one has failed the other still writes to the memory
    await Promise.all(halves);
    return target;
  }

  /** Reads target[start, end), of which target[0] is the byte at `offset`. */
  async #fill(
    handle: FileHandle,
    target: Uint8Array,
    start: number,
    end: number,
    offset: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (let filled = start; filled < end; ) {
      const at = offset + filled;
      const wanted = Math.min(end - filled, LARGEST_CALL);
      const { bytesRead } = await handle.read(target, filled, wanted, at).catch((cause: unknown) => {
        throw this.#failure(cause, at);
      });
      signal?.throwIfAborted();
      if (bytesRead === 0) {
        const reason = `${target.length} bytes wanted, but the file ends after ${filled}: it was cut while it was read`;
        throw new SourceError("short-read", reason, { file: this.name, offset });
      }
      filled += bytesRead;
    }
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    const file = await opening?.catch(() => undefined); // what could not be opened needs no closing
    await file?.handle.close();
  }

  #open(): Promise<OpenFile> {
    if (this.#opening === undefined) {
      const opening = this.#openFile();
      opening.catch(() => {
        if (this.#opening === opening) this.#opening = undefined;
      });
      this.#opening = opening;
    }
    return this.#opening;
  }

  async #openFile(): Promise<OpenFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(this.name, READ);
      const stat = await handle.stat();
      if (stat.isFile()) return { handle, size: stat.size };
      throw this.#notFile(stat.isDirectory() ? "this is a directory" : "this is no regular file");
    } catch (cause) {
      await handle?.close();
      throw cause instanceof SourceError ? cause : this.#failure(cause);
    }
  }

  #notFile(reason: string, cause?: unknown): SourceError {
    return new SourceError("not-a-file", reason, { file: this.name, cause });
  }

  #failure(cause: unknown, offset?: number): Error {
    const place = { file: this.name, offset, cause };
    const code = codeOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return new NotFoundError("not-found", "no such file", place);
    if (code === "EISDIR") return this.#notFile("this is a directory", cause);
    if (code === "ENXIO") return this.#notFile("this is no regular file", cause);
    if (code === "EBADF") return new SourceError("closed", "the source was closed while it was read", place);
    return new SourceError("read-failed", `the file cannot be read (${code})`, place);
  }
}

/** Bytes from which on a range is read in two halves at once: one processor copies slower than memory allows. */
const SMALLEST_HALVED = 2 ** 21;

/** Fresh memory that is not cleared first: all of it is written to, or the read fails and nobody sees it. */
function roomToFill(length: number): Uint8Array<ArrayBuffer> {
  if (length < SMALLEST_UNCLEARED || length > bufferConstants.MAX_LENGTH) return roomFor(length, undefined);
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** Bytes from which on clearing memory takes longer than two calls more. */
const SMALLEST_UNCLEARED = 4096;
