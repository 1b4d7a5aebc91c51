import type { Source } from "@modelbytes/bytes";
import { planRequests } from "./requests.ts";

/** Bytes of a page where a file is not read whole. */
export const PAGE_BYTES = 16_384;
/** Files up to this size are read whole, in one request: their metadata is spread all over them. */
export const WHOLE_FILE_BYTES: number = 2 ** 22;
/**
 * Bytes that 100 Mbit/s bring in a round trip of 100 ms, where the source does not say how near it is. As wide a gap between wanted bytes is sooner read than asked around. And who
 * looks something up will want more of what lies there, mostly behind it: as much is read ahead, and a quarter of that before.
 */
const ROUND_TRIP_BYTES = 1_250_000;
/** The most bytes of one request. */
const REQUEST_BYTES: number = 2 ** 23;
/** The most bytes of a file that are read without being asked for, while it is open. */
const SPARE_BYTES: number = 2 ** 25;
/** Requests under way at once. */
const REQUESTS_AT_ONCE = 16;
/** Bytes that the cache keeps. */
const CACHE_BYTES: number = 2 ** 26;

/**
 * Metadata by pages, kept while they are used. Small structures that refer to each other lie all over an HDF5 file, between its data;
 * this makes few requests of many small reads. What is wanted in the same turn of the event loop is planned together.
 */
export class Pages {
  /** Bytes of the file. */
  readonly size: number;
  readonly pageBytes: number;
  readonly #source: Source;
  readonly #pages = new Map<number, Page>();
  #wanted = new Map<number, Page>();
  #spare: number;

  constructor(source: Source, size: number) {
    this.#source = source;
    this.size = size;
    this.pageBytes = size > WHOLE_FILE_BYTES ? PAGE_BYTES : Math.max(size, 1);
    this.#spare = SPARE_BYTES / PAGE_BYTES;
  }

  /** The page that has all of a range, if it is at hand. Its first byte is byte `offset - offset % pageBytes` of the file. */
  holding(offset: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    const start = offset % this.pageBytes;
    return start + length <= this.pageBytes ? this.#pages.get((offset - start) / this.pageBytes)?.bytes : undefined;
  }

  /** The bytes of a range, if all are at hand; a view where they are in one page. They must not be written to. */
  peek(offset: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    const number = Math.floor(offset / this.pageBytes);
    const start = offset - number * this.pageBytes;
    const first = this.#pages.get(number)?.bytes;
    if (start + length <= this.pageBytes) return first?.subarray(start, start + length);
    if (first === undefined) return undefined;
    const pages = [first];
    for (let next = number + 1; next * this.pageBytes < offset + length; next++) {
      const page = this.#pages.get(next)?.bytes;
      if (page === undefined) return undefined;
      pages.push(page);
    }
    return joined(pages, start, length);
  }

  /** The bytes of a range that lies inside the file, read where they are not at hand. They must not be written to. */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const pages: Page[] = [];
    for (let number = Math.floor(offset / this.pageBytes); number * this.pageBytes < offset + length; number++) {
      pages.push(this.#pages.get(number) ?? this.#want(number));
    }
    const bytes = await Promise.all(pages.map((page) => page.coming));
    return joined(bytes, offset % this.pageBytes, length);
  }

  #want(number: number): Page {
    if (this.#wanted.size === 0) queueMicrotask(() => this.#fetch());
    const page = this.#expect(number);
    this.#wanted.set(number, page);
    return page;
  }

  /** A page that will come; the oldest make room for it. */
  #expect(number: number): Page {
    const page = new Page();
    this.#pages.set(number, page);
    const most = Math.max(1, Math.floor(CACHE_BYTES / this.pageBytes));
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= most) break;
      this.#pages.delete(oldest);
    }
    return page;
  }

  #fetch(): void {
    const wanted = this.#wanted;
    this.#wanted = new Map();
    const bytes = this.pageBytes;
    const roundTrip = this.#source.roundTripBytes ?? ROUND_TRIP_BYTES;
    const runs = planRequests([...wanted.keys()], Math.ceil(this.size / bytes), {
      gap: Math.floor(roundTrip / bytes),
      before: Math.floor(roundTrip / bytes / 4),
      behind: Math.floor(roundTrip / bytes),
      most: Math.max(1, Math.floor(REQUEST_BYTES / bytes)),
      spare: this.#spare,
      isKnown: (page) => this.#pages.has(page),
    });
    this.#spare -= runs.reduce((sum, [first, last]) => sum + last - first + 1, -wanted.size);
    const requests = runs.map(([first, last]) => {
      const pages: [number: number, page: Page][] = [];
      for (let number = first; number <= last; number++) {
        pages.push([number, wanted.get(number) ?? this.#pages.get(number) ?? this.#expect(number)]);
      }
      return pages;
    });
    const queue = requests.values();
    for (let left = REQUESTS_AT_ONCE; left > 0; left--) void this.#send(queue);
  }

  /** Sends one request after another. Errors go to those who wait for the pages. */
  async #send(queue: Iterable<[number: number, page: Page][]>): Promise<void> {
    for (const pages of queue) {
      const offset = (pages[0]?.[0] ?? 0) * this.pageBytes;
      const length = Math.min(this.size - offset, pages.length * this.pageBytes);
      try {
        const bytes = await this.#source.read(offset, length);
        for (const [index, [, page]] of pages.entries()) {
          page.arrive(bytes.subarray(index * this.pageBytes, (index + 1) * this.pageBytes));
        }
      } catch (error) {
        for (const [number, page] of pages) {
          page.fail(error);
          if (page.bytes === undefined && this.#pages.get(number) === page) this.#pages.delete(number);
        }
      }
    }
  }
}

/** A page that is there, or will be. */
class Page {
  bytes: Uint8Array<ArrayBuffer> | undefined;
  readonly coming: Promise<Uint8Array<ArrayBuffer>>;
  #resolve: (bytes: Uint8Array<ArrayBuffer>) => void = () => {};
  #reject: (reason: unknown) => void = () => {};

  constructor() {
    this.coming = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.coming.catch(() => {}); // nobody may be waiting
  }

  arrive(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes ??= bytes;
    this.#resolve(this.bytes);
  }

  fail(reason: unknown): void {
    this.#reject(reason);
  }
}

/** `length` bytes of neighbouring pages from byte `start` of the first on; a view where there is one page. */
function joined(pages: readonly Uint8Array<ArrayBuffer>[], start: number, length: number): Uint8Array<ArrayBuffer> {
  const [only] = pages;
  if (only !== undefined && pages.length === 1) return only.subarray(start, start + length);
  const result = new Uint8Array(length);
  let at = -start;
  for (const page of pages) {
    const from = Math.max(0, -at);
    result.set(page.subarray(from, length - at), at + from);
    at += page.length;
  }
  return result;
}
