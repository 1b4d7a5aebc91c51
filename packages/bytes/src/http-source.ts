import { NotFoundError, SourceError } from "./errors.ts";
import { checkRange, type Source, type SourceReadOptions, type WaitOptions } from "./source.ts";

/** How requests are made. */
export interface HttpOptions {
  /** Instead of the global `fetch`: sign the request, add headers, count it, answer it from a cache. */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

/** Bytes of the first request, when the size is asked for before anything is read: most index files fit. */
export const FIRST_REQUEST_BYTES = 65_536;

/** What the first answer said of the file. Every later answer has to say the same. */
interface Pinned {
  readonly size: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/**
 * A file behind `http(s)://`, read by ranges of the form `bytes=a-b` (which need no CORS pre-flight).
 *
 * The first answer pins the file's size, ETag and Last-Modified; an answer that differs means that the file was replaced in the
 * middle and is a `SourceError`, and so is a server that ignores ranges, answers with another range, or stops short.
 */
export class HttpSource implements Source {
  readonly name: string;
  readonly #url: URL;
  readonly #fetch: (request: Request) => Promise<Response>;
  #pinned: Pinned | undefined;
  #head: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor(url: URL, options: HttpOptions = {}) {
    this.#url = url;
    this.name = withoutSecrets(url);
    this.#fetch = options.fetch ?? ((request) => fetch(request));
  }

