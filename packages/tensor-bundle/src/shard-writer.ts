import type { Sink } from "@modelbytes/bytes";

/** Smaller pieces are collected up to so many bytes before they are written. */
const BUFFER_BYTES = 2 ** 20;

const LARGEST_COLLECTED = BUFFER_BYTES / 4;

/** Appends to a data file: small pieces together, large ones while the caller goes on. */
export class ShardWriter {
  readonly #sink: Sink;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #buffered = 0;
  #writing: Promise<void> = Promise.resolve();
  #position = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Bytes appended so far. */
  get position(): number {
    return this.#position;
  }

  /** Appends a small piece if nothing needs to be written for it, and says whether it did. */
  collect(bytes: Uint8Array): boolean {
    if (bytes.length > LARGEST_COLLECTED || this.#buffered + bytes.length > BUFFER_BYTES) return false;
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
    this.#position += bytes.length;
    return true;
  }

  /** Appends `bytes`, which may not change before the next call of any method has resolved. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.collect(bytes)) return;
    await this.#flush();
    if (this.collect(bytes)) return;
    this.#position += bytes.length;
    this.#writing = this.#sink.write(bytes);
    this.#writing.catch(() => {});
  }

  /** Appends zeros up to `position`. */
  async pad(position: number): Promise<void> {
    while (this.#position < position) {
      await this.write(new Uint8Array(Math.min(position - this.#position, LARGEST_COLLECTED)));
    }
  }

  /** Waits until all bytes are written. */
  async settle(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.settle();
    await this.#sink.close();
  }

  async abort(reason: unknown): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#sink.abort(reason);
  }

  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#buffered === 0) return;
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    await this.#sink.write(bytes);
  }
}
