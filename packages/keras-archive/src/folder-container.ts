import {
  type Folder,
  ModelbytesError,
  NotFoundError,
  type Source,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import type { Container } from "./container.ts";
import { FILES } from "./layout.ts";

/** Files in a folder; nobody has a model of more. */
const MOST_FILES = 100_000;
/** Bytes of a file that is read at once: configs of thousands of layers are some ten million. */
const MOST_AT_ONCE: number = 2 ** 30;
/** Bytes that are read at once where they are only checked. */
const PIECE_BYTES: number = 2 ** 22;

/** The files of a folder. */
export class FolderContainer implements Container {
  readonly name: string;
  readonly paths: readonly string[];
  readonly damage: readonly ModelbytesError[] = [];
  readonly #folder: Folder;
  readonly #opened: Source[] = [];

  /** `openFolder` makes these. */
  constructor(folder: Folder, paths: readonly string[]) {
    this.name = folder.name;
    this.paths = paths;
    this.#folder = folder;
  }

  async read(path: string, options: WaitOptions): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#using(path, async (file) => {
      const size = await file.size(options);
      if (size > MOST_AT_ONCE) throw new UnsupportedError("too-large", `it is ${size} bytes`, { file: file.name });
      return await file.read(0, size, options);
    });
  }

  async source(path: string): Promise<Source> {
    const file = this.#folder.file(path);
    this.#opened.push(file);
    return file;
  }

  async *verify({ signal }: WaitOptions): AsyncGenerator<ModelbytesError, void, undefined> {
    const scratch = new Uint8Array(PIECE_BYTES);
    for (const path of this.paths) {
      try {
        await this.#using(path, async (file) => {
          const size = await file.size({ signal });
          for (let at = 0; at < size; at += PIECE_BYTES) {
            await file.read(at, Math.min(PIECE_BYTES, size - at), { signal, scratch });
          }
        });
      } catch (error) {
        if (!(error instanceof ModelbytesError)) throw error;
        yield error;
      }
    }
  }

  async close(): Promise<void> {
    for (const file of this.#opened) await file.close?.();
  }

  async #using<T>(path: string, use: (file: Source) => Promise<T>): Promise<T> {
    const file = this.#folder.file(path);
    try {
      return await use(file);
    } finally {
      await file.close?.();
    }
  }
}

/**
 * A folder with the paths of its files, or, where it has no list, of those that Keras gives names to. Rejects with an `UnsupportedError`
 * (`"too-large"`) for one with more than 100,000 files.
 */
export async function openFolder(folder: Folder, options: WaitOptions): Promise<FolderContainer> {
  const paths: string[] = [];
  for await (const path of folder.list?.(options) ?? knownPaths(folder, options)) {
    paths.push(path);
    if (paths.length <= MOST_FILES) continue;
    throw new UnsupportedError("too-large", `this is a folder of more than ${MOST_FILES} files`, { file: folder.name });
  }
  return new FolderContainer(folder, paths.sort());
}

async function* knownPaths(folder: Folder, options: WaitOptions): AsyncGenerator<string, void, undefined> {
  const sizes = FILES.map(async (path) => {
    const file = folder.file(path);
    try {
      return await file.size(options);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    } finally {
      await file.close?.();
    }
  });
  for (const [index, size] of (await Promise.all(sizes)).entries()) if (size !== undefined) yield FILES[index] ?? "";
}
