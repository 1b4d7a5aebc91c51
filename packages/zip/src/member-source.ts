import { checkRange, type Source, type SourceReadOptions, type WaitOptions } from "@modelbytes/bytes";

/**
 * A stored member as a file of its own: reads are reads of the archive, nothing is copied or held. It is not closed; the archive is.
 */
export class MemberSource implements Source {
  readonly name: string;
  readonly roundTripBytes: number | undefined;
  readonly #archive: Source;
  readonly #offset: number;
  readonly #size: number;

  /** The `size` bytes at `offset` of `archive`. `name` is what errors call the member. */
  constructor(archive: Source, offset: number, size: number, name: string) {
    this.name = name;
    this.roundTripBytes = archive.roundTripBytes;
    this.#archive = archive;
    this.#offset = offset;
    this.#size = size;
  }

  async size(options: WaitOptions = {}): Promise<number> {
    options.signal?.throwIfAborted();
    return this.#size;
  }

  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    options.signal?.throwIfAborted();
    checkRange(this.name, this.#size, offset, length);
    return await this.#archive.read(this.#offset + offset, length, options);
  }
}
