import type { SourceReadOptions, WaitOptions } from "@modelbytes/bytes";
import {
  copyRegion,
  DTYPES,
  elementCount,
  type FixedDType,
  intersection,
  isVarying,
  type Move,
  runs,
  type Selected,
  select,
  type Tensor,
  type TensorReadOptions,
  type VaryingDType,
  wholeRegion,
} from "@modelbytes/tensor";
import type { BundleEntry } from "./entry.ts";
import type { IndexFile } from "./index-file.ts";
import { checkCoverage, indexPlace, isPartitioned, type Partition, partitionsOf } from "./partition.ts";
import { decodeFixed, decodePayload } from "./payload.ts";
import { checkPayload } from "./payload-check.ts";
import type { Batch, Item } from "./plan.ts";
import type { Shards } from "./shards.ts";

interface ReadOptions extends WaitOptions {
  readonly checksum: boolean;
}

/** An item and what was read of it. */
export interface ReadItem {
  readonly item: Item;
  readonly tensor: Tensor;
}

/** A partition and what of it is wanted: `from` is the partition, `to` the wanted region. */
interface Part {
  readonly entry: BundleEntry;
  readonly move: Move;
}

/**
 * Puts tensors together from the bytes of shards. A tensor that is stored whole is one partition that covers it; so reading a
 * part of it and joining partitions are the same: for each partition, move what it shares with the wanted region.
 */
export class TensorReader {
  readonly #shards: Shards;
  readonly #index: IndexFile;

  constructor(shards: Shards, index: IndexFile) {
    this.#shards = shards;
    this.#index = index;
  }

  async read(name: string, entry: BundleEntry, options: TensorReadOptions): Promise<Tensor> {
    const { signal, checksum = true, onProgress } = options;
    const reading = { signal, checksum };
    if (options.select === undefined && !isPartitioned(entry)) {
      const tensor = await this.#whole(name, entry, reading);
      onProgress?.({ bytes: entry.size, total: entry.size });
      return tensor;
    }
    const wanted = select(options.select ?? [], entry.shape);
    const parts = this.#parts(name, entry, wanted);
    const { dtype } = entry;
    if (isVarying(dtype)) return await this.#joinElements(name, dtype, wanted, parts, reading, onProgress);
    return await this.#joinBytes(name, dtype, wanted, parts, reading, onProgress);
  }

  /** The items of a batch, each in memory of its own. Where the batch cannot be read, one by one, so that the error is the item's. */
  async readBatch(batch: Batch, options: ReadOptions): Promise<ReadItem[]> {
    const { shardId, start, length, items } = batch;
    const [first, ...others] = items;
    if (first === undefined) return [];
    if (others.length === 0) return [{ item: first, tensor: await this.read(first.name, first.entry, options) }];
    const bytes = await this.#shards.read(shardId, start, length, first.name, options).catch(() => undefined);
    const read: ReadItem[] = [];
    for (const item of items) {
      const { name, entry, offset, size } = item;
      if (bytes === undefined) {
        read.push({ item, tensor: await this.#whole(name, entry, options) });
        continue;
      }
      const own = bytes.slice(offset - start, offset - start + size);
      read.push({ item, tensor: decodePayload(entry, own, this.#payload(options), this.#shards.place(entry, name)) });
    }
    return read;
  }

  async #whole(name: string, entry: BundleEntry, options: ReadOptions): Promise<Tensor> {
    const { shardId, offset, size } = entry;
    const bytes = await this.#shards.read(shardId, offset, size, name, { signal: options.signal });
    return decodePayload(entry, bytes, this.#payload(options), this.#shards.place(entry, name));
  }

  #payload({ checksum }: ReadOptions): { bigEndian: boolean; checksum: boolean } {
    return { bigEndian: this.#index.header.bigEndian, checksum };
  }

  /** What each partition holds of the wanted region. Throws a `CorruptError` unless that is all of it. */
  #parts(name: string, entry: BundleEntry, wanted: Selected): Part[] {
    const parts: Part[] = [];
    let covered = 0;
    for (const partition of this.#partitions(name, entry)) {
      const { region } = partition;
      const shared = intersection(region, wanted);
      if (shared === undefined) continue;
      covered += elementCount(shared.count);
      const fromStart = shared.start.map((at, dim) => at - (region.start[dim] ?? 0));
      const toStart = shared.start.map((at, dim) => at - (wanted.start[dim] ?? 0));
      const move = { fromShape: region.count, fromStart, toShape: wanted.count, toStart, count: shared.count };
      parts.push({ entry: partition.entry, move });
    }
    checkCoverage(wanted, covered, indexPlace(this.#index.file, name, entry));
    return parts;
  }

  #partitions(name: string, entry: BundleEntry): Partition[] {
    if (!isPartitioned(entry)) return [{ region: wholeRegion(entry.shape), entry }];
    return partitionsOf(entry, this.#index.partitions, indexPlace(this.#index.file, name, entry));
  }

  async #joinBytes(
    name: string,
    dtype: FixedDType,
    wanted: Selected,
    parts: readonly Part[],
    options: ReadOptions,
    onProgress: TensorReadOptions["onProgress"],
  ): Promise<Tensor> {
    const { itemsize } = DTYPES[dtype];
    const total = elementCount(wanted.count) * itemsize;
    const target = await this.#shards.allocate(total, parts, name, options);
    let bytes = 0;
    for (const { entry, move } of parts) {
      const whole = options.checksum && elementCount(move.count) * itemsize === entry.size;
      if (whole) await this.#moveChecked(entry, move, target, itemsize, name, options);
      else await this.#shards.readRegion(entry, move, target, itemsize, name, { signal: options.signal });
      bytes += elementCount(move.count) * itemsize;
      onProgress?.({ bytes, total });
    }
    return decodeFixed(dtype, wanted.shape, target, this.#index.header.bigEndian);
  }

  async #moveChecked(
    entry: BundleEntry,
    move: Move,
    target: Uint8Array<ArrayBuffer>,
    itemsize: number,
    name: string,
    { signal }: SourceReadOptions,
  ): Promise<void> {
    const bytes = await this.#shards.read(entry.shardId, entry.offset, entry.size, name, { signal });
    checkPayload(entry, bytes, this.#index.header.bigEndian, this.#shards.place(entry, name));
    copyRegion(move, bytes, target, itemsize);
  }

  async #joinElements(
    name: string,
    dtype: VaryingDType,
    wanted: Selected,
    parts: readonly Part[],
    options: ReadOptions,
    onProgress: TensorReadOptions["onProgress"],
  ): Promise<Tensor> {
    const data: Uint8Array[] = new Array(elementCount(wanted.count));
    const total = parts.reduce((sum, { entry }) => sum + entry.size, 0);
    let bytes = 0;
    for (const { entry, move } of parts) {
      const part = await this.#whole(name, entry, options);
      for (const run of runs(move)) {
        for (let index = 0; index < run.length; index++) {
          const element = part.data[run.from + index];
          if (element instanceof Uint8Array) data[run.to + index] = element;
        }
      }
      bytes += entry.size;
      onProgress?.({ bytes, total });
    }
    return { dtype, shape: wanted.shape, data };
  }
}
