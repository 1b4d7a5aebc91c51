import { fileSystem } from "#file-system";
import { NotFoundError } from "./errors.ts";
import type { HttpOptions } from "./http-source.ts";
import type { Source, WaitOptions } from "./source.ts";
import { type SourceLike, toSource } from "./to-source.ts";

/** Files by name. `file` does no I/O: a file that is not there shows when it is read. */
export interface Folder {
  /** What errors call the folder. */
  readonly name: string;
  /** The file at `path`, relative to the folder, with `/` between the names. */
  file(path: string): Source;
  /** The paths of all files below the folder, relative to it; a web server has no such list. */
  list?(options?: WaitOptions): AsyncIterable<string>;
}

/** A path (Node only), a base `URL`, dropped `File`s, or files by name. */
export type FolderLike = string | URL | Iterable<File> | ReadonlyMap<string, SourceLike> | Folder;

/** A `Folder` of anything that holds files. Does no I/O. */
export function toFolder(from: FolderLike, options: HttpOptions = {}): Folder {
  if (typeof from === "string") return fileSystem.folder(from);
  if (from instanceof URL) return from.protocol === "file:" ? fileSystem.folder(from) : new UrlFolder(from, options);
  if (isFolder(from)) return from;
  if (isMap(from)) return new MapFolder(from);
  return new MapFolder(new Map([...from].map((file) => [pathOf(file), file])));
}

/** Whether `from` is a folder already, rather than something to make one of. */
export function isFolder(from: object): from is Folder {
  return "file" in from && typeof from.file === "function";
}

/** Files by name, in memory: dropped on a page, or made by a program. */
class MapFolder implements Folder {
  readonly name = "(files)";
  readonly #files: ReadonlyMap<string, SourceLike>;

  constructor(files: ReadonlyMap<string, SourceLike>) {
    this.#files = files;
  }

  file(path: string): Source {
    const found = this.#files.get(path);
    return found === undefined ? new AbsentSource(path) : toSource(found, { name: path });
  }

  async *list(): AsyncIterable<string> {
    yield* this.#files.keys();
  }
}

/** Files below a URL. */
class UrlFolder implements Folder {
  readonly name: string;
  readonly #base: URL;
  readonly #options: HttpOptions;

  constructor(base: URL, options: HttpOptions) {
    this.name = `${base.origin}${base.pathname}`;
    this.#base = new URL(base);
    if (!this.#base.pathname.endsWith("/")) this.#base.pathname += "/";
    this.#options = options;
  }

  file(path: string): Source {
    const url = new URL(path.split("/").map(encodeURIComponent).join("/"), this.#base);
    url.search = this.#base.search;
    return toSource(url, this.#options);
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

/** The path of a dropped file below the dropped folder, or its name. */
function pathOf(file: File): string {
  return file.webkitRelativePath.slice(file.webkitRelativePath.indexOf("/") + 1) || file.name;
}

function isMap(from: Iterable<File> | ReadonlyMap<string, SourceLike>): from is ReadonlyMap<string, SourceLike> {
  return "get" in from;
}
