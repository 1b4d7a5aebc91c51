import type { WaitOptions } from "@modelbytes/bytes";
import { inOrder, type Task } from "@modelbytes/bytes";
import { type Tensor, type TensorInPieces, type TensorStreamOptions, wholeRegion } from "@modelbytes/tensor";
import type { BundleHeader } from "./header.ts";
import type { PartitionedLayout } from "./index-builder.ts";
import { entryOf, type IndexFile } from "./index-file.ts";
import { isInPieces, type Part } from "./part.ts";
import { checkCoverage, indexPlace, isPartitioned, type PartitionedEntry, partitionsOf } from "./partition.ts";
import { batches, type Item, inFileOrder, itemOf } from "./plan.ts";
import type { Shards } from "./shards.ts";
import { storedPieces } from "./stored-pieces.ts";
import type { TensorReader } from "./tensor-reader.ts";
import { onlyRun, regionMove } from "./transform/cut.ts";
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

/** An item, and what is read of it or to be read. */
interface ReadPart {
  readonly item: Item;
  readonly tensor: Tensor | TensorInPieces;
}

/** Reads that are under way at once, and the bytes they may hold before the caller has taken the first. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY = 2 ** 26;

/**
 * The tensors of a bundle, one after another. It may be iterated more than once; each time the bundle is read again.
 *
 * `writeBundle` takes its `parts`, so that the copy of a bundle is the same bytes. Among these a tensor of more than 64 MiB comes in
 * pieces, unless its dtype is string or variant: a copy takes little memory whatever the sizes.
 */
export class BundleStream implements HeadedStream, AsyncIterable<[string, Tensor]> {
  readonly layout: BundleLayout;
  readonly #index: IndexFile;
  readonly #shards: Shards;
  readonly #tensors: TensorReader;
  readonly #options: TensorStreamOptions;

  constructor(index: IndexFile, shards: Shards, tensors: TensorReader, options: TensorStreamOptions) {
    const { header, partitioned } = index;
    this.layout = { header, partitioned, shardSizes: (waiting) => shards.sizes(waiting) };
    this.#index = index;
    this.#shards = shards;
    this.#tensors = tensors;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<[string, Tensor], void, undefined> {
    for await (const { item, tensor } of this.#read(this.#whole(), () => [])) {
      if (!isInPieces(tensor)) yield [item.name, tensor];
    }
  }

  async *parts(): AsyncGenerator<Part, void, undefined> {
    for await (const { item, tensor } of this.#read(this.#stored(), (item) => [item])) {
      const { name, shardId, offset, partition } = item;
      yield [name, tensor, { shardId, offset, partition }];
    }
  }

  /** The tensors with their partitions joined and without a place. Large ones come in pieces if their partitions are rows. */
  async *joined(): AsyncGenerator<Part, void, undefined> {
    for await (const { item, tensor } of this.#read(this.#whole(), (item) => this.#rows(item))) {
      yield [item.name, tensor];
    }
  }

  /** What `parts` gives, without the bytes: it is all in the index. */
  async *heads(): AsyncGenerator<PartHead, void, undefined> {
    for (const { name, entry, shardId, offset, partition } of inFileOrder(this.#stored())) {
      yield { name, dtype: entry.dtype, shape: entry.shape, placement: { shardId, offset, partition } };
    }
  }

  /** `piecesOf` says what a large item is made of; where that is nothing, it is not given in pieces. */
  async *#read(
    wanted: Iterable<Item>,
    piecesOf: (item: Item) => readonly Item[],
  ): AsyncGenerator<ReadPart, void, undefined> {
    const { concurrency = CONCURRENCY, checksum = true, signal, onProgress } = this.#options;
    const { bigEndian } = this.layout.header;
    const items = inFileOrder(wanted);
    const total = items.reduce((sum, { size }) => sum + size, 0);
    let bytes = 0;
    const onBytes = (more: number) => {
      bytes += more;
      onProgress?.({ bytes, total });
    };
    const reading = { bigEndian, checksum, signal, onBytes };
    const tasks = batches(items).map((batch): Task<readonly ReadPart[]> => {
      const [item] = batch.items;
      const pieces = item === undefined ? undefined : storedPieces(item, piecesOf, this.#shards, reading);
      if (item !== undefined && pieces !== undefined) return { bytes: 0, run: async () => [{ item, tensor: pieces }] };
      const run = (cancelled: AbortSignal) => this.#tensors.readBatch(batch, { signal: cancelled, checksum });
      return { bytes: batch.length, run };
    });
    for await (const read of inOrder(tasks, { concurrency, bytes: BYTES_UNDER_WAY, signal })) {
      for (const one of read) {
        if (!isInPieces(one.tensor)) onBytes(one.item.size);
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

  /** The items whose bytes are those of a tensor, one behind another; none where its partitions are no rows. */
  #rows(item: Item): readonly Item[] {
    const { name, entry } = item;
    if (!isPartitioned(entry)) return [item];
    const place = indexPlace(this.#index.file, name, entry);
    const rows: (readonly [start: number, item: Item])[] = [];
    let covered = 0;
    for (const partition of partitionsOf(entry, this.#index.partitions, place)) {
      const run = onlyRun(regionMove(entry.shape, partition.region));
      if (run === undefined) return [];
      rows.push([run.from, itemOf(name, partition.entry)]);
      covered += run.length;
    }
    checkCoverage(wholeRegion(entry.shape), covered, place);
    return rows.sort(([a], [b]) => a - b).map(([, row]) => row);
  }

  #names(): Iterable<string> {
    return this.#options.names ?? this.#index.entries.keys();
  }
}
