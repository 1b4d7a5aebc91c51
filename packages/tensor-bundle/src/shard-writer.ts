import type { Sink } from "@modelbytes/bytes";

/** Smaller pieces are collected up to so many bytes before they are written. */
const BUFFER_BYTES = 2 ** 20;

/** Bytes that all data files of a bundle collect together: the more there are, the fewer each of them may. */
const ALL_BUFFERS_BYTES = 2 ** 25;

/** Bytes of zeros that are written at once. */
const PADDING_BYTES = 2 ** 16;

/** Appends to a data file: small pieces together, large ones while the caller goes on. */
export class ShardWriter {
  readonly #sink: Sink;
  readonly #capacity: number;
  /** Made when the first piece is collected. */
  #buffer: Uint8Array | undefined;
  #buffered = 0;
  #writing: Promise<void> = Promise.resolve();
  #position = 0;

  /** `sink` is that of one of `shards` data files that are written at the same time. */
  constructor(sink: Sink, shards: number) {
    this.#sink = sink;
    this.#capacity = Math.min(BUFFER_BYTES, Math.floor(ALL_BUFFERS_BYTES / shards));
  }

  /** Bytes appended so far. */
  get position(): number {
    return this.#position;
  }

  /** Appends a small piece if nothing needs to be written for it, and says whether it did. */
  collect(bytes: Uint8Array): boolean {
    if (bytes.length > this.#capacity / 4 || this.#buffered + bytes.length > this.#capacity) return false;
    this.#buffer ??= new Uint8Array(this.#capacity);
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
      await this.write(new Uint8Array(Math.min(position - this.#position, PADDING_BYTES)));
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
    if (this.#buffer === undefined || this.#buffered === 0) return;
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    await this.#sink.write(bytes);
  }
}
