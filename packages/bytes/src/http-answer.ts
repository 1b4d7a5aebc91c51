// What the headers of an answer to a range request say. Pure functions.
//
//     206   Content-Range: bytes 0-99/1234    bytes 0 to 99, of 1234
//     416   Content-Range: bytes */1234       none of the bytes asked for: the file has 1234

/** What an answer says of the whole file, so that the next can be compared with it. */
export interface FileState {
  /** Bytes. */
  readonly size: number;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** The range of a 206, with `stop` one behind the last byte; undefined if there is none that makes sense. */
export function parseContentRange(headers: Headers): { start: number; stop: number; size: number } | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(headers.get("content-range") ?? "");
  if (match === null) return undefined;
  const [start, last, size] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return Number.isSafeInteger(size) && start <= last && last < size ? { start, stop: last + 1, size } : undefined;
}

/** The file's size as a 416 tells it. */
export function parseUnsatisfied(headers: Headers): number | undefined {
  const size = Number(/^bytes \*\/(\d+)$/i.exec(headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
  return Number.isSafeInteger(size) ? size : undefined;
}

/** The state of a file of `size` bytes. A weak ETag counts as the strong one: proxies weaken the tags they pass on. */
export function fileState(size: number, headers: Headers): FileState {
  return {
    size,
    etag: headers.get("etag")?.replace(/^W\//, "") ?? undefined,
    lastModified: headers.get("last-modified") ?? undefined,
  };
}

/**
 * Whether two answers can come from one file. The size decides, then the ETag if both have one, then Last-Modified if both have
 * that: behind one URL stand several machines, whose clocks differ, and not all of which send every header.
 */
export function sameFile(a: FileState, b: FileState): boolean {
  if (a.size !== b.size) return false;
  if (a.etag !== undefined && b.etag !== undefined) return a.etag === b.etag;
  return a.lastModified === undefined || b.lastModified === undefined || a.lastModified === b.lastModified;
}

/** Whether an answer is for a directory: servers lead from `/a` to `/a/`. `answered` is the URL of the answer, if it is known. */
export function isOfDirectory({ pathname }: URL, answered: string): boolean {
  return answered !== "" && !pathname.endsWith("/") && new URL(answered).pathname === `${pathname}/`;
}

/** What errors may show of a URL: passwords and signed queries stay out of logs. */
export function withoutSecrets(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** The `user:password@` of a URL as an Authorization header: `fetch` refuses URLs that hold one. */
export function authorization({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const bytes = `${username}:${password}`.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return `Basic ${btoa(bytes)}`;
}
