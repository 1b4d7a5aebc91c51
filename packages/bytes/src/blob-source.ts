import { NotFoundError, SourceError } from "./errors.ts";
import {
  checkRange,
  checkScratch,
  NEARBY_ROUND_TRIP_BYTES,
  roomFor,
  type Source,
  type SourceReadOptions,
  type WaitOptions,
} from "./source.ts";
import { untilAborted } from "./until-aborted.ts";

/** The most bytes of one `arrayBuffer()`: browsers fail at about 2 GiB, and pieces can be cancelled in between. */
const LARGEST_PIECE = 64 * 2 ** 20;

/**
 * A Blob or a File, read piece by piece. Not for files on Node 20: its `fs.openAsBlob` reports sizes modulo 2^32; there a path
 * is the way.
 */
export class BlobSource implements Source {
  readonly name: string;
  readonly roundTripBytes: number = NEARBY_ROUND_TRIP_BYTES;
  readonly #blob: Blob;

  /** `name` is what errors call the Blob; a File has its own, which `name` replaces. */
  constructor(blob: Blob, name?: string) {
    this.#blob = blob;
    this.name = name ?? (blob instanceof File ? blob.webkitRelativePath || blob.name : "(blob)");
  }

  async size(options: WaitOptions = {}): Promise<number> {
    options.signal?.throwIfAborted();
    return this.#blob.size;
  }

  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { signal, scratch } = options;
    signal?.throwIfAborted();
    checkRange(this.name, this.#blob.size, offset, length);
    checkScratch(length, scratch);
    if (length <= LARGEST_PIECE) return await this.#piece(offset, length, signal);
    const target = roomFor(length, scratch);
    for (let filled = 0; filled < length; ) {
      const piece = await this.#piece(offset + filled, Math.min(length - filled, LARGEST_PIECE), signal);
      target.set(piece, filled);
      filled += piece.length;
    }
    return target;
  }

  async #piece(offset: number, length: number, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const place = { file: this.name, offset };
    const reading = this.#blob.slice(offset, offset + length).arrayBuffer();
    const bytes = new Uint8Array(
      await untilAborted(reading, signal).catch((cause: unknown) => {
        signal?.throwIfAborted();
        if (cause instanceof DOMException && cause.name === "NotFoundError") {
          throw new NotFoundError("not-found", "the file behind the Blob is gone", { ...place, cause });
        }
        throw new SourceError("read-failed", "the Blob cannot be read; did its file change?", { ...place, cause });
      }),
    );
    if (bytes.length !== length) {
      throw new SourceError("short-read", `${length} bytes wanted, ${bytes.length} came`, place);
    }
    return bytes;
  }
}
