import { fileSystem } from "#file-system";
import { NotFoundError } from "./errors.ts";
import { namesOf, toUrlPath } from "./folder-path.ts";
import { type HttpOptions, HttpSource } from "./http-source.ts";
import type { Source, WaitOptions } from "./source.ts";
import { type SourceLike, toSource } from "./to-source.ts";

/** Files by name. */
export interface Folder {
  /** What errors call the folder. */
  readonly name: string;
  /**
   * The file at `path`, relative to the folder, with `/` between the names. Names are literal: `[`, `#`, `%` and spaces mean
   * themselves. Does no I/O: a file that is not there shows, as a `NotFoundError`, when it is read. Each call makes a source, and
   * who calls closes it. Throws a `RangeError` for a path that leads out of the folder: one with `..` or a leading `/`.
   */
  file(path: string): Source;
  /** The paths of the files in the folder, relative to it, with `/` between the names; a web server has no such list. */
  list?(options?: ListOptions): AsyncIterable<string>;
}

/** What a list of files covers. */
export interface ListOptions extends WaitOptions {
  /** Whether the files of the folders below are listed too. Default: true. */
  readonly recursive?: boolean | undefined;
}

/** A path (Node only), a base `URL`, dropped `File`s, or files by name. */
export type FolderLike = string | URL | Iterable<File> | ReadonlyMap<string, SourceLike> | Folder;

/**
 * A `Folder` of anything that holds files. A `Folder` comes back as it is. Does no I/O.
 *
 * Dropped files are known by their path below the folder that was dropped; two with the same path are a `RangeError`. The query of
 * a base URL goes with every request. A map is looked up when a file is asked for, by the path without `.` and empty names.
 */
export function toFolder(from: FolderLike, options: HttpOptions = {}): Folder {
  if (typeof from === "string") return fileSystem.folder(from);
  if (from instanceof URL) return from.protocol === "file:" ? fileSystem.folder(from) : new UrlFolder(from, options);
  if (isFolder(from)) return from;
  return new MapFolder(isMap(from) ? from : byPath(from), options);
}

/** Whether `from` is a folder already, rather than something to make one of. */
export function isFolder(from: object): from is Folder {
  return "file" in from && typeof from.file === "function";
}

/** Files by name, in memory: dropped on a page, or made by a program. */
class MapFolder implements Folder {
  readonly name = "(files)";
  readonly #files: ReadonlyMap<string, SourceLike>;
  readonly #options: HttpOptions;

  constructor(files: ReadonlyMap<string, SourceLike>, options: HttpOptions) {
    this.#files = files;
    this.#options = options;
  }

  file(path: string): Source {
    const name = namesOf(path).join("/");
    const found = this.#files.get(name);
    return found === undefined ? new AbsentSource(name) : toSource(found, { ...this.#options, name });
  }

  async *list(options: ListOptions = {}): AsyncIterable<string> {
    for (const path of this.#files.keys()) {
      options.signal?.throwIfAborted();
      if (options.recursive !== false || !path.includes("/")) yield path;
    }
  }
}

/** Files below a URL. */
class UrlFolder implements Folder {
  readonly name: string;
  readonly #base: URL;
  readonly #options: HttpOptions;

  constructor(base: URL, options: HttpOptions) {
    this.#base = new URL(base);
    if (!this.#base.pathname.endsWith("/")) this.#base.pathname += "/";
    this.name = new HttpSource(this.#base, options).name; // refuses what cannot be fetched
    this.#options = options;
  }

  file(path: string): Source {
    const url = new URL(toUrlPath(namesOf(path)), this.#base);
    url.search = this.#base.search;
    return new HttpSource(url, this.#options);
  }
}

/** A file that a folder in memory does not hold. */
class AbsentSource implements Source {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  async size(): Promise<number> {
    throw new NotFoundError("not-found", "no such file", { file: this.name });
  }

  async read(): Promise<Uint8Array<ArrayBuffer>> {
    throw new NotFoundError("not-found", "no such file", { file: this.name });
  }
}

function byPath(dropped: Iterable<File>): Map<string, File> {
  const files = new Map<string, File>();
  for (const file of dropped) {
    const path = pathOf(file);
    if (files.has(path)) throw new RangeError(`two of the files have the path ${JSON.stringify(path)}`);
    files.set(path, file);
  }
  return files;
}

/** The path of a dropped file below the dropped folder, or its name. Node's `File` has no `webkitRelativePath`. */
function pathOf(file: File): string {
  const path = "webkitRelativePath" in file ? file.webkitRelativePath : "";
  return path.slice(path.indexOf("/") + 1) || file.name;
}

function isMap(from: Iterable<File> | ReadonlyMap<string, SourceLike>): from is ReadonlyMap<string, SourceLike> {
  return "get" in from;
}

/**
 * The folder that a file is in, given its path or its URL, whose query goes with every request. Throws a `TypeError` for bytes and
 * Blobs, of which nobody knows where they are.
 */
export function folderBeside(file: SourceLike): FolderLike {
  if (typeof file === "string") {
    const cut = Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\"));
    return cut < 0 ? "." : file.slice(0, cut + 1);
  }
  if (!(file instanceof URL)) throw new TypeError("only paths and URLs say where the files beside are: pass `folder`");
  const folder = new URL(".", file);
  folder.search = file.search;
  return folder;
}
