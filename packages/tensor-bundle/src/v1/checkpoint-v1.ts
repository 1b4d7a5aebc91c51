import {
  compareBytes,
  inOrder,
  type ModelbytesError,
  NotFoundError,
  type Source,
  type Task,
  type WaitOptions,
} from "@modelbytes/bytes";
import {
  type DType,
  type Selection,
  select,
  type Tensor,
  type TensorFile,
  type TensorReadOptions,
  type TensorStreamOptions,
} from "@modelbytes/tensor";
import type { DataBlock } from "../table/table.ts";
import type { VerifyOptions } from "../verify.ts";
import type { V1Files } from "./files.ts";
import { V1Join } from "./join.ts";
import { type CheckpointV1Contents, type CheckpointV1Entry, collectV1, type StoredPart } from "./meta.ts";
import { V1Shard } from "./shard.ts";
import { verifyV1 } from "./verify.ts";

/** Reads that `stream` has under way at once, and the bytes of blocks that they may hold. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY = 2 ** 28;

/**
 * A checkpoint of the first format, which TensorFlow wrote until 2016 and reads to this day: one table for each shard, with the
 * tensors in it. `shard.ts` has the layout.
 *
 * The blocks of a table have checksums, and those are always checked; a tensor has none of its own.
 */
export class CheckpointV1 implements TensorFile<CheckpointV1Entry> {
  readonly format = "tensor-bundle-v1";
  /** Its path without the numbers of shards, as the place where it was found calls it. */
  readonly prefix: string;
  /** Tensors by name, in the order of their names' bytes. */
  readonly entries: ReadonlyMap<string, CheckpointV1Entry>;
  readonly #sources: readonly Source[];
  readonly #shards: readonly V1Shard[];
  readonly #contents: CheckpointV1Contents;

  private constructor(
    { prefix, shards: sources }: V1Files,
    shards: readonly V1Shard[],
    contents: CheckpointV1Contents,
  ) {
    this.prefix = prefix;
    this.entries = contents.entries;
    this.#sources = sources;
    this.#shards = shards;
    this.#contents = contents;
  }

  /**
   * Opens the files of a checkpoint, all of them: of each its footer, its index block and the block with the meta are read. The
   * checkpoint closes them, also when opening fails.
   *
   * Throws a `CorruptError` where a file is damaged or no V1 checkpoint, and where shards contradict each other.
   */
  static async open(files: V1Files, options: WaitOptions = {}): Promise<CheckpointV1> {
    try {
      const shards: V1Shard[] = [];
      for (const source of files.shards) shards.push(await V1Shard.open(source, options));
      const metas = shards.map(({ meta, table }) => ({ meta, place: { file: table.name } }));
      return new CheckpointV1(files, shards, collectV1(metas));
    } catch (error) {
      await closeAll(files.shards);
      throw error;
    }
  }

