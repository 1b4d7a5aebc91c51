import { NotFoundError, SourceError, UnsupportedError } from "./errors.ts";
import {
  authorization,
  type FileState,
  fileState,
  isOfDirectory,
  parseContentRange,
  parseUnsatisfied,
  sameFile,
  withoutSecrets,
} from "./http-answer.ts";
import { checkRange, checkScratch, roomFor, type Source, type SourceReadOptions, type WaitOptions } from "./source.ts";
import { untilAborted } from "./until-aborted.ts";

/** How requests are made. */
export interface HttpOptions {
  /**
   * Instead of the global `fetch`: sign the request, add headers, count it, answer it from a cache. The request has the method
   * GET, one `Range` and the caller's signal.
   */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

/** Bytes of the first request, when the size is asked for before anything is read: most index files fit. */
export const FIRST_REQUEST_BYTES = 65_536;

/**
 * A file behind `http(s)://`, read by ranges of the form `bytes=a-b` (which need no CORS pre-flight). A `user:password@` in the
 * URL becomes an Authorization header; neither it nor the query shows in `name` and in errors.
 *
 * The first answer pins the file: its size, its ETag and, where an answer has no ETag, its Last-Modified. An answer that differs
 * means that the file was replaced in the middle and is a `SourceError`, and so is a server that ignores ranges, answers with
 * another range or encodes it, or stops short. ETags are compared weakly (`W/"a"` is `"a"`). Should several machines behind one
 * URL disagree about the same file, a `fetch` that deletes the header from the answer lifts the check.
 */
export class HttpSource implements Source {
  readonly name: string;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: (request: Request) => Promise<Response>;
  #pinned: FileState | undefined;
  #head: Promise<Uint8Array<ArrayBuffer>> | undefined;

  /** Throws an `UnsupportedError` for a URL that `fetch` reads no ranges of, unless `options.fetch` is there to do it. */
  constructor(url: URL, options: HttpOptions = {}) {
    this.name = withoutSecrets(url);
    if (!/^https?:$/.test(url.protocol) && options.fetch === undefined) {
      throw new UnsupportedError("url-scheme", `only http: and https: are fetched, not ${url.protocol}`, {
        file: this.name,
      });
    }
    const credentials = authorization(url);
    this.#headers = credentials === undefined ? {} : { authorization: credentials };
    this.#url = new URL(url);
    this.#url.username = "";
    this.#url.password = "";
    this.#fetch = options.fetch ?? ((request) => fetch(request));
  }

  /** One request, for the first 64 KiB: a read within them needs no further one. None at all if an answer came before. */
  async size(options: WaitOptions = {}): Promise<number> {
    options.signal?.throwIfAborted();
    if (this.#pinned === undefined) await this.#firstBytes(options.signal);
    return this.#pinned?.size ?? 0;
  }

  /** One request at most. */
  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { signal, scratch } = options;
    signal?.throwIfAborted();
    checkRange(this.name, Number.MAX_SAFE_INTEGER, offset, length);
    checkScratch(length, scratch);
    const stop = offset + length;
    if (length === 0) checkRange(this.name, await this.size({ signal }), offset, 0);
    if (this.#head === undefined && this.#pinned === undefined) return await this.#range(offset, stop, options);
    const head = this.#head === undefined ? new Uint8Array(0) : await this.#firstBytes(signal);
    checkRange(this.name, await this.size({ signal }), offset, length);
    const kept = head.subarray(offset, stop);
    if (kept.length === length) return scratch === undefined ? kept.slice() : kept;
    const target = roomFor(length, scratch);
    target.set(kept);
    await this.#range(offset + kept.length, stop, { scratch: target.subarray(kept.length), signal });
    return target;
  }

  /** Shared by all callers, so no caller's signal reaches the request; each caller stops waiting by its own. */
  async #firstBytes(signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#head === undefined) {
      const head = this.#range(0, FIRST_REQUEST_BYTES, { orUntilEnd: true });
      head.catch(() => {
        this.#head = undefined;
      });
      this.#head = head;
    }
    return await untilAborted(this.#head, signal);
  }

  /** The bytes from `start` to before `stop`; with `orUntilEnd` fewer where the file ends before. */
  async #range(
    start: number,
    stop: number,
    options: SourceReadOptions & { readonly orUntilEnd?: true },
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { orUntilEnd = false, scratch, signal } = options;
    const response = await this.#request(start, stop, signal);
    try {
      const length = this.#accept(response, start, stop, orUntilEnd);
      const target = roomFor(length, scratch);
      await this.#fill(target, response, start, signal);
      return target;
    } catch (error) {
      discard(response);
      throw error;
    }
  }

