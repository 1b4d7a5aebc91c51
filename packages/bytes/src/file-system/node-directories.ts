import { mkdir, rmdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { SourceError } from "../errors.ts";
import { codeOf } from "./node-call.ts";

/** The directories that a folder has made for its files. They go again where nothing came to be in them. */
export class MadeDirectories {
  readonly #made = new Set<string>();

  /** Makes a directory and those above it, as far as they are not there. */
  async make(path: string): Promise<void> {
    const topmost = await mkdir(path, { recursive: true }).catch((cause: unknown) => {
      const reason = `the directory cannot be made (${codeOf(cause)})`;
      throw new SourceError("write-failed", reason, { file: path, cause });
    });
    if (topmost === undefined) return;
    const last = resolve(topmost);
    for (let at = resolve(path); at.length >= last.length; at = dirname(at)) this.#made.add(at);
  }

  /** Removes a directory and those above it, as far as this folder made them and nothing is in them. */
  async removeEmpty(path: string): Promise<void> {
    try {
      for (let at = resolve(path); this.#made.has(at); at = dirname(at)) {
        await rmdir(at);
        this.#made.delete(at);
      }
    } catch {
      // there is something in it, or somebody else has removed it
    }
  }
}
