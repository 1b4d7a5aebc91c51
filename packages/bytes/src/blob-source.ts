import { SourceError } from "./errors.ts";
import { checkRange, type Source, type SourceReadOptions } from "./source.ts";

/**
 * A Blob or a File, read piece by piece. Not for files on Node 20: its `fs.openAsBlob` reports sizes modulo 2^32; there a path
 * is the way.
 */
export class BlobSource implements Source {
  readonly name: string;
  readonly #blob: Blob;

  constructor(blob: Blob, name?: string) {
    this.#blob = blob;
    this.name = name ?? (blob instanceof File ? blob.webkitRelativePath || blob.name : "(blob)");
  }

  async size(): Promise<number> {
    return this.#blob.size;
  }

  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    options.signal?.throwIfAborted();
    checkRange(this.name, this.#blob.size, offset, length);
    const bytes = new Uint8Array(await this.#buffer(offset, length));
    options.signal?.throwIfAborted();
    if (bytes.length !== length) {
      throw new SourceError("short-read", `${length} bytes wanted, ${bytes.length} came`, { file: this.name, offset });
    }
    return bytes;
  }

  async #buffer(offset: number, length: number): Promise<ArrayBuffer> {
    try {
      return await this.#blob.slice(offset, offset + length).arrayBuffer();
    } catch (cause) {
      throw new SourceError("read-failed", "the Blob could not be read", { file: this.name, offset, cause });
    }
  }
}
