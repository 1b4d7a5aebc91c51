import type { Dirent } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { NotFoundError, SourceError } from "../errors.ts";
import type { ListOptions } from "../folder.ts";
import { namesOf } from "../folder-path.ts";
import type { Sink } from "../sink.ts";
import type { Source } from "../source.ts";
import type { WritableFolder } from "../writable-folder.ts";
import { codeOf } from "./node-call.ts";
import { MadeDirectories } from "./node-directories.ts";
import { FileSink } from "./node-sink.ts";
import { FileSource } from "./node-source.ts";

/** A directory on disk. */
export class FileFolder implements WritableFolder {
  readonly name: string;
  readonly #directories = new MadeDirectories();

  constructor(path: string) {
    this.name = path;
  }

  file(path: string): Source {
    return new FileSource(this.#path(path));
  }

  sink(path: string): Sink {
    return new FileSink(this.#path(path), this.#directories);
  }

  async remove(path: string): Promise<void> {
    const file = this.#path(path);
    await rm(file, { force: true }).catch((cause: unknown) => {
      throw new SourceError("write-failed", `the file cannot be removed (${codeOf(cause)})`, { file, cause });
    });
  }

  /** Names in the order of their UTF-16 code units, each directory where its name stands. Links to directories are not followed. */
  list(options: ListOptions = {}): AsyncIterable<string> {
    return this.#below("", options);
  }

  #path(path: string): string {
    const names = namesOf(path);
    if (sep !== "/" && path.includes(sep)) throw new RangeError(`no path inside a folder: ${JSON.stringify(path)}`);
    return join(this.name, ...names);
  }

  async *#below(prefix: string, options: ListOptions): AsyncIterable<string> {
    const entries = await this.#entries(join(this.name, prefix));
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      options.signal?.throwIfAborted();
      const path = prefix + entry.name;
      if (entry.isDirectory()) {
        if (options.recursive !== false) yield* this.#below(`${path}/`, options);
      } else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(join(this.name, path))))) yield path;
    }
  }

  async #entries(path: string): Promise<Dirent[]> {
    try {
      return await readdir(path, { withFileTypes: true });
    } catch (cause) {
      const code = codeOf(cause);
      const place = { file: path, cause };
      if (code === "ENOENT") throw new NotFoundError("not-found", "no such directory", place);
      if (code === "ENOTDIR") throw new SourceError("not-a-folder", "this is no directory", place);
      throw new SourceError("read-failed", `the directory cannot be read (${code})`, place);
    }
  }
}

/** Whether a link leads to a file; one that leads nowhere does not. */
async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