  async #request(start: number, stop: number, signal: AbortSignal | undefined): Promise<Response> {
    const headers = { ...this.#headers, range: `bytes=${start}-${stop - 1}` };
    const request = new Request(this.#url, { headers, ...(signal === undefined ? {} : { signal }) });
    const answer = (async () => await this.#fetch(request))();
    try {
      return await untilAborted(answer, signal);
    } catch (cause) {
      if (signal?.aborted) answer.then(discard, () => undefined); // a hook may have dropped the signal, and answer late
      signal?.throwIfAborted();
      throw this.#error("request-failed", "the request failed: no server, no network, or no CORS", start, cause);
    }
  }

  /** Checks status and headers and returns the number of bytes that the body has to hold. */
  #accept(response: Response, start: number, stop: number, orUntilEnd: boolean): number {
    const { status, headers } = response;
    const encoding = headers.get("content-encoding") ?? "identity";
    if (isOfDirectory(this.#url, response.url)) throw this.#error("not-a-file", "this is a directory", start);
    if (status === 404 || status === 410) {
      throw new NotFoundError("not-found", `the server answers ${status}`, { file: this.name });
    }
    if (status === 416) return this.#unsatisfied(headers, start, stop, orUntilEnd);
    if (status === 200 && headers.get("content-length") === "0" && encoding === "identity") {
      return this.#empty(headers, start, stop, orUntilEnd);
    }
    if (status === 200) {
      const reason = "the server ignores range requests; download the file and open the copy";
      throw this.#error("range-ignored", reason, start);
    }
    if (status !== 206) {
      throw this.#error("http-status", `the server answers ${status} ${response.statusText}`.trim(), start);
    }
    if (encoding !== "identity") {
      throw this.#error("encoded", `the server sends a range of the ${encoding} form of the file`, start);
    }
    const range = parseContentRange(headers);
    if (range === undefined) {
      const hint = "across origins, Access-Control-Expose-Headers has to name it";
      throw this.#error("wrong-range", `the answer has no usable Content-Range (${hint})`, start);
    }
    this.#pin(fileState(range.size, headers), start);
    const end = orUntilEnd ? Math.min(stop, range.size) : stop;
    checkRange(this.name, range.size, start, end - start);
    if (range.start !== start || range.stop !== end) {
      const asked = `bytes ${start} to ${end - 1}`;
      throw this.#error("wrong-range", `asked for ${asked}, got ${range.start} to ${range.stop - 1}`, start);
    }
    return end - start;
  }

  /** 416: the range begins at or beyond the end. From a first request only an empty file may be answered so. */
  #unsatisfied(headers: Headers, start: number, stop: number, orUntilEnd: boolean): number {
    const size = parseUnsatisfied(headers);
    if (size === 0 || (size === undefined && start === 0 && orUntilEnd)) {
      return this.#empty(headers, start, stop, orUntilEnd);
    }
    if (size !== undefined) {
      this.#pin({ size, etag: undefined, lastModified: undefined }, start);
      checkRange(this.name, size, start, (orUntilEnd ? Math.min(stop, size) : stop) - start);
    }
    const known = size ?? this.#pinned?.size;
    if (known === undefined) throw this.#error("beyond-end", `the file has no bytes ${start} to ${stop - 1}`, start);
    throw this.#error("wrong-range", `the server refuses bytes ${start} to ${stop - 1} of ${known}`, start);
  }

  /** An empty file: some servers answer 416, others 200 without a byte. */
  #empty(headers: Headers, start: number, stop: number, orUntilEnd: boolean): number {
    this.#pin(fileState(0, headers), start);
    if (!orUntilEnd) checkRange(this.name, 0, start, stop - start);
    return 0;
  }

  #pin(answer: FileState, offset: number): void {
    const pinned = this.#pinned ?? answer;
    if (!sameFile(pinned, answer)) {
      throw this.#error("changed", "the file was replaced while it was read; open it again", offset);
    }
    const { etag = answer.etag, lastModified = answer.lastModified } = pinned;
    this.#pinned = { size: pinned.size, etag, lastModified };
  }

  /** Fills `target` from the body, which has to end there: a connection whose body is read to its end can be used again. */
  async #fill(target: Uint8Array, { body }: Response, offset: number, signal: AbortSignal | undefined): Promise<void> {
    const reader = body?.getReader();
    const stop = () => void reader?.cancel(signal?.reason).catch(() => undefined);
    signal?.addEventListener("abort", stop, { once: true });
    let filled = 0;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const piece = await reader?.read();
        signal?.throwIfAborted();
        if (piece === undefined || piece.done) break;
        if (piece.value.length > target.length - filled) {
          throw this.#error("wrong-length", `the answer goes on after the ${target.length} bytes wanted`, offset);
        }
        target.set(piece.value, filled);
        filled += piece.value.length;
      }
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof SourceError) throw cause;
      throw this.#error("short-read", `the connection broke after ${filled} of ${target.length} bytes`, offset, cause);
    } finally {
      signal?.removeEventListener("abort", stop);
      reader?.releaseLock();
    }
    if (filled < target.length) {
      throw this.#error("short-read", `${target.length} bytes wanted, the answer ends after ${filled}`, offset);
    }
  }

  #error(code: string, reason: string, offset: number, cause?: unknown): SourceError {
    return new SourceError(code, reason, { file: this.name, offset, cause });
  }
}

/** An answer that nobody reads to its end would hold its connection. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}
