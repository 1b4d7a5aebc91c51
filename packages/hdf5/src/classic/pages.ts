import type { Source } from "@modelbytes/bytes";

/** Bytes of a page where a file is not read whole. Pages that are wanted at once and lie near each other are one request. */
export const PAGE_BYTES = 16_384;
/** Files up to this size are read whole, in one request: their metadata is spread all over them. */
export const WHOLE_FILE_BYTES: number = 4 * 2 ** 20;
/** Pages between two wanted ones that are cheaper read than asked around. */
const GAP_PAGES = 2;
/** The most pages of one request. */
const MOST_PAGES = 256;
/** Bytes that the cache keeps. */
const CACHE_BYTES = 64 * 2 ** 20;

/**
 * Metadata by pages, kept while they are used. Small structures that refer to each other lie all over an HDF5 file; this makes few
 * requests of many small reads: what is wanted in the same turn of the event loop is planned together.
 */
export class Pages {
  /** Bytes of the file. */
  readonly size: number;
  /** Whether one page is the whole file. */
  readonly whole: boolean;
  readonly #source: Source;
  readonly #pageBytes: number;
  readonly #pages = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();
  #wanted = new Map<number, Wanted>();

  constructor(source: Source, size: number) {
    this.#source = source;
    this.size = size;
    this.whole = size <= WHOLE_FILE_BYTES;
    this.#pageBytes = this.whole ? Math.max(size, 1) : PAGE_BYTES;
  }

  /** The bytes of a range that lies inside the file; a view where they are in one page. They must not be written to. */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (length === 0) return new Uint8Array(0);
    const first = Math.floor(offset / this.#pageBytes);
    const last = Math.floor((offset + length - 1) / this.#pageBytes);
    const start = offset - first * this.#pageBytes;
    if (first === last) return (await this.#page(first)).subarray(start, start + length);
    const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    const pages = await Promise.all(numbers.map((number) => this.#page(number)));
    const result = new Uint8Array(length);
    let at = 0;
    for (const [index, page] of pages.entries()) {
      const part = page.subarray(
        index === 0 ? start : 0,
        Math.min(page.length, (index === 0 ? start : 0) + length - at),
      );
      result.set(part, at);
      at += part.length;
    }
    return result;
  }

  #page(number: number): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.#pages.get(number);
    if (known !== undefined) return known;
    const page = new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
      if (this.#wanted.size === 0) queueMicrotask(() => this.#fetch());
      this.#wanted.set(number, { resolve, reject });
    });
    this.#keep(number, page);
    return page;
  }

  #keep(number: number, page: Promise<Uint8Array<ArrayBuffer>>): void {
    this.#pages.set(number, page);
    page.catch(() => {
      if (this.#pages.get(number) === page) this.#pages.delete(number);
    });
    const most = Math.max(1, Math.floor(CACHE_BYTES / this.#pageBytes));
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= most) break;
      this.#pages.delete(oldest);
    }
  }

  #fetch(): void {
    const wanted = this.#wanted;
    this.#wanted = new Map();
    for (const [first, last] of runsOf([...wanted.keys()])) {
      const offset = first * this.#pageBytes;
      const length = Math.min(this.size, (last + 1) * this.#pageBytes) - offset;
      const bytes = this.#source.read(offset, length);
      for (let number = first; number <= last; number++) {
        const start = (number - first) * this.#pageBytes;
        const page = bytes.then((all) => all.subarray(start, start + this.#pageBytes));
        const waiting = wanted.get(number);
        if (waiting === undefined) {
          if (!this.#pages.has(number)) this.#keep(number, page);
        } else page.then(waiting.resolve, waiting.reject);
      }
    }
  }
}

interface Wanted {
  readonly resolve: (page: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (reason: unknown) => void;
}

/** The wanted pages as runs of neighbours, first and last page of each. */
function runsOf(numbers: number[]): [first: number, last: number][] {
  const result: [number, number][] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const run = result.at(-1);
    if (run !== undefined && number - run[1] <= GAP_PAGES + 1 && number - run[0] < MOST_PAGES) run[1] = number;
    else result.push([number, number]);
  }
  return result;
}
