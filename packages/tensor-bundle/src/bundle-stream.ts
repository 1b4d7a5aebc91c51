import type { WaitOptions } from "@modelbytes/bytes";
import type { Tensor, TensorStreamOptions } from "@modelbytes/tensor";
import type { BundleHeader } from "./header.ts";
import { inOrder, type Task } from "./in-order.ts";
import type { PartitionedLayout } from "./index-builder.ts";
import { entryOf, type IndexFile } from "./index-file.ts";
import type { Part } from "./part.ts";
import { indexPlace, isPartitioned, type PartitionedEntry, partitionsOf } from "./partition.ts";
import { batches, type Item, inFileOrder, itemOf } from "./plan.ts";
import type { Shards } from "./shards.ts";
import type { ReadItem, TensorReader } from "./tensor-reader.ts";
import type { HeadedStream, PartHead } from "./transform/heads.ts";

/** How a bundle is laid out, apart from its parts. */
export interface BundleLayout {
  readonly header: BundleHeader;
  /** The entries of partitioned tensors. */
  readonly partitioned: ReadonlyMap<string, PartitionedLayout>;
  /** The sizes of the data files in bytes: padding may follow the last tensor. Empty where they are to be as they come. */
  shardSizes(options: WaitOptions): Promise<readonly number[]>;
}

/** Tensors piece by piece, as a bundle stores them or is to store them, and the layout around them. */
export interface StoredStream {
  readonly layout: BundleLayout;
  /** The tensors and partitions in the order of their bytes. */
  parts(): AsyncIterable<Part>;
}

/** Reads that are under way at once, and the bytes they may hold before the caller has taken the first. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY = 2 ** 26;

/**
 * The tensors of a bundle, one after another. It may be iterated more than once; each time the bundle is read again.
 *
 * `writeBundle` takes its `parts`, so that the copy of a bundle is the same bytes.
 */
export class BundleStream implements HeadedStream, AsyncIterable<[string, Tensor]> {
  readonly layout: BundleLayout;
  readonly #index: IndexFile;
  readonly #tensors: TensorReader;
  readonly #options: TensorStreamOptions;

  constructor(index: IndexFile, shards: Shards, tensors: TensorReader, options: TensorStreamOptions) {
    const { header, partitioned } = index;
    this.layout = { header, partitioned, shardSizes: (waiting) => shards.sizes(waiting) };
    this.#index = index;
    this.#tensors = tensors;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<[string, Tensor], void, undefined> {
    for await (const { item, tensor } of this.#read(this.#whole())) yield [item.name, tensor];
  }

  async *parts(): AsyncGenerator<Part, void, undefined> {
    for await (const { item, tensor } of this.#read(this.#stored())) {
      const { name, shardId, offset, partition } = item;
      yield [name, tensor, { shardId, offset, partition }];
    }
  }

  /** What `parts` gives, without the bytes: it is all in the index. */
  async *heads(): AsyncGenerator<PartHead, void, undefined> {
    for (const { name, entry, shardId, offset, partition } of inFileOrder(this.#stored())) {
      yield { name, dtype: entry.dtype, shape: entry.shape, placement: { shardId, offset, partition } };
    }
  }

  async *#read(wanted: Iterable<Item>): AsyncGenerator<ReadItem, void, undefined> {
    const { concurrency = CONCURRENCY, checksum = true, signal, onProgress } = this.#options;
    const items = inFileOrder(wanted);
    const tasks = batches(items).map(
      (batch): Task<ReadItem[]> => ({
        bytes: batch.length,
        run: (cancelled) => this.#tensors.readBatch(batch, { signal: cancelled, checksum }),
      }),
    );
    const total = items.reduce((sum, { size }) => sum + size, 0);
    let bytes = 0;
    for await (const read of inOrder(tasks, { concurrency, bytes: BYTES_UNDER_WAY, signal })) {
      for (const one of read) {
        bytes += one.item.size;
        onProgress?.({ bytes, total });
        yield one;
      }
    }
  }

  /** Tensors, the partitioned ones where their first byte lies. */
  *#whole(): Generator<Item> {
    for (const name of this.#names()) {
      const entry = entryOf(this.#index, name);
      if (!isPartitioned(entry)) yield itemOf(name, entry);
      else {
        const [first] = inFileOrder(this.#partitions(name, entry));
        yield { ...(first ?? itemOf(name, entry)), entry, size: entry.byteLength };
      }
    }
  }

  /** Tensors that are stored whole, and the partitions of the others. */
  *#stored(): Generator<Item> {
    for (const name of this.#names()) {
      const entry = entryOf(this.#index, name);
      if (isPartitioned(entry)) yield* this.#partitions(name, entry);
      else yield itemOf(name, entry);
    }
  }

  #partitions(name: string, full: PartitionedEntry): Item[] {
    const partitions = partitionsOf(full, this.#index.partitions, indexPlace(this.#index.file, name, full));
    return partitions.map(({ entry }, at) => ({
      ...itemOf(name, entry),
      partition: { shape: full.shape, slice: full.slices[at] ?? [] },
    }));
  }

  #names(): Iterable<string> {
    return this.#options.names ?? this.#index.entries.keys();
  }
}
