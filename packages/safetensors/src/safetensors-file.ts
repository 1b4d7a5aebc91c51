import {
  inOrder,
  type ModelbytesError,
  NotFoundError,
  type Source,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import {
  byteLength,
  type DType,
  type FixedDType,
  type Tensor,
  type TensorEntry,
  type TensorFile,
  type TensorInPieces,
  type TensorReadOptions,
  type TensorStreamOptions,
} from "@modelbytes/tensor";
import { batches, type Item } from "./batch.ts";
import { SAFETENSORS_DTYPES, type SafetensorsDType } from "./dtype.ts";
import type { SafetensorsHeader, StoredTensor } from "./header.ts";
import { readPieces } from "./pieces.ts";
import type { ShardIndex } from "./shard-index.ts";
import { decodeStored, readBytes, readSelected, unpack } from "./stored-tensor.ts";
import { type VerifyOptions, verifySafetensors } from "./verify.ts";

/** Reads that are under way at once, and the bytes they may hold before the caller has taken the first. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY: number = 2 ** 26;

/** What a file knows of a tensor without reading it. */
export interface SafetensorsEntry extends TensorEntry {
  readonly dtype: FixedDType;
  readonly byteLength: number;
  /** The dtype as the file names it. */
  readonly stored: SafetensorsDType;
  /** The file that it is in, by its number in `shards`. */
  readonly shard: number;
  /** Where its bytes begin: from the start of that file. */
  readonly offset: number;
}

/** A file and its header. */
export interface SafetensorsShard {
  readonly source: Source;
  readonly header: SafetensorsHeader;
}

/** What an open file is made of. */
export interface SafetensorsContents {
  readonly shards: readonly SafetensorsShard[];
  /** Of sharded tensors: what their index says. */
  readonly index: ShardIndex | undefined;
  /** What `verify` says before it reads any tensor. */
  readonly problems: readonly ModelbytesError[];
}

/** An open safetensors file, or the several files of an index as one. Made by `openSafetensors`. */
export class SafetensorsFile implements TensorFile<SafetensorsEntry> {
  readonly format = "safetensors";
  /** What the file says of itself, of sharded tensors the first of the files; `undefined` where that is nothing. */
  readonly metadata: ReadonlyMap<string, string> | undefined;
  /** The tensors in the order of their bytes, file by file. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** Tensors of dtypes that no tensor here is of, each with the error that reading it gives: `readBytes` has their bytes. */
  readonly unreadable: ReadonlyMap<string, UnsupportedError>;
  /** The files with their headers, in the order of the index; one alone where there is no index. */
  readonly shards: readonly SafetensorsShard[];
  /** What the index says; `undefined` for a file without. */
  readonly index: ShardIndex | undefined;
  readonly #contents: SafetensorsContents;
  readonly #items: ReadonlyMap<string, Item>;

  constructor(contents: SafetensorsContents) {
    this.#contents = contents;
    this.shards = contents.shards;
    this.index = contents.index;
    this.metadata = contents.shards[0]?.header.metadata;
    const entries = new Map<string, SafetensorsEntry>();
    const unreadable = new Map<string, UnsupportedError>();
    const items = new Map<string, Item>();
    for (const [shard, { source, header }] of contents.shards.entries()) {
      for (const [name, stored] of header.tensors) {
        if (contents.index !== undefined && contents.index.files.get(name) !== contents.index.names[shard]) continue;
        items.set(name, { name, shard, source, stored });
        const { dtype } = SAFETENSORS_DTYPES[stored.dtype];
        if (dtype === undefined) unreadable.set(name, noTensor(stored, source.name, name));
        else entries.set(name, { ...stored, dtype, stored: stored.dtype, shard });
      }
    }
    this.entries = entries;
    this.unreadable = unreadable;
    this.#items = items;
  }

  /**
   * One tensor, or with `select` a part of it; only the bytes of that part are read, and short gaps between them. The format has no
   * checksums.
   *
   * Throws a `NotFoundError` for a name that the file has not, an `UnsupportedError` for a dtype that is none of tensors, a
   * `TypeError` if the tensor is not of `options.dtype`, a `RangeError` for a selection outside its shape.
   */
  read<D extends DType>(name: string, options: TensorReadOptions & { readonly dtype: D }): Promise<Tensor<D>>;
  read(name: string, options?: TensorReadOptions): Promise<Tensor>;
  async read(name: string, options: TensorReadOptions = {}): Promise<Tensor> {
    const item = this.#item(name);
    const { dtype } = this.#entry(name);
    if (options.dtype !== undefined && dtype !== options.dtype) {
      throw new TypeError(`the tensor ${JSON.stringify(name)} is ${dtype}, not ${options.dtype}`);
    }
    const tensor =
      options.select === undefined
        ? decodeStored(item.stored, dtype, await this.#bytes(item, options))
        : await readSelected(item, dtype, options.select, name, options);
    const bytes = byteLength(tensor);
    options.onProgress?.({ bytes, total: bytes });
    return tensor;
  }

  /** The bytes of any tensor as the file has them, of a dtype that no tensor is of, too. */
  async readBytes(name: string, options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#bytes(this.#item(name), options);
  }

  /** A tensor that is read as its pieces are asked for, and anew each time they are iterated. Does no I/O. Throws as `read` does. */
  inPieces(name: string, options: WaitOptions = {}): TensorInPieces {
    const { source, stored } = this.#item(name);
    const { dtype, shape } = this.#entry(name);
    const packed = stored.dtype === "F4";
    const pieces = {
      [Symbol.asyncIterator]: async function* () {
        const read = readPieces(source, stored.offset, stored.byteLength, options);
        for await (const piece of read) yield packed ? unpack(piece) : piece;
      },
    };
    return { dtype, shape, pieces };
  }

  /**
   * Tensors one after another, in the order of their bytes. Small neighbours are read together, and ahead, by `concurrency` reads (4)
   * of 64 MiB together; a larger tensor is read alone. Leaving the loop early cancels what is under way.
   */
  async *stream(options: TensorStreamOptions = {}): AsyncGenerator<[string, Tensor], void, undefined> {
    const { names, concurrency = CONCURRENCY, signal, onProgress } = options;
    signal?.throwIfAborted();
    const wanted = names === undefined ? undefined : new Set(names);
    for (const name of wanted ?? []) this.#entry(name);
    const items = [...this.#items.values()].filter(({ name }) => this.entries.has(name) && wanted?.has(name) !== false);
    const total = items.reduce((sum, { stored }) => sum + stored.byteLength, 0);
    let bytes = 0;
    const tasks = batches(items).map((batch) => ({
      bytes: batch.length,
      run: async (cancelled: AbortSignal) => {
        const { source, start, length } = batch;
        const first = batch.items[0]?.name ?? "";
        return { batch, read: await readBytes(source, start, length, first, { signal: cancelled }) };
      },
    }));
    for await (const { batch, read } of inOrder(tasks, { concurrency, bytes: BYTES_UNDER_WAY, signal })) {
      for (const { name, stored } of batch.items) {
        const at = stored.offset - batch.start;
        const own = batch.items.length === 1 ? read : read.slice(at, at + stored.byteLength);
        bytes += stored.byteLength;
        onProgress?.({ bytes, total });
        yield [name, decodeStored(stored, this.#entry(name).dtype, own)];
      }
    }
  }

  /**
   * Reads every byte and yields the error of each problem; goes on after it, in bounded memory. Yields nothing for a sound file. Opening
   * has checked the header as the reference implementation does; what that passes over is a problem here: names that come twice, bool
   * that is neither 0 nor 1, and an index that does not agree with its files.
   */
  verify(options: VerifyOptions = {}): AsyncGenerator<ModelbytesError, void, undefined> {
    return verifySafetensors([...this.#items.values()], this.#contents.problems, options);
  }

  async close(): Promise<void> {
    await Promise.all(this.shards.map(({ source }) => source.close?.()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #item(name: string): Item {
    const item = this.#items.get(name);
    if (item !== undefined) return item;
    const file = this.shards[0]?.source.name;
    throw new NotFoundError("no-tensor", "the file has no such tensor", { file, tensor: name });
  }

  #entry(name: string): SafetensorsEntry {
    const entry = this.entries.get(name);
    if (entry === undefined) throw this.unreadable.get(this.#item(name).name);
    return entry;
  }

  async #bytes({ name, source, stored }: Item, options: WaitOptions): Promise<Uint8Array<ArrayBuffer>> {
    return await readBytes(source, stored.offset, stored.byteLength, name, options);
  }
}

function noTensor({ dtype, offset }: StoredTensor, file: string, tensor: string): UnsupportedError {
  const reason = `TensorFlow has no dtype for ${dtype}; \`readBytes\` gives its bytes`;
  return new UnsupportedError("dtype", reason, { file, offset, tensor });
}
