import {
  CorruptError,
  decodeName,
  encodeName,
  inOrder,
  ModelbytesError,
  type Task,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { elementCount, fromBytes, type Tensor, wholeRegion } from "@modelbytes/tensor";
import { decodeObjectGraph, encodeObjectGraph } from "@modelbytes/tf-proto";
import type { StoredStream } from "./bundle-stream.ts";
import type { BundleEntry } from "./entry.ts";
import { type BundleLike, isV1, type LocateOptions, locateCheckpoint } from "./files.ts";
import { OBJECT_GRAPH_KEY } from "./object-graph.ts";
import type { Part } from "./part.ts";
import { checkCoverage, indexPlace, isPartitioned, partitionsOf } from "./partition.ts";
import { parsePartitionKey } from "./partition-key.ts";
import { type Item, inFileOrder, itemOf } from "./plan.ts";
import { type DamagedIndex, type LostKeys, lossOf, readDamagedIndex } from "./salvage-index.ts";
import { Shards } from "./shards.ts";
import { TensorReader } from "./tensor-reader.ts";
import { checkReferences } from "./transform/derive.ts";
import { KeyIndex, withoutValues } from "./transform/graph.ts";
import { unplaced } from "./transform/unplaced.ts";
import { type BundleTarget, type WriteBundleOptions, type WrittenBundle, writeBundle } from "./writer.ts";

/** How a damaged bundle is found and what is left of it written. */
export interface SalvageOptions extends LocateOptions, WriteBundleOptions {}

/** A tensor that could not be saved. */
export interface LostTensor {
  readonly tensor: string;
  /** What reading it gives. */
  readonly error: ModelbytesError;
}

/** What came of salvaging a bundle. */
export interface SalvageReport {
  /** The tensors of the new bundle, the object graph among them. */
  readonly kept: readonly string[];
  /** The tensors that are not in it, as far as their names are known: from the index or from the object graph. */
  readonly lost: readonly LostTensor[];
  /** Where in the order of the keys tensors may be lost whose names nobody knows. */
  readonly lostKeys: readonly LostKeys[];
  /** What is wrong with the index. */
  readonly damage: readonly CorruptError[];
  /** Whether the header was lost. Then the bundle is taken to be little-endian, as all but a few are. */
  readonly headerIsAssumed: boolean;
  readonly written: WrittenBundle;
}

/**
 * Writes a new bundle of all tensors of a damaged one whose checksums hold, and reports what is lost. A tensor in partitions is
 * saved if all of them are, one without elements always. In the object graph what is lost has no value any more; a graph that is damaged itself is left out,
 * which makes the checkpoint a name-based one. An index that cannot be opened is searched for blocks.
 *
 * What is written verifies without a problem, and is the same bytes where nothing is lost and the graph is the last tensor of its
 * data file. Tensors that cannot be read because a disk or a server fails count as lost as well.
 *
 * Throws a `NotFoundError` where there is no bundle, an `UnsupportedError` for one of a future version and for a V1 checkpoint, the
 * `CorruptError` of opening the index if no block of it is left.
 */
export async function salvage(
  from: BundleLike,
  to: BundleTarget,
  options: SalvageOptions = {},
): Promise<SalvageReport> {
  const files = await locateCheckpoint(from, options);
  if (isV1(files)) {
    throw new UnsupportedError("v1", "the tensors of a V1 checkpoint have no checksums", { file: files.prefix });
  }
  try {
    const damaged = await readDamagedIndex(files, options);
    const shards = new Shards(files, damaged.index.header.numShards);
    try {
      const salvaging = new Salvaging(damaged, shards);
      const stream = await salvaging.stream(options);
      const written = await writeBundle(to, options.shards === undefined ? stream : unplaced(stream), options);
      const { damage, lostKeys, headerIsAssumed } = damaged;
      return { kept: [...salvaging.kept], lost: salvaging.lost, lostKeys, damage, headerIsAssumed, written };
    } finally {
      await shards.close();
    }
  } finally {
    await files.index.close?.();
  }
}

/** The tensor of an entry, if the entry says it all: one without elements, which no damage to a data file takes away. */
function withoutElements({ dtype, shape }: BundleEntry): Tensor | undefined {
  if (elementCount(shape) > 0) return undefined;
  if (dtype === "string") return { dtype, shape, data: [] };
  return dtype === "variant" ? { dtype, shape, data: [] } : fromBytes(dtype, shape, new Uint8Array(0));
}

/** Reads that are under way at once, and the bytes they may hold. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY = 2 ** 26;

class Salvaging {
  readonly kept = new Set<string>();
  readonly #lost = new Map<string, ModelbytesError>();
  readonly #damaged: DamagedIndex;
  readonly #tensors: TensorReader;

  constructor(damaged: DamagedIndex, shards: Shards) {
    this.#damaged = damaged;
    this.#tensors = new TensorReader(shards, damaged.index);
  }

  get lost(): LostTensor[] {
    return [...this.#lost].map(([tensor, error]) => ({ tensor, error }));
  }

  /** What can be saved. Reads the partitions once, to know which tensors are whole; the rest is read as it is written. */
  async stream(options: WaitOptions): Promise<StoredStream> {
    const { header, partitioned } = this.#damaged.index;
    const items = inFileOrder(this.#items());
    const partitions = items.filter(({ partition }) => partition !== undefined);
    for await (const [{ name }, read] of this.#read(partitions, options)) {
      if (read instanceof ModelbytesError) this.#lost.set(name, read);
    }
    return {
      layout: { header, partitioned, shardSizes: async () => [] },
      parts: () => this.#parts(items, options),
    };
  }

  async *#parts(items: readonly Item[], options: WaitOptions): AsyncGenerator<Part, void, undefined> {
    let graph: Part | undefined;
    const wanted = items.filter(({ name }) => !this.#lost.has(name));
    for await (const [{ name, shardId, partition }, read] of this.#read(wanted, options)) {
      if (read instanceof ModelbytesError) this.#lost.set(name, read);
      else if (name === OBJECT_GRAPH_KEY) graph = [name, read, { shardId }];
      else {
        yield [name, read, { shardId, partition }];
        this.kept.add(name);
      }
    }
    const edited = graph === undefined ? undefined : this.#withoutLost(graph);
    if (edited === undefined) return;
    yield edited;
    this.kept.add(OBJECT_GRAPH_KEY);
  }

  /** What the index says can be read. */
  *#items(): Generator<Item> {
    const { index } = this.#damaged;
    for (const [name, error] of index.unreadable) this.#lost.set(name, error);
    for (const [name, entry] of index.entries) {
      try {
        if (!isPartitioned(entry)) {
          if (!this.#isOrphan(name)) yield itemOf(name, entry);
          continue;
        }
        const place = indexPlace(index.file, name, entry);
        const partitions = partitionsOf(entry, index.partitions, place);
        const covered = partitions.reduce((sum, { region }) => sum + elementCount(region.count), 0);
        checkCoverage(wholeRegion(entry.shape), covered, place);
        for (const [at, partition] of partitions.entries()) {
          const slice = entry.slices[at] ?? [];
          yield { ...itemOf(name, partition.entry), partition: { shape: entry.shape, slice } };
        }
      } catch (error) {
        if (!(error instanceof ModelbytesError)) throw error;
        this.#lost.set(name, error);
      }
    }
  }

  /** Whether this is the key of a partition whose tensor does not list it or is lost itself: on its own it is nothing. */
  #isOrphan(key: string): boolean {
    const partition = key.startsWith("\0") ? parsePartitionKey(encodeName(key)) : undefined;
    if (partition === undefined) return false;
    const { index, lostKeys } = this.#damaged;
    const name = decodeName(partition.name);
    const reason = "a partition that its tensor does not list";
    if (index.partitioned.has(name)) {
      this.#lost.set(key, new CorruptError("orphan-partition", reason, { file: index.file, tensor: key }));
      return true;
    }
    const loss = index.unreadable.get(name) ?? (index.entries.has(name) ? undefined : lossOf(lostKeys, name));
    if (loss !== undefined) this.#lost.set(name, loss);
    return loss !== undefined;
  }

  async *#read(
    items: readonly Item[],
    { signal }: WaitOptions,
  ): AsyncGenerator<readonly [Item, Tensor | ModelbytesError], void, undefined> {
    const tasks = items.map(
      (item): Task<readonly [Item, Tensor | ModelbytesError]> => ({
        bytes: item.size,
        run: async (cancelled) => {
          try {
            const { name, entry } = item;
            return [item, withoutElements(entry) ?? (await this.#tensors.read(name, entry, { signal: cancelled }))];
          } catch (error) {
            if (error instanceof ModelbytesError) return [item, error];
            throw error;
          }
        },
      }),
    );
    yield* inOrder(tasks, { concurrency: CONCURRENCY, bytes: BYTES_UNDER_WAY, signal });
  }

  /** The object graph without the values that are not kept; `undefined` where it is damaged. */
  #withoutLost(part: Part): Part | undefined {
    const [name, tensor, placement = {}] = part;
    const place = { file: this.#damaged.index.file, tensor: name };
    try {
      if (!("data" in tensor) || tensor.dtype !== "string" || tensor.shape.length > 0) {
        throw new CorruptError("object-graph", "the object graph is a string scalar, this is none", place);
      }
      const graph = decodeObjectGraph(tensor.data[0] ?? new Uint8Array(0), place);
      checkReferences(graph, place);
      const keys = new KeyIndex([...this.kept, ...this.#lost.keys()]);
      const edited = withoutValues(graph, (key) => this.#isLost(key, keys));
      if (edited === graph) return part;
      return [name, { ...tensor, data: [encodeObjectGraph(edited)] }, placement];
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      this.#lost.set(name, error);
      return undefined;
    }
  }

  /** Whether a value of the object graph is lost. That the graph names it may be all that is known of it. */
  #isLost(key: string, keys: KeyIndex): boolean {
    const tensors = keys.of(key);
    if (tensors.length > 0) return tensors.some((tensor) => this.#lost.has(tensor));
    const { index, lostKeys } = this.#damaged;
    const reason = "the object graph has this value, the index has not";
    const missing = new CorruptError("object-graph-key", reason, { file: index.file, tensor: key });
    this.#lost.set(key, lossOf(lostKeys, key) ?? missing);
    return true;
  }
}
