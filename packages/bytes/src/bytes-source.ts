import { checkRange, type Source, type SourceReadOptions } from "./source.ts";

/** Bytes in memory. They are never written to; with `scratch` a read is a view of them, otherwise a copy. */
export class BytesSource implements Source {
  readonly name: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array, name = "(bytes)") {
    this.name = name;
    const { buffer, byteOffset, byteLength } = bytes;
    this.#bytes = buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : bytes.slice();
  }

  async size(): Promise<number> {
    return this.#bytes.length;
  }

  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    options.signal?.throwIfAborted();
    checkRange(this.name, this.#bytes.length, offset, length);
    const view = this.#bytes.subarray(offset, offset + length);
    return options.scratch === undefined ? view.slice() : view;
  }
}
