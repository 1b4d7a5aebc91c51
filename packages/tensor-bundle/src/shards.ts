import {
  CorruptError,
  checkRange,
  NotFoundError,
  type Place,
  type Source,
  SourceError,
  type SourceReadOptions,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { type Move, windows } from "@modelbytes/tensor";
import type { BundleEntry } from "./entry.ts";
import type { BundleFiles } from "./files.ts";

/** The data files of a bundle, opened when they are first read. */
export class Shards {
  readonly count: number;
  readonly #files: BundleFiles;
  readonly #open = new Map<number, Source>();

  constructor(files: BundleFiles, count: number) {
    this.#files = files;
    this.count = count;
  }

  source(id: number): Source {
    const open = this.#open.get(id);
    if (open !== undefined) return open;
    const source = this.#files.shard(id, this.count);
    this.#open.set(id, source);
    return source;
  }

  /** Bytes of each data file. */
  async sizes(options: WaitOptions): Promise<number[]> {
    return await Promise.all(Array.from({ length: this.count }, (_, id) => this.source(id).size(options)));
  }

  /** Where the bytes of a tensor are. */
  place(entry: BundleEntry, tensor: string): Place & { readonly tensor: string } {
    return { file: this.source(entry.shardId).name, offset: entry.offset, tensor };
  }

  /**
   * Bytes of a shard. No bytes can be read wherever they lie, as TensorFlow does: behind the end of a shard that is cut short, too.
   * Throws what `asShardError` makes of the source's errors.
   */
  async read(
    shardId: number,
    offset: number,
    length: number,
    tensor: string,
    options: SourceReadOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const source = this.source(shardId);
    try {
      return await source.read(length === 0 ? 0 : offset, length, options);
    } catch (error) {
      const place = { file: source.name, offset, tensor };
      if (error instanceof RangeError) throw tooLarge(length, { ...place, cause: error });
      throw asShardError(error, place);
    }
  }

  /**
   * Moves a region of a tensor that is stored whole at `entry` into `target`, reading only its bytes. Of `move`, `from` is the
   * stored tensor and `to` is `target`; elements take `itemsize` bytes.
   */
  async readRegion(
    entry: BundleEntry,
    move: Move,
    target: Uint8Array<ArrayBuffer>,
    itemsize: number,
    tensor: string,
    options: SourceReadOptions,
  ): Promise<void> {
    for (const window of windows(move, itemsize)) {
      const [only, ...others] = window.runs;
      const whole = only !== undefined && others.length === 0;
      const scratch = whole ? target.subarray(only.to * itemsize, (only.to + only.length) * itemsize) : undefined;
      const at = entry.offset + window.start;
      const bytes = await this.read(entry.shardId, at, window.length, tensor, { ...options, scratch });
      if (scratch !== undefined && bytes.buffer === scratch.buffer) continue;
      for (const run of window.runs) {
        const start = run.from * itemsize - window.start;
        target.set(bytes.subarray(start, start + run.length * itemsize), run.to * itemsize);
      }
    }
  }

  /**
   * Memory for a tensor. What a hostile index claims is checked against the data files first, where it would be much.
   * Throws an `UnsupportedError` for more than the host can have in one piece.
   */
  async allocate(
    length: number,
    parts: readonly { readonly entry: BundleEntry }[],
    tensor: string,
    options: WaitOptions,
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (length > UNCHECKED_ALLOCATION) for (const { entry } of parts) await this.#expect(entry, tensor, options);
    try {
      return new Uint8Array(length);
    } catch (cause) {
      throw tooLarge(length, { tensor, cause });
    }
  }

  /** Throws unless the data file holds the entry's bytes. */
  async #expect(entry: BundleEntry, tensor: string, options: WaitOptions): Promise<void> {
    const source = this.source(entry.shardId);
    const place = this.place(entry, tensor);
    try {
      checkRange(source.name, await source.size(options), entry.offset, entry.size);
    } catch (error) {
      throw asShardError(error, place);
    }
  }

  async close(): Promise<void> {
    const sources = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(sources.map((source) => source.close?.()));
  }
}

/** A tensor that takes less is allocated before its bytes are known to be there. */
const UNCHECKED_ALLOCATION = 2 ** 26;

function tooLarge(length: number, place: Place): UnsupportedError {
  const reason = `${length} bytes are more than this host can hold in one piece; read it in parts with \`select\``;
  return new UnsupportedError("too-large", reason, place);
}

/** What an error of a source means for a tensor: a shard that ends too early is damaged, one that is not there is missing. */
export function asShardError(error: unknown, place: Place): unknown {
  if (error instanceof SourceError && error.code === "beyond-end") {
    return new CorruptError("shard-truncated", `the data file is cut short: ${error.reason}`, {
      ...place,
      cause: error,
    });
  }
  if (error instanceof NotFoundError) {
    return new NotFoundError("shard-missing", "the data file with the tensor's bytes is missing", {
      ...place,
      cause: error,
    });
  }
  return error;
}
