import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { NotFoundError, SourceError } from "../errors.ts";
import type { Folder } from "../folder.ts";
import { namesOf } from "../folder-path.ts";
import type { Source, WaitOptions } from "../source.ts";
import { codeOf } from "./node-call.ts";
import { FileSource } from "./node-source.ts";

/** A directory on disk. */
export class FileFolder implements Folder {
  readonly name: string;

  constructor(path: string) {
    this.name = path;
  }

  file(path: string): Source {
    const names = namesOf(path);
    if (sep !== "/" && path.includes(sep)) throw new RangeError(`no path inside a folder: ${JSON.stringify(path)}`);
    return new FileSource(join(this.name, ...names));
  }

  /** Names in the order of their UTF-16 code units, each directory where its name stands. Links to directories are not followed. */
  list(options: WaitOptions = {}): AsyncIterable<string> {
    return this.#below("", options);
  }

  async *#below(prefix: string, options: WaitOptions): AsyncIterable<string> {
    const entries = await this.#entries(join(this.name, prefix));
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      options.signal?.throwIfAborted();
      const path = prefix + entry.name;
      if (entry.isDirectory()) yield* this.#below(`${path}/`, options);
      else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(join(this.name, path))))) yield path;
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
