import { CorruptError, type ModelbytesError, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import {
  type DType,
  isVarying,
  type LazyReadOptions,
  rowBytes,
  type Tensor,
  type TensorFile,
  type TensorInPieces,
  type TensorReadOptions,
  type TensorStreamOptions,
} from "@modelbytes/tensor";
import { decodeObjectGraph, type ObjectGraph } from "@modelbytes/tf-proto";
import { Buffers } from "./buffers.ts";
import { BundleStream } from "./bundle-stream.ts";
import type { BundleEntry } from "./entry.ts";
import { type BundleFiles, type BundleLike, closeFiles, isV1, type LocateOptions, locateCheckpoint } from "./files.ts";
import type { BundleHeader } from "./header.ts";
import { entryOf, type IndexFile, readIndexFile } from "./index-file.ts";
import { OBJECT_GRAPH_KEY } from "./object-graph.ts";
import { partitionItems, rowItems } from "./plan.ts";
import { Shards } from "./shards.ts";
import { type PieceOptions, StoredPieces } from "./stored-pieces.ts";
import { Table } from "./table/table.ts";
import { TensorReader } from "./tensor-reader.ts";
import type { VerifyOptions } from "./verify.ts";

/** How a checkpoint is opened. */
export interface OpenBundleOptions extends LocateOptions {
  /**
   * Opens a bundle whose index is damaged with what is left of it, and lists the damage in `bundle.damage`. By default opening
   * fails: TensorFlow opens such a bundle and has silently lost the tensors of the damaged block.
   */
  readonly tolerant?: boolean | undefined;
  /**
   * Opens the bundle for these tensors alone. Only those blocks of the index are read in which they would be, of a million tensors half a
   * megabyte for one instead of 55, and what is wrong elsewhere shows nowhere. A V1 checkpoint is opened as a whole.
   */
  readonly names?: Iterable<string> | undefined;
}

/**
 * Opens a checkpoint: reads its index, and nothing of its data. Over HTTP that takes at most two requests for an index of up to
 * 4 MiB, about 60,000 tensors.
 *
 * Throws a `NotFoundError` where there is no checkpoint, a `CorruptError` where the index is damaged, an `UnsupportedError` for a
 * bundle of a future version.
 */
export async function openBundle(from: BundleLike, options: OpenBundleOptions = {}): Promise<Bundle> {
  const files = await locateCheckpoint(from, options);
  if (!isV1(files)) return await openFiles(files, options);
  await closeFiles(files);
  const reason = "this is a V1 checkpoint, or no checkpoint at all; openCheckpoint opens both kinds";
  throw new UnsupportedError("v1", reason, { file: files.prefix });
}

/** Opens a bundle whose files are found. */
export async function openFiles(files: BundleFiles, options: OpenBundleOptions = {}): Promise<Bundle> {
  try {
    const table = await Table.open(files.index, options);
    const index = await readIndexFile(table, options);
    const first = index.damage[0];
    if (first !== undefined && options.tolerant !== true) throw first.error;
    return new Bundle(files, table, index);
  } catch (error) {
    await files.index.close?.();
    throw error;
  }
}

/** An open checkpoint. Made by `openBundle`. */
export class Bundle implements TensorFile<BundleEntry> {
  readonly format = "tensor-bundle";
  /** What comes before `.index`, as the place where it was found calls it. */
  readonly prefix: string;
  readonly header: BundleHeader;
  /**
   * Tensors by name, in the order of the index: that of their names' bytes. Partitions do not show. Of an index above 1 MiB each entry is
   * decoded when it is asked for.
   */
  readonly entries: ReadonlyMap<string, BundleEntry>;
  /** Tensors whose entry cannot be used, each with the error that reading it gives. */
  readonly unreadable: ReadonlyMap<string, ModelbytesError>;
  /** What is wrong with the index; empty unless the bundle was opened as `tolerant`. */
  readonly damage: readonly CorruptError[];
  readonly #files: BundleFiles;
  readonly #table: Table;
  readonly #index: IndexFile;
  readonly #shards: Shards;
  readonly #tensors: TensorReader;
  readonly #pieces: StoredPieces;
  readonly #buffers = new Buffers();

  constructor(files: BundleFiles, table: Table, index: IndexFile) {
    this.prefix = files.prefix;
    this.header = index.header;
    this.entries = index.entries;
    this.unreadable = index.unreadable;
    this.damage = index.damage.map(({ error }) => error);
    this.#files = files;
    this.#table = table;
    this.#index = index;
    this.#shards = new Shards(files, index.header.numShards);
    this.#tensors = new TensorReader(this.#shards, index);
    this.#pieces = new StoredPieces(this.#shards, this.#buffers);
  }

  /**
   * One tensor, or with `select` a part of it; only the bytes of that part are read, and merged ranges between them (a part of a
   * string or variant tensor takes all of its bytes). The CRC is checked whenever every byte that it covers is read.
   *
   * Throws a `NotFoundError` for a name that the bundle has not, a `CorruptError` where the tensor is damaged, a `TypeError` if it
   * is not of `options.dtype`, a `RangeError` for a selection outside its shape or a name that is not among those it was opened for.
   */
  read<D extends DType>(name: string, options: TensorReadOptions & { readonly dtype: D }): Promise<Tensor<D>>;
  read(name: string, options?: TensorReadOptions): Promise<Tensor>;
  async read(name: string, options: TensorReadOptions = {}): Promise<Tensor> {
    const entry = entryOf(this.#index, name);
    const { dtype } = options;
    if (dtype !== undefined && entry.dtype !== dtype) {
      throw new TypeError(`the tensor ${JSON.stringify(name)} is ${entry.dtype}, not ${dtype}`);
    }
    return await this.#tensors.read(name, entry, options);
  }

  /**
   * A tensor that is read as its pieces are asked for, and anew each time they are iterated: a few MiB are in memory, whatever its
   * size. All checksums are checked; where one does not hold, the last piece is not given. `undefined` for strings and variants. Does
   * no I/O. Throws as `read` does.
   */
  inPieces(name: string, options: WaitOptions = {}): TensorInPieces | undefined {
    const entry = entryOf(this.#index, name);
    const { dtype, shape } = entry;
    if (isVarying(dtype)) return undefined;
    const reading = { bigEndian: this.header.bigEndian, checksum: true, signal: options.signal };
    const rows = rowItems(this.#index, name, entry);
    if (rows.length > 0) return this.#pieces.tensor(dtype, shape, rows, reading);
    return { dtype, shape, pieces: { [Symbol.asyncIterator]: () => this.#cutPieces(name, entry, reading) } };
  }

  /** The rows of a tensor whose partitions are no rows. Its checksums cover partitions, so that these are checked before. */
  async *#cutPieces(
    name: string,
    entry: BundleEntry,
    options: PieceOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for (const item of partitionItems(this.#index, name, entry)) {
      for await (const _ of this.#pieces.bytes([item], options)) options.signal?.throwIfAborted();
    }
    const { dtype, shape } = entry;
    const read = ({ select, signal }: LazyReadOptions = {}) => this.read(name, { select, signal });
    yield* rowBytes({ dtype, shape, read }, options);
  }

  /**
   * Tensors one after another, in the order of their bytes: shard by shard, by offset. Reads ahead by `concurrency` reads (4) of
   * 64 MiB together; a larger tensor is read alone. Leaving the loop early cancels what is under way.
   *
   * What it gives can be handed to `writeBundle`, which then writes the very same files.
   */
  stream(options: TensorStreamOptions = {}): BundleStream {
    const [index, shards, tensors, pieces, buffers] = [
      this.#index,
      this.#shards,
      this.#tensors,
      this.#pieces,
      this.#buffers,
    ];
    return new BundleStream({ index, shards, tensors, pieces, buffers }, options);
  }

  /**
   * Checks every byte that can be checked, and yields the error of each problem: the very error that reading would throw. Goes on
   * after each, in bounded memory whatever the size of the files. Yields nothing for a sound bundle.
   */
  async *verify(options: VerifyOptions = {}): AsyncGenerator<ModelbytesError, void, undefined> {
    const { verifyBundle } = await import("./verify.ts"); // most pages only read
    const objectGraph = (waiting: WaitOptions) => this.objectGraph(waiting);
    yield* verifyBundle({ table: this.#table, index: this.#index, shards: this.#shards, objectGraph }, options);
  }

  /** The object graph of an object-based checkpoint, `undefined` for a name-based one, and where `names` had not its key. */
  async objectGraph(options: WaitOptions = {}): Promise<ObjectGraph | undefined> {
    if (!this.entries.has(OBJECT_GRAPH_KEY) && !this.unreadable.has(OBJECT_GRAPH_KEY)) return undefined;
    const entry = entryOf(this.#index, OBJECT_GRAPH_KEY);
    const place = { file: this.#shards.place(entry, OBJECT_GRAPH_KEY).file, tensor: OBJECT_GRAPH_KEY };
    if (entry.dtype !== "string" || entry.shape.length > 0) {
      const found = `${entry.dtype} of shape [${entry.shape.join(", ")}]`;
      throw new CorruptError("object-graph", `the object graph is a string scalar, not ${found}`, place);
    }
    const { data } = await this.read(OBJECT_GRAPH_KEY, { dtype: "string", signal: options.signal });
    return decodeObjectGraph(data[0] ?? new Uint8Array(0), place);
  }

  async close(): Promise<void> {
    await Promise.all([this.#files.index.close?.(), this.#shards.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
