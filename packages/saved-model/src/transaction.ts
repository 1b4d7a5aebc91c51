import type { Folder, ListOptions, Sink, Source, WaitOptions, WritableFolder } from "@modelbytes/bytes";
import { NotFoundError } from "@modelbytes/bytes";

/** Bytes that are copied at a time. */
const PIECE_BYTES = 2 ** 22;

/**
 * Files that are written beside each other and take their names together: a folder in which nothing shows, and nothing goes, before
 * `commit`. After `abort` nothing is left of them.
 */
export class Transaction implements WritableFolder {
  readonly name: string;
  readonly #folder: WritableFolder;
  readonly #options: WaitOptions;
  readonly #sinks = new Map<string, Sink>();
  readonly #removed = new Set<string>();
  /** What was written to small files that others are about. */
  readonly #remembered = new Map<string, Uint8Array[]>();

  constructor(folder: WritableFolder, options: WaitOptions) {
    this.name = folder.name;
    this.#folder = folder;
    this.#options = options;
  }

  /** Whether a file is written. */
  has(path: string): boolean {
    return this.#sinks.has(path);
  }

  file(path: string): Source {
    return this.#folder.file(path);
  }

  list(options?: ListOptions): AsyncIterable<string> {
    return this.#folder.list(options);
  }

  async remove(path: string): Promise<void> {
    this.#removed.add(path);
  }

  sink(path: string): Sink {
    const sink = this.#folder.sink(path);
    this.#sinks.set(path, sink);
    const remembered = this.#remembered.get(path);
    return {
      name: sink.name,
      write: async (bytes) => {
        await sink.write(bytes);
        remembered?.push(bytes.slice());
      },
      close: async () => {},
      abort: (reason) => sink.abort(reason),
    };
  }

  /** Keeps in memory what will be written to a file, for `written`. */
  remember(path: string): void {
    this.#remembered.set(path, []);
  }

  /** What was written to a file that is remembered; `undefined` if nothing was. */
  written(path: string): Uint8Array<ArrayBuffer> | undefined {
    const pieces = this.#remembered.get(path);
    if (pieces === undefined || !this.has(path)) return undefined;
    const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** Writes a file of pieces. */
  async write(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
    const sink = this.sink(path);
    for (const piece of pieces) {
      this.#options.signal?.throwIfAborted();
      await sink.write(piece);
    }
  }

  /** Copies a file, piece by piece. One that is not there is none here either. */
  async copy(path: string, source: Source): Promise<void> {
    try {
      const size = await source.size(this.#options);
      const sink = this.sink(path);
      const scratch = new Uint8Array(Math.min(size, PIECE_BYTES));
      for (let at = 0; at < size; at += PIECE_BYTES) {
        const length = Math.min(PIECE_BYTES, size - at);
        await sink.write(await source.read(at, length, { ...this.#options, scratch }));
      }
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    } finally {
      await source.close?.();
    }
  }

  /** Removes what is to go, then gives the files their names in the order in which they were begun. */
  async commit(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    for (const path of this.#removed) await this.#folder.remove(path);
    for (const sink of this.#sinks.values()) await sink.close();
  }

  /** Removes what was written. */
  async abort(reason: unknown): Promise<void> {
    await Promise.all([...this.#sinks.values()].map((sink) => sink.abort(reason)));
  }
}

/** The paths in a folder; `undefined` for one that cannot be listed, as one behind HTTP. */
export async function pathsIn(folder: Folder, options: ListOptions): Promise<string[] | undefined> {
  if (folder.list === undefined) return undefined;
  const paths: string[] = [];
  try {
    for await (const path of folder.list(options)) paths.push(path);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
  return paths;
}
