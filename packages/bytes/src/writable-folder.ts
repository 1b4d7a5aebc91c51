import { fileSystem } from "#file-system";
import { UnsupportedError } from "./errors.ts";
import { type Folder, type ListOptions, toFolder } from "./folder.ts";
import { namesOf } from "./folder-path.ts";
import { withoutSecrets } from "./http-answer.ts";
import { MemorySink, type Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/** A folder that files can be written to. */
export interface WritableFolder extends Folder {
  /**
   * Where the file at `path` is written. Does no I/O. Directories that are not there are made with the first byte; where the file
   * comes to nothing they go again, if nothing else is in them. Throws a `RangeError` for a path that leads out of the folder.
   */
  sink(path: string): Sink;
  /** Removes the file at `path`; one that is not there is no error. */
  remove(path: string): Promise<void>;
  list(options?: ListOptions): AsyncIterable<string>;
}

/** A string is a path, a `URL` a `file:` URL (both Node only). */
export type WritableFolderLike = string | URL | WritableFolder;

/**
 * A `WritableFolder` of a path (Node only); one that is one already comes back as it is. Does no I/O: a directory that is not there
 * is made when the first file is written.
 *
 * Throws an `UnsupportedError` for a path in a browser (`"no-file-system"`) and for a URL that is not `file:` (`"url-scheme"`).
 */
export function toWritableFolder(to: WritableFolderLike): WritableFolder {
  if (to instanceof URL && to.protocol !== "file:") {
    throw new UnsupportedError("url-scheme", "files are written to paths and file: URLs", { file: withoutSecrets(to) });
  }
  return typeof to === "string" || to instanceof URL ? fileSystem.folder(to) : to;
}

/** A folder in memory. A file shows in `files` once its sink is closed. */
export class MemoryFolder implements WritableFolder {
  readonly name: string;
  /** The files by path. */
  readonly files: Map<string, Uint8Array<ArrayBuffer>> = new Map();

  /** `name` is what errors call the folder. */
  constructor(name = "(memory)") {
    this.name = name;
  }

  file(path: string): Source {
    return toFolder(this.files).file(path);
  }

  sink(path: string): Sink {
    const name = namesOf(path).join("/");
    const sink = new MemorySink(name);
    return {
      name,
      write: (bytes) => sink.write(bytes),
      abort: () => sink.abort(),
      close: async () => {
        await sink.close();
        this.files.set(name, sink.bytes);
      },
    };
  }

  async remove(path: string): Promise<void> {
    this.files.delete(namesOf(path).join("/"));
  }

  list(options?: ListOptions): AsyncIterable<string> {
    return toFolder(this.files).list?.(options) ?? nothing();
  }
}

async function* nothing(): AsyncGenerator<never> {}
