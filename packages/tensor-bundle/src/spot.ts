import {
  type Folder,
  type FolderLike,
  type HttpOptions,
  isFolder,
  NotFoundError,
  type Source,
  SourceError,
  toFolder,
  toSource,
  type WaitOptions,
} from "@modelbytes/bytes";

/**
 * Where a person points, or a file that names another: a path, a URL or a path inside a folder. All of them know the files whose
 * names begin with theirs and how to go on from there, so whoever looks for files needs not know which it is. Names are literal.
 */
export interface Spot {
  /** What errors call it. */
  readonly name: string;
  /** What leads here again: a path, the text of a URL, a path inside the folder. */
  readonly location: string;
  /** Its path, by which to see how it ends. */
  readonly path: string;
  /** Whether it can only be a directory. */
  readonly isDirectory: boolean;
  /** The file whose path is this one's with `end` behind it. Does no I/O; the caller closes it. */
  file(end: string): Source;
  /**
   * Files beside it whose names begin with its own, or with "/" those of the directory that it is: what follows its path. None
   * where there is no directory, and where nobody knows, as of a web server.
   */
  list(behind: "" | "/", options: WaitOptions): AsyncIterable<string>;
  /** The spot whose path is this one's without `end`. */
  without(end: string): Spot;
  /** The spot of a path that is relative to this directory, or absolute. What is out of reach is a spot where nothing is. */
  resolve(path: string): Spot;
}

/** The spot that a person points at. `prefix` is a path inside `from`. Does no I/O. */
export function spotOf(from: FolderLike, prefix: string, options: HttpOptions): Spot {
  const spot = spotOfAll(from, options);
  return prefix === "" ? spot : spot.resolve(prefix);
}

function spotOfAll(from: FolderLike, options: HttpOptions): Spot {
  if (typeof from === "string") return new PathSpot(from);
  if (from instanceof URL) return new UrlSpot(from, options);
  return new FolderSpot(isFolder(from) ? from : toFolder(from, options), "");
}

/** A path of the file system. */
class PathSpot implements Spot {
  readonly path: string;
  readonly isDirectory: boolean;

  constructor(path: string) {
    this.path = path.replace(/(?<=.)[/\\]+$/, "");
    this.isDirectory = /^$|(?:^|[/\\])\.{0,2}$/.test(this.path);
  }

  get name(): string {
    return this.path;
  }

  get location(): string {
    return this.path;
  }

  file(end: string): Source {
    return toSource(this.path === "" ? end.replace(/^\//, "./") : this.path + end);
  }

  list(behind: "" | "/", options: WaitOptions): AsyncIterable<string> {
    if (behind === "/") return namesIn(toFolder(this.path || "."), "", behind, options);
    const cut = Math.max(this.path.lastIndexOf("/"), this.path.lastIndexOf("\\")) + 1;
    return namesIn(toFolder(this.path.slice(0, cut) || "."), this.path.slice(cut), behind, options);
  }

  without(end: string): Spot {
    return new PathSpot(this.path.slice(0, -end.length));
  }

  resolve(path: string): Spot {
    const isAbsolute = /^(?:\/|\\\\|[A-Za-z]:[/\\])/.test(path);
    return new PathSpot(isAbsolute ? path : join(this.path, path));
  }
}

/** A URL, of a web server or `file:`. Its query goes with every request. */
class UrlSpot implements Spot {
  readonly name: string;
  readonly path: string;
  readonly isDirectory: boolean;
  readonly #url: URL;
  readonly #options: HttpOptions;

  constructor(url: URL, options: HttpOptions) {
    this.#url = new URL(url);
    this.#url.pathname = url.pathname.replace(/\/+$/, "");
    this.#options = options;
    this.path = this.#url.pathname.replace(/%3f/gi, "?"); // the only escape in the ends that are looked for
    this.isDirectory = this.path === "/" || this.path === "";
    this.name = this.file("").name;
  }

  get location(): string {
    return this.#url.href;
  }

  file(end: string): Source {
    const url = new URL(this.#url);
    url.pathname = url.pathname.replace(/\/$/, "") + escapeNames(end);
    try {
      return toSource(url, this.#options);
    } catch (cause) {
      if (!(cause instanceof URIError)) throw cause;
      throw new TypeError(`the escapes of ${url.href} are not UTF-8, so it names no file`, { cause });
    }
  }

  list(behind: "" | "/", options: WaitOptions): AsyncIterable<string> {
    const directory = new URL(behind === "/" ? this.#url : new URL(".", this.#url));
    const own = this.name.replace(/^.*[/\\]/s, "");
    return namesIn(toFolder(directory, this.#options), behind === "/" ? "" : own, behind, options);
  }

  without(end: string): Spot {
    const url = new URL(this.#url);
    url.pathname = url.pathname.slice(0, -escapeNames(end).length);
    return new UrlSpot(url, this.#options);
  }

  resolve(path: string): Spot {
    const directory = new URL(this.#url);
    if (!directory.pathname.endsWith("/")) directory.pathname += "/";
    const url = new URL(escapeNames(path).replace(/^\/+/, "/"), directory); // two slashes would lead to another host
    url.search = directory.search;
    return new UrlSpot(url, this.#options);
  }
}

/** A path inside a folder. */
class FolderSpot implements Spot {
  readonly name: string;
  readonly path: string;
  readonly isDirectory: boolean;
  readonly #folder: Folder;

  constructor(folder: Folder, path: string, name: string = join(folder.name, path)) {
    this.name = name;
    this.path = path;
    this.isDirectory = path === "";
    this.#folder = folder;
  }

  get location(): string {
    return this.path;
  }

  file(end: string): Source {
    return this.#folder.file((this.path + end).replace(/^\//, ""));
  }

  list(behind: "" | "/", options: WaitOptions): AsyncIterable<string> {
    return namesIn(this.#folder, this.path + (this.path === "" ? "" : behind), behind, options);
  }

  without(end: string): Spot {
    return new FolderSpot(this.#folder, this.path.slice(0, -end.length));
  }

  resolve(path: string): Spot {
    const names: string[] = [];
    let isOutside = path.startsWith("/");
    for (const name of join(this.path, path).split("/")) {
      if (name === "..") isOutside ||= names.pop() === undefined;
      else if (name !== "." && name !== "") names.push(name);
    }
    if (!isOutside) return new FolderSpot(this.#folder, names.join("/"));
    return new FolderSpot(toFolder(new Map()), names.join("/"), path);
  }
}

/** Files of a folder whose path begins with `start` and names no further folder, each as what follows there, behind `behind`. */
async function* namesIn(folder: Folder, start: string, behind: "" | "/", options: WaitOptions): AsyncIterable<string> {
  try {
    const recursive = start.includes("/");
    for await (const path of folder.list?.({ signal: options.signal, recursive }) ?? []) {
      const rest = path.slice(start.length);
      if (path.startsWith(start) && !rest.includes("/")) yield behind + rest;
    }
  } catch (error) {
    const isNone = error instanceof SourceError && error.code === "not-a-folder";
    if (!isNone && !(error instanceof NotFoundError)) throw error;
  }
}

/** A path as part of a URL: a `#`, `?` or `%` in it is part of a name. */
function escapeNames(path: string): string {
  return path
    .split("/")
    .map((name) => encodeURIComponent(name.toWellFormed()))
    .join("/");
}

/** Two paths as one. */
function join(base: string, next: string): string {
  return base === "" || next === "" ? base + next : `${base.replace(/\/$/, "")}/${next}`;
}
