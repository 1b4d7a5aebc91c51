import { inOrder, type ModelbytesError, NotFoundError, type WaitOptions } from "@modelbytes/bytes";
import type { Hdf5File } from "@modelbytes/hdf5";
import {
  byteLength,
  type DType,
  isVarying,
  type Tensor,
  type TensorFile,
  type TensorInPieces,
  type TensorReadOptions,
  type TensorStreamOptions,
} from "@modelbytes/tensor";
import type {
  KerasHdf5Contents,
  KerasHdf5Entry,
  KerasHdf5Kind,
  KerasHdf5Metadata,
  KerasLayer,
  KerasWeight,
} from "./contents.ts";
import type { Shard } from "./joined-file.ts";
import { storedInPieces } from "./stored-pieces.ts";
import { readStored } from "./stored-tensor.ts";
import type { VerifyOptions } from "./verify.ts";

/** Reads that are under way at once, and the bytes they may hold before the caller has taken the first. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY = 2 ** 26;

/**
 * An open Keras file. Made by `openKerasHdf5`. Tensors are known by their paths in the HDF5 file, without the "/" in front; `read` and
 * `stream` take readable names too.
 */
export class KerasHdf5 implements TensorFile<KerasHdf5Entry> {
  readonly kind: KerasHdf5Kind;
  readonly metadata: KerasHdf5Metadata;
  /**
   * The tensors in the file's logical order: layer by layer, then the model's own, the optimizer's, those of metrics, and what no list has.
   */
  readonly entries: ReadonlyMap<string, KerasHdf5Entry>;
  /** The layers in the model's order; of `.weights.h5`, which has no such order, by path and number. */
  readonly layers: readonly KerasLayer[];
  /** The weights that belong to the model and none of its layers. */
  readonly topLevelWeights: readonly KerasWeight[];
  readonly optimizerWeights: readonly KerasWeight[];
  /** The state of metrics, which Keras 2 stores in `.weights.h5`. */
  readonly metricWeights: readonly KerasWeight[];
  /** Keys of tensors that are in the file, but that Keras does not read. */
  readonly unlisted: readonly string[];
  /** Datasets that are no tensors, each with the error that reading it gives. */
  readonly unreadable: ReadonlyMap<string, ModelbytesError>;
  /** What is wrong with the file's lists and objects; empty unless the file was opened as `tolerant`. */
  readonly damage: readonly ModelbytesError[];
  /** The HDF5 file itself; of sharded weights, the shards as if they were one. */
  readonly hdf5: Hdf5File;
  /** The files on the disk: one, or the shards. */
  readonly parts: readonly Shard[];
  readonly #contents: KerasHdf5Contents;
  #keys: ReadonlyMap<string, string> | undefined;

  constructor(hdf5: Hdf5File, contents: KerasHdf5Contents, parts: readonly Shard[]) {
    this.hdf5 = hdf5;
    this.parts = parts;
    this.kind = contents.kind;
    this.metadata = contents.metadata;
    this.entries = contents.entries;
    this.layers = contents.layers;
    this.topLevelWeights = contents.topLevelWeights;
    this.optimizerWeights = contents.optimizerWeights;
    this.metricWeights = contents.metricWeights;
    this.unlisted = contents.unlisted;
    this.unreadable = contents.unreadable;
    this.damage = contents.damage;
    this.#contents = contents;
  }

  /** The key of a tensor, given its key or its readable name. Throws a `NotFoundError` for a name that the file has not. */
  keyOf(name: string): string {
    if (this.entries.has(name) || this.unreadable.has(name)) return name;
    this.#keys ??= new Map([...this.entries].map(([key, entry]) => [entry.name, key]));
    const key = this.#keys.get(name);
    if (key !== undefined) return key;
    throw new NotFoundError("no-tensor", "the file has no such weight", { file: this.hdf5.name, tensor: name });
  }

