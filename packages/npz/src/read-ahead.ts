import type { Source, SourceReadOptions, WaitOptions } from "@modelbytes/bytes";

/** Bytes that are read where fewer are asked for. */
const WINDOW_BYTES = 4096;

/** Windows that are kept: small reads go back and forth between a member's header and the header of its array. */
const WINDOWS = 16;

interface Window {
  readonly start: number;
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
}

/** A source that reads a little more than it is asked for, and has it when it is asked for what follows. */
export class ReadAhead implements Source {
  readonly name: string;
  readonly #source: Source;
  #windows: readonly Window[] = [];

  constructor(source: Source) {
    this.name = source.name;
    this.#source = source;
  }

  async size(options: WaitOptions = {}): Promise<number> {
    return await this.#source.size(options);
  }

  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { signal } = options;
    const size = await this.#source.size({ signal });
    if (length === 0 || length >= WINDOW_BYTES || length > size - offset) {
      return await this.#source.read(offset, length, options);
    }
    for (const { start, bytes } of this.#windows) {
      const from = offset - start;
      if (from < 0 || from + length > WINDOW_BYTES) continue;
      const kept = await bytes.catch(() => new Uint8Array(0));
      if (from + length <= kept.length) return kept.slice(from, from + length);
    }
    const bytes = this.#source.read(offset, Math.min(WINDOW_BYTES, size - offset), { signal });
    bytes.catch(() => {});
    this.#windows = [{ start: offset, bytes }, ...this.#windows.slice(0, WINDOWS - 1)];
    return (await bytes).slice(0, length);
  }

  async close(): Promise<void> {
    await this.#source.close?.();
  }
}
