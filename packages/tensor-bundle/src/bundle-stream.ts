import type { WaitOptions } from "@modelbytes/bytes";
import { inOrder, type Task } from "@modelbytes/bytes";
import { DTYPES, isVarying, type Tensor, type TensorInPieces, type TensorStreamOptions } from "@modelbytes/tensor";
import type { Buffers } from "./buffers.ts";
import { type Crc32cBuffer, MAX_CAPACITY } from "./crc32c/crc32c.ts";
import type { BundleHeader } from "./header.ts";
import type { PartitionedLayout } from "./index-builder.ts";
import { entryOf, type IndexFile } from "./index-file.ts";
import { isInPieces, type Part } from "./part.ts";
import { isPartitioned } from "./partition.ts";
import { batches, type Item, inFileOrder, itemOf, partitionItems, rowItems } from "./plan.ts";
import type { Shards } from "./shards.ts";
import { PIECE_BYTES, type PieceOptions, type StoredPieces } from "./stored-pieces.ts";
import type { TensorReader } from "./tensor-reader.ts";
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

/** What reads a bundle. */
export interface BundleReaders {
  readonly index: IndexFile;
  readonly shards: Shards;
  readonly tensors: TensorReader;
  readonly pieces: StoredPieces;
  readonly buffers: Buffers;
}

/** An item, and what is read of it or to be read. */
interface ReadPart {
  readonly item: Item;
  readonly tensor: Tensor | TensorInPieces;
}

/** What is read at once, and the memory that it lies in if that is not its own. */
interface ReadBatch {
  readonly parts: readonly ReadPart[];
  readonly buffer?: Crc32cBuffer | undefined;
}

/** Reads that are under way at once, and the bytes they may hold before the caller has taken the first. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY = 2 ** 26;

/**
 * The tensors of a bundle, one after another. It may be iterated more than once; each time the bundle is read again.
 *
 * `writeBundle` takes its `parts`, so that the copy of a bundle is the same bytes. Among these a tensor of more than 2 MiB comes in
 * pieces, unless its dtype is string or variant: a copy takes little memory whatever the sizes, and the same again and again.
 */
export class BundleStream implements HeadedStream, AsyncIterable<[string, Tensor]> {
  readonly layout: BundleLayout;
  readonly #index: IndexFile;
  readonly #tensors: TensorReader;
  readonly #pieces: StoredPieces;
  readonly #buffers: Buffers;
  readonly #options: TensorStreamOptions;

  constructor({ index, shards, tensors, pieces, buffers }: BundleReaders, options: TensorStreamOptions) {
    const { header, partitioned } = index;
    this.layout = { header, partitioned, shardSizes: (waiting) => shards.sizes(waiting) };
    this.#index = index;
    this.#tensors = tensors;
    this.#pieces = pieces;
    this.#buffers = buffers;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<[string, Tensor], void, undefined> {
    const { reuseMemory } = this.#options;
    for await (const { item, tensor } of this.#read(this.#whole(), () => [], reuseMemory)) {
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
    for await (const { item, tensor } of this.#read(this.#whole(), ({ name, entry }) =>
      rowItems(this.#index, name, entry),
    )) {
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
    reuseMemory = false,
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
    const tasks = batches(items).map((batch): Task<ReadBatch> => {
      const [item] = batch.items;
      const tensor = item === undefined ? undefined : this.#inPieces(item, piecesOf, reading);
      if (item !== undefined && tensor !== undefined)
        return { bytes: 0, run: async () => ({ parts: [{ item, tensor }] }) };
      const run = async (cancelled: AbortSignal) => {
        const buffer = reuseMemory && batch.length <= MAX_CAPACITY ? this.#buffers.borrow(batch.length) : undefined;
        const parts = await this.#tensors.readBatch(batch, { signal: cancelled, checksum, buffer });
        return { parts, buffer };
      };
      return { bytes: batch.length, run };
    });
    for await (const { parts, buffer } of inOrder(tasks, { concurrency, bytes: BYTES_UNDER_WAY, signal })) {
      for (const part of parts) {
        if (!isInPieces(part.tensor)) onBytes(part.item.size);
        yield part;
      }
      if (buffer !== undefined) this.#buffers.giveBack(buffer);
    }
  }

  /** A large item of whole bytes, where `piecesOf` says what it is made of. */
  #inPieces(item: Item, piecesOf: (item: Item) => readonly Item[], options: PieceOptions): TensorInPieces | undefined {
    const { dtype, shape } = item.entry;
    if (item.size <= PIECE_BYTES || isVarying(dtype) || DTYPES[dtype].bits < 8) return undefined;
    const items = piecesOf(item);
    return items.length === 0 ? undefined : this.#pieces.tensor(dtype, shape, items, options);
  }

  /** Tensors, the partitioned ones where their first byte lies. */
  *#whole(): Generator<Item> {
    for (const name of this.#names()) {
      const entry = entryOf(this.#index, name);
      if (!isPartitioned(entry)) yield itemOf(name, entry);
      else {
        const [first] = inFileOrder(partitionItems(this.#index, name, entry));
        yield { ...(first ?? itemOf(name, entry)), entry, size: entry.byteLength };
      }
    }
  }

  /** Tensors that are stored whole, and the partitions of the others. */
  *#stored(): Generator<Item> {
    for (const name of this.#names()) {
      const entry = entryOf(this.#index, name);
      yield* partitionItems(this.#index, name, entry);
    }
  }

  #names(): Iterable<string> {
    return this.#options.names ?? this.#index.entries.keys();
  }
}