  /**
   * One tensor, or with `select` a part of it; only the bytes of that part are read, or of filtered datasets the chunks that they are
   * in. Checksums, which Keras does not write, are checked whatever `checksum` says.
   *
   * Throws a `NotFoundError` for a name that the file has not, a `CorruptError` where the tensor is damaged, an `UnsupportedError` for
   * elements that are no tensor, a `TypeError` if it is not of `options.dtype`, a `RangeError` for a selection outside its shape.
   */
  read<D extends DType>(name: string, options: TensorReadOptions & { readonly dtype: D }): Promise<Tensor<D>>;
  read(name: string, options?: TensorReadOptions): Promise<Tensor>;
  async read(name: string, options: TensorReadOptions = {}): Promise<Tensor> {
    const key = this.keyOf(name);
    const entry = this.entries.get(key);
    if (entry === undefined) throw this.unreadable.get(key);
    const { dtype, select, signal, onProgress } = options;
    if (dtype !== undefined && entry.dtype !== dtype) {
      throw new TypeError(`the tensor ${JSON.stringify(name)} is ${entry.dtype}, not ${dtype}`);
    }
    const tensor = await readStored(this.hdf5, key, entry.dtype, { select, signal });
    const bytes = byteLength(tensor);
    onProgress?.({ bytes, total: bytes });
    return tensor;
  }

  /**
   * One tensor in pieces of 4 MiB, a piece good until the next is asked for, or of a dataset in chunks of 32 MiB; `undefined` for
   * strings. Throws a `NotFoundError` for a name that the file has not, and the error of a dataset that is no tensor; asking for the
   * pieces rejects as `read` does.
   */
  inPieces(name: string, options: WaitOptions = {}): TensorInPieces | undefined {
    const key = this.keyOf(name);
    const entry = this.entries.get(key);
    if (entry === undefined) throw this.unreadable.get(key);
    const { dtype, shape } = entry;
    return isVarying(dtype) ? undefined : storedInPieces(this.hdf5, { key, dtype, shape }, options);
  }

  /**
   * Tensors one after another under their keys, in the order of `entries`; Keras writes them in about that order. Reads ahead by
   * `concurrency` reads (4) of 64 MiB together; a larger tensor is read alone. Leaving the loop early cancels what is under way.
   */
  async *stream(options: TensorStreamOptions = {}): AsyncGenerator<[string, Tensor], void, undefined> {
    const { names, concurrency = CONCURRENCY, signal, onProgress } = options;
    signal?.throwIfAborted();
    const wanted = names === undefined ? undefined : new Set([...names].map((name) => this.keyOf(name)));
    for (const key of wanted ?? []) if (!this.entries.has(key)) throw this.unreadable.get(key);
    const entries = [...this.entries].filter(([key]) => wanted === undefined || wanted.has(key));
    const total = entries.reduce((sum, [, { byteLength = 0 }]) => sum + byteLength, 0);
    let bytes = 0;
    const tasks = entries.map(([key, entry]) => ({
      bytes: entry.byteLength ?? 0,
      run: async (cancelled: AbortSignal): Promise<[string, Tensor]> => [
        key,
        await readStored(this.hdf5, key, entry.dtype, { signal: cancelled }),
      ],
    }));
    for await (const [key, tensor] of inOrder(tasks, { concurrency, bytes: BYTES_UNDER_WAY, signal })) {
      bytes += this.entries.get(key)?.byteLength ?? 0;
      onProgress?.({ bytes, total });
      yield [key, tensor];
    }
  }

  /**
   * Checks the lists against the datasets and reads every byte of these; yields the error of each problem and goes on after it, in
   * bounded memory. Yields nothing for a sound file. What Keras would pass over in silence is a problem too: datasets that no list has,
   * gaps in the numbers of variables, elements whose type nothing tells.
   */
  async *verify(options: VerifyOptions = {}): AsyncGenerator<ModelbytesError, void, undefined> {
    const { verifyKerasHdf5 } = await import("./verify.ts"); // with it comes all that is known of layers
    yield* verifyKerasHdf5(this.hdf5, this.#contents, options);
  }

  async close(): Promise<void> {
    await this.hdf5.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
