import {
  checkRange,
  checkScratch,
  NEARBY_ROUND_TRIP_BYTES,
  type Source,
  type SourceReadOptions,
  type WaitOptions,
} from "./source.ts";

/**
 * Bytes in memory. They are never written to; with `scratch` a read is a view of them, otherwise a copy. They are not copied
 * when the source is made (unless they are shared memory), so who changes them changes the file.
 */
export class BytesSource implements Source {
  readonly name: string;
  readonly roundTripBytes: number = NEARBY_ROUND_TRIP_BYTES;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  /** `name` is what errors call the bytes. */
  constructor(bytes: Uint8Array, name = "(bytes)") {
    this.name = name;
    const { buffer, byteOffset, byteLength } = bytes;
    this.#bytes =
      buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
  }

  async size(options: WaitOptions = {}): Promise<number> {
    options.signal?.throwIfAborted();
    return this.#bytes.length;
  }

  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { signal, scratch } = options;
    signal?.throwIfAborted();
    checkRange(this.name, this.#bytes.length, offset, length);
    checkScratch(length, scratch);
    const view = this.#bytes.subarray(offset, offset + length);
    return scratch === undefined ? view.slice() : view;
  }
}
