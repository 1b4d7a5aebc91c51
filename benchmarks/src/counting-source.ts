import { type Source, type SourceLike, type SourceReadOptions, toSource, type WaitOptions } from "@modelbytes/bytes";
import type { Counts } from "./question.ts";

/** A source that counts what is read of it. */
export class CountingSource implements Source {
  readonly name: string;
  readonly roundTripBytes: number | undefined;
  readonly #source: Source;
  #reads = 0;
  #bytes = 0;

  constructor(from: SourceLike) {
    this.#source = toSource(from);
    this.name = this.#source.name;
    this.roundTripBytes = this.#source.roundTripBytes; // how much is read depends on how near the file is
  }

  get counts(): Counts {
    return { reads: this.#reads, bytes: this.#bytes };
  }

  async size(options?: WaitOptions): Promise<number> {
    return await this.#source.size(options);
  }

  async read(offset: number, length: number, options?: SourceReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    this.#reads++;
    this.#bytes += length;
    return await this.#source.read(offset, length, options);
  }

  async close(): Promise<void> {
    await this.#source.close?.();
  }
}