  /** One request, for the first 64 KiB: a read within them needs no further one. */
  async size(options: WaitOptions = {}): Promise<number> {
    options.signal?.throwIfAborted();
    if (this.#pinned === undefined) await this.#firstBytes(options.signal);
    return this.#pinned?.size ?? 0;
  }

  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { signal, scratch } = options;
    signal?.throwIfAborted();
    checkRange(this.name, this.#pinned?.size ?? Number.MAX_SAFE_INTEGER, offset, length);
    if (length === 0) return new Uint8Array(0);
    const head = this.#head === undefined ? undefined : await this.#firstBytes(signal);
    if (head !== undefined && offset + length <= head.length) {
      const view = head.subarray(offset, offset + length);
      return scratch === undefined ? view.slice() : view;
    }
    const kept = head === undefined ? 0 : Math.max(0, Math.min(head.length - offset, length));
    const rest = await this.#range(offset + kept, offset + length, { exact: true, scratch, signal });
    if (head === undefined || kept === 0) return rest;
    const bytes = new Uint8Array(length);
    bytes.set(head.subarray(offset, offset + kept));
    bytes.set(rest, kept);
    return bytes;
  }

  /** Shared by all callers, so no caller's signal reaches the request; each caller stops waiting by its own. */
  async #firstBytes(signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#head === undefined) {
      this.#head = this.#range(0, FIRST_REQUEST_BYTES, { exact: false });
      this.#head.catch(() => {
        this.#head = undefined;
      });
    }
    return await untilAborted(this.#head, signal);
  }

  /** The bytes from `start` to before `stop`; fewer only where `exact` is false and the file ends. */
  async #range(
    start: number,
    stop: number,
    options: SourceReadOptions & { readonly exact: boolean },
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { exact, scratch, signal } = options;
    const response = await this.#request(start, stop, signal);
    const range = await this.#accept(response, start, stop, exact);
    const target = scratch === undefined ? new Uint8Array(range) : scratch.subarray(0, range);
    await this.#body(response, start, target, signal);
    return target;
  }

  async #request(start: number, stop: number, signal: AbortSignal | undefined): Promise<Response> {
    const headers = { range: `bytes=${start}-${stop - 1}` };
    try {
      return await this.#fetch(new Request(this.#url, { headers, ...(signal === undefined ? {} : { signal }) }));
    } catch (cause) {
      signal?.throwIfAborted();
      throw this.#error("request-failed", "the request failed; is the server reachable?", start, cause);
    }
  }

  /** Checks status and headers and returns the number of bytes that the body holds. */
  async #accept(response: Response, start: number, stop: number, exact: boolean): Promise<number> {
    const { status, headers } = response;
    if (status !== 206) await response.body?.cancel();
    if (status === 404 || status === 410) {
      throw new NotFoundError("not-found", `the server answers ${status}`, { file: this.name });
    }
    if (status === 416) return this.#beyondEnd(headers, start, stop, exact);
    if (status === 200) {
      throw this.#error(
        "range-ignored",
        "the server ignores range requests; download the file and open the copy",
        start,
      );
    }
    if (status !== 206)
      throw this.#error("http-status", `the server answers ${status} ${response.statusText}`.trim(), start);
    const encoding = headers.get("content-encoding");
    if (encoding !== null && encoding !== "identity") {
      throw this.#error(
        "encoded",
        `the server answers a range of the ${encoding}-encoded file, not of the file`,
        start,
      );
    }
    const range = parseContentRange(headers.get("content-range"));
    if (range === undefined) throw this.#error("wrong-range", "the answer has no usable Content-Range", start);
    const expected = exact ? stop : Math.min(stop, range.size);
    this.#pin({ size: range.size, etag: headers.get("etag"), lastModified: headers.get("last-modified") }, start);
    if (stop > range.size && exact) checkRange(this.name, range.size, start, stop - start);
    if (range.start !== start || range.stop !== expected) {
      const asked = `bytes ${start} to ${expected - 1}`;
      throw this.#error("wrong-range", `asked for ${asked}, got ${range.start} to ${range.stop - 1}`, start);
    }
    return expected - start;
  }

  /** 416: the range begins at or beyond the end. Only an empty file may answer so to a first request. */
  #beyondEnd(headers: Headers, start: number, stop: number, exact: boolean): number {
    const size = /^bytes \*\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
    if (!exact && (size === undefined || size === "0")) {
      this.#pin({ size: 0, etag: headers.get("etag"), lastModified: headers.get("last-modified") }, start);
      return 0;
    }
    if (size !== undefined) checkRange(this.name, Number(size), start, stop - start);
    throw this.#error("beyond-end", `the server has no bytes ${start} to ${stop - 1}`, start);
  }

  #pin(answer: Pinned, offset: number): void {
    this.#pinned ??= answer;
    const { size, etag, lastModified } = this.#pinned;
    if (answer.size !== size || answer.etag !== etag || answer.lastModified !== lastModified) {
      throw this.#error("changed", "the file was replaced while it was read; open it again", offset);
    }
  }

  /** Fills `target` from the body: neither more nor fewer bytes may come. */
  async #body(response: Response, offset: number, target: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    let filled = 0;
    try {
      for await (const piece of response.body ?? []) {
        if (filled + piece.length > target.length) break;
        target.set(piece, filled);
        filled += piece.length;
        if (filled === target.length && target.length > 0) return;
      }
    } catch (cause) {
      signal?.throwIfAborted();
      throw this.#error("short-read", `the connection broke after ${filled} of ${target.length} bytes`, offset, cause);
    }
    if (filled !== target.length) {
      throw this.#error("short-read", `${target.length} bytes wanted, the body has not that many or more`, offset);
    }
  }

  #error(code: string, reason: string, offset: number, cause?: unknown): SourceError {
    return new SourceError(code, reason, { file: this.name, offset, cause });
  }
}

/** What errors may show of a URL: passwords and signed queries stay out of logs. */
function withoutSecrets(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** `bytes 0-99/1234`, with `stop` one behind the last. */
function parseContentRange(value: string | null): { start: number; stop: number; size: number } | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(value ?? "");
  if (match === null) return undefined;
  const [start, last, size] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return Number.isSafeInteger(size) && last < size ? { start, stop: last + 1, size } : undefined;
}

/** Waits for `promise`, or for the signal; the promise goes on for the others who wait for it. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}
