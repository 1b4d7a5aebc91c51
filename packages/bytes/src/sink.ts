import { fileSystem } from "#file-system";
import { UnsupportedError } from "./errors.ts";
import { withoutSecrets } from "./http-answer.ts";

/**
 * Where a file is written, from its first byte to its last. Making a sink does no I/O.
 *
 * Nothing is visible under the final name until `close` has resolved; `abort` leaves nothing behind. Who makes a sink ends it, with
 * one of the two. Both can be called again without harm, and `abort` after `close` changes nothing, so it may stand in a `finally`.
 */
export interface Sink {
  /** What errors call the file. */
  readonly name: string;
  /**
   * Appends all of `bytes`, which may be used again once this has resolved. Calls that overlap are written in their order.
   * Rejects with a `TypeError` after `close` or `abort`.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the file visible, whole. Rejects, and leaves nothing behind, if a write failed before or the sink was aborted. */
  close(): Promise<void>;
  /** Gives up: the file never was. */
  abort(reason?: unknown): Promise<void>;
}

/** A string is a path, a `URL` a `file:` URL (both Node only). */
export type SinkLike = string | URL | Sink;

/**
 * A sink that writes a file (Node only): to `<path>.tempstate<digits>` beside it, as TensorFlow does, renamed by `close`. It replaces
 * a file that is there. A `Sink` comes back as it is. Does no I/O.
 *
 * Throws an `UnsupportedError` for a path in a browser (`"no-file-system"`) and for a URL that is not `file:` (`"url-scheme"`).
 */
export function toSink(to: SinkLike): Sink {
  if (to instanceof URL && to.protocol !== "file:") {
    throw new UnsupportedError("url-scheme", "files are written to paths and file: URLs", { file: withoutSecrets(to) });
  }
  return typeof to === "string" || to instanceof URL ? fileSystem.sink(to) : to;
}

/** A sink in memory. `bytes` holds the file once `close` has resolved. */
export class MemorySink implements Sink {
  readonly name: string;
  #state: "open" | "closed" | "aborted" = "open";
  #pieces: Uint8Array[] = [];
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  /** `name` is what errors call the file. */
  constructor(name = "(memory)") {
    this.name = name;
  }

  /** The whole file. Throws a `TypeError` before it is closed. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) throw new TypeError(`${this.name} is not closed yet, or was aborted`);
    return this.#bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#state !== "open") throw new TypeError(`${this.name} was ${this.#state}`);
    this.#pieces.push(new Uint8Array(bytes)); // not slice(), which for a Buffer is a view
  }

  async close(): Promise<void> {
    if (this.#state === "aborted") throw new TypeError(`${this.name} was aborted`);
    this.#state = "closed";
    this.#bytes ??= joined(this.#pieces);
    this.#pieces = [];
  }

  async abort(): Promise<void> {
    if (this.#state === "open") this.#state = "aborted";
    this.#pieces = [];
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
