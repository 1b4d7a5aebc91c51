import { randomBytes } from "node:crypto";
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { NotFoundError, SourceError } from "../errors.ts";
import type { Folder } from "../folder.ts";
import type { Sink } from "../sink.ts";
import { checkRange, type Source, type SourceReadOptions } from "../source.ts";
import type { FileSystem } from "./file-system.ts";

/** Node's file system. */
export const fileSystem: FileSystem = {
  source: (path) => new FileSource(toPath(path)),
  folder: (path) => new FileFolder(toPath(path)),
  sink: (path) => new FileSink(toPath(path)),
};

/** The most bytes of one system call: a single read of 2^31 bytes kills a Node 20 process. */
const LARGEST_READ = 2 ** 30;

/** A file on disk, opened at its first read and held open until `close`. */
class FileSource implements Source {
  readonly name: string;
  #opening: Promise<{ handle: FileHandle; size: number }> | undefined;

  constructor(path: string) {
    this.name = path;
  }

  async size(): Promise<number> {
    return (await this.#open()).size;
  }

  async read(offset: number, length: number, options: SourceReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { signal, scratch } = options;
    signal?.throwIfAborted();
    const { handle, size } = await this.#open();
    checkRange(this.name, size, offset, length);
    const target = scratch === undefined ? new Uint8Array(length) : scratch.subarray(0, length);
    let filled = 0;
    while (filled < length) {
      signal?.throwIfAborted();
      const wanted = Math.min(length - filled, LARGEST_READ);
      const { bytesRead } = await handle.read(target, filled, wanted, offset + filled).catch((cause: unknown) => {
        throw this.#failure(cause, offset + filled);
      });
      if (bytesRead === 0) {
        const reason = `${length} bytes wanted, but the file ends after ${filled}: it was cut while it was read`;
        throw new SourceError("short-read", reason, { file: this.name, offset });
      }
      filled += bytesRead;
    }
    return target;
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    if (opening !== undefined) await (await opening).handle.close();
  }

  #open(): Promise<{ handle: FileHandle; size: number }> {
    if (this.#opening === undefined) {
      this.#opening = this.#openFile();
      this.#opening.catch(() => {
        this.#opening = undefined;
      });
    }
    return this.#opening;
  }

  async #openFile(): Promise<{ handle: FileHandle; size: number }> {
    const handle = await open(this.name, "r").catch((cause: unknown) => {
      throw this.#failure(cause);
    });
    const stat = await handle.stat();
    if (stat.isFile()) return { handle, size: stat.size };
    await handle.close();
    throw new SourceError("not-a-file", stat.isDirectory() ? "this is a directory" : "this is no regular file", {
      file: this.name,
    });
  }

  #failure(cause: unknown, offset?: number): Error {
    const place = { file: this.name, offset, cause };
    const code = codeOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return new NotFoundError("not-found", "no such file", place);
    return new SourceError("read-failed", `the file cannot be read (${code})`, place);
  }
}

/** A directory on disk. */
class FileFolder implements Folder {
  readonly name: string;

  constructor(path: string) {
    this.name = path;
  }

  file(path: string): Source {
    return new FileSource(join(this.name, ...path.split("/")));
  }

  async *list(): AsyncIterable<string> {
    const entries = await readdir(this.name, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
      const code = codeOf(cause);
      const place = { file: this.name, cause };
      if (code === "ENOENT") throw new NotFoundError("not-found", "no such directory", place);
      throw new SourceError("read-failed", `the directory cannot be read (${code})`, place);
    });
    for (const entry of entries) {
      if (entry.isDirectory()) continue;
      yield relative(this.name, join(entry.path, entry.name)).split(sep).join("/");
    }
  }
}

/** A file that is written beside its final name, as TensorFlow does, and renamed when it is whole. */
class FileSink implements Sink {
  readonly name: string;
  readonly #temporary: string;
  #opening: Promise<FileHandle> | undefined;

  constructor(path: string) {
    this.name = path;
    this.#temporary = `${path}.tempstate${randomBytes(8).readBigUInt64LE()}`;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const handle = await this.#open();
    let written = 0;
    while (written < bytes.length) {
      const wanted = Math.min(bytes.length - written, LARGEST_READ);
      const { bytesWritten } = await handle.write(bytes, written, wanted).catch((cause: unknown) => {
        throw this.#failure(cause);
      });
      written += bytesWritten;
    }
  }

  async close(): Promise<void> {
    const handle = await this.#open();
    this.#opening = undefined;
    try {
      await handle.close();
      await rename(this.#temporary, this.name);
    } catch (cause) {
      await rm(this.#temporary, { force: true });
      throw this.#failure(cause);
    }
  }

  async abort(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    if (opening === undefined) return;
    await (await opening).close();
    await rm(this.#temporary, { force: true });
  }

  #open(): Promise<FileHandle> {
    this.#opening ??= open(this.#temporary, "wx").catch((cause: unknown) => {
      throw this.#failure(cause);
    });
    return this.#opening;
  }

  #failure(cause: unknown): Error {
    const code = codeOf(cause);
    const place = { file: this.name, cause };
    if (code === "ENOENT") return new NotFoundError("not-found", "no such directory to write in", place);
    return new SourceError("write-failed", `the file cannot be written (${code})`, place);
  }
}

function toPath(path: string | URL): string {
  return typeof path === "string" ? path : fileURLToPath(path);
}

/** Node's error code, e.g. `"ENOENT"`. */
function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown error";
}
