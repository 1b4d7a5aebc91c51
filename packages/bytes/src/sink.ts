import { fileSystem } from "#file-system";

/**
 * Where a file is written, from its first byte to its last. Nothing is visible under the final name until `close` has resolved;
 * `abort` leaves nothing behind.
 */
export interface Sink {
  readonly name: string;
  /** Takes all of `bytes`, which may be used again once this has resolved. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}

/** A sink that writes a file (Node only): to a temporary name beside it, renamed by `close`. Does no I/O. */
export function toSink(path: string | URL): Sink {
  return fileSystem.sink(path);
}

/** A sink in memory. `bytes` holds the file once `close` has resolved. */
export class MemorySink implements Sink {
  readonly name: string;
  #pieces: Uint8Array[] = [];
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(name = "(memory)") {
    this.name = name;
  }

  /** The whole file. Throws a `TypeError` before it is closed. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) throw new TypeError(`${this.name} is not closed yet`);
    return this.#bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#pieces.push(bytes.slice());
  }

  async close(): Promise<void> {
    const length = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#bytes = bytes;
  }

  async abort(): Promise<void> {
    this.#pieces = [];
  }
}