  /**
   * One tensor, or with `select` a part of it. The blocks are read that hold some of it, each as a whole.
   *
   * Throws a `NotFoundError` for a name that the checkpoint has not, a `CorruptError` where the tensor is damaged or not all of it
   * is stored, a `TypeError` if it is not of `options.dtype`, a `RangeError` for a selection outside its shape.
   */
  read<D extends DType>(name: string, options: TensorReadOptions & { readonly dtype: D }): Promise<Tensor<D>>;
  read(name: string, options?: TensorReadOptions): Promise<Tensor>;
  async read(name: string, options: TensorReadOptions = {}): Promise<Tensor> {
    const { dtype, onProgress } = options;
    const found = this.#entry(name).dtype;
    if (dtype !== undefined && dtype !== found) {
      throw new TypeError(`the tensor ${JSON.stringify(name)} is ${found}, not ${dtype}`);
    }
    const join = this.#join(name, options.select);
    await this.#fill([join], { signal: options.signal });
    const total = bytesOf(this.#blocksOf(join.parts));
    onProgress?.({ bytes: total, total });
    return join.finish();
  }

  /**
   * Tensors one after another, in the order of their bytes: shard by shard, by key. Tensors that share a block are read together.
   * Reads ahead by `concurrency` reads (4) of 256 MiB together. Progress counts the bytes of the blocks.
   */
  async *stream(options: TensorStreamOptions = {}): AsyncGenerator<[string, Tensor], void, undefined> {
    const tasks = this.#batches(options.names ?? this.entries.keys()).map((batch) => this.#task(batch));
    const total = tasks.reduce((sum, task) => sum + task.bytes, 0);
    const concurrency = options.concurrency ?? CONCURRENCY;
    let bytes = 0;
    for await (const batch of inOrder(tasks, { concurrency, bytes: BYTES_UNDER_WAY, signal: options.signal })) {
      bytes += batch.bytes;
      options.onProgress?.({ bytes, total });
      yield* batch.tensors;
    }
  }

  /**
   * Checks every block of every shard, that each value is where the meta says and is what it says, and that parts cover their
   * tensor. Yields the error of each problem, the very error that reading would throw, and goes on; memory is bounded by the
   * largest block. Yields nothing for a sound checkpoint.
   */
  verify(options: VerifyOptions = {}): AsyncGenerator<ModelbytesError, void, undefined> {
    return verifyV1(this.#shards, this.#contents, options);
  }

  /** Closes the sources. */
  async close(): Promise<void> {
    await closeAll(this.#sources);
  }

  /** Closes the sources. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #join(name: string, selection: Selection | undefined): V1Join {
    const entry = this.#entry(name);
    const parts = this.#contents.parts.get(name) ?? [];
    const place = { file: this.#shards[parts[0]?.shard ?? 0]?.table.name, tensor: name };
    return new V1Join(entry, parts, select(selection ?? [], entry.shape), place);
  }

  #entry(name: string): CheckpointV1Entry {
    const entry = this.entries.get(name);
    if (entry !== undefined) return entry;
    const place = { file: this.#shards[0]?.table.name, tensor: name };
    throw new NotFoundError("no-tensor", "the checkpoint has no tensor of this name", place);
  }

  /** Reads the parts of all joins, each block once. */
  async #fill(joins: readonly V1Join[], options: WaitOptions): Promise<void> {
    const owners = new Map<StoredPart, V1Join[]>();
    for (const join of joins) for (const part of join.parts) owners.set(part, [...(owners.get(part) ?? []), join]);
    for (const part of owners.keys()) this.#shards[part.shard]?.checkSize(part);
    for (const [index, shard] of this.#shards.entries()) {
      const inShard = [...owners.keys()].filter((part) => part.shard === index);
      for await (const [part, values] of shard.values(inShard, options)) {
        for (const join of owners.get(part) ?? []) join.add(part, values);
      }
    }
  }

  /** Small tensors side by side come with one read of their block. A tensor in several blocks is a batch of its own. */
  #batches(names: Iterable<string>): Batch[] {
    const items = Array.from(names, (name) => {
      this.#entry(name);
      const parts = [...(this.#contents.parts.get(name) ?? [])].sort(inFileOrder);
      return { name, first: parts[0], blocks: this.#blocksOf(parts) };
    });
    items.sort((a, b) => inFileOrder(a.first, b.first));
    const batches: Batch[] = [];
    for (const { name, blocks } of items) {
      const open = batches.at(-1);
      const shared =
        blocks.size === 1 && open?.blocks.size === 1 && [...blocks].every((block) => open.blocks.has(block));
      if (shared) open.names.push(name);
      else batches.push({ names: [name], blocks });
    }
    return batches;
  }

  #task({ names, blocks }: Batch): Task<{ readonly tensors: [string, Tensor][]; readonly bytes: number }> {
    const bytes = bytesOf(blocks);
    const run = async (signal: AbortSignal) => {
      const joins = names.map((name): [string, V1Join] => [name, this.#join(name, undefined)]);
      await this.#fill(
        joins.map(([, join]) => join),
        { signal },
      );
      return { tensors: joins.map(([name, join]): [string, Tensor] => [name, join.finish()]), bytes };
    };
    return { bytes, run };
  }

  #blocksOf(parts: readonly StoredPart[]): ReadonlySet<DataBlock | undefined> {
    return new Set(parts.map((part) => this.#shards[part.shard]?.blockOf(part)));
  }
}

/** Tensors that are read at once, and the blocks that hold them. */
interface Batch {
  readonly names: string[];
  readonly blocks: ReadonlySet<DataBlock | undefined>;
}

function bytesOf(blocks: ReadonlySet<DataBlock | undefined>): number {
  return [...blocks].reduce((sum, block) => sum + (block?.size ?? 0), 0);
}

/** Shard by shard, by key. What has no parts, an empty tensor, comes first. */
function inFileOrder(a: StoredPart | undefined, b: StoredPart | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  return a.shard - b.shard || compareBytes(a.key, b.key);
}

async function closeAll(sources: readonly Source[]): Promise<void> {
  await Promise.all(sources.map((source) => source.close?.()));
}
