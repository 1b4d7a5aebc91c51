import { inOrder, type SourceReadOptions, type WaitOptions } from "@modelbytes/bytes";
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
import type { Crc32cBuffer } from "./crc32c/crc32c.ts";
import type { BundleEntry } from "./entry.ts";
import type { IndexFile } from "./index-file.ts";
import { checkCoverage, indexPlace, isPartitioned, type Partition, partitionsOf } from "./partition.ts";
import { decodeFixed, decodePayload, type PayloadOptions } from "./payload.ts";
import { checkPayload } from "./payload-check.ts";
import type { Batch, Item } from "./plan.ts";
import type { Shards } from "./shards.ts";
import { onlyRun } from "./transform/cut.ts";

interface ReadOptions extends WaitOptions {
  readonly checksum: boolean;
  /** Memory for what is stored in one piece; the tensors are then only to be looked at. */
  readonly buffer?: Crc32cBuffer | undefined;
}

/** Partitions that are read at once, and their bytes at most. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY = 2 ** 26;

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

  /**
   * The items of a batch, each in memory of its own or all in the buffer. Where the batch cannot be read, one by one, so that the error
   * is the item's.
   */
  async readBatch(batch: Batch, options: ReadOptions): Promise<ReadItem[]> {
    const { shardId, start, length, items } = batch;
    const [first, ...others] = items;
    if (first === undefined) return [];
    if (others.length === 0) return [{ item: first, tensor: await this.#alone(first, options) }];
    const bytes = await this.#bytes(shardId, start, length, first.name, options).catch(() => undefined);
    const read: ReadItem[] = [];
    for (const item of items) {
      const { name, entry, offset, size } = item;
      if (bytes === undefined) {
        read.push({ item, tensor: await this.#whole(name, entry, { ...options, buffer: undefined }) });
        continue;
      }
      const from = offset - start;
      const own = options.buffer === undefined ? bytes.slice(from, from + size) : bytes.subarray(from, from + size);
      read.push({ item, tensor: decodePayload(entry, own, this.#payload(options), this.#shards.place(entry, name)) });
    }
    return read;
  }

  async #alone({ name, entry }: Item, options: ReadOptions): Promise<Tensor> {
    return isPartitioned(entry) ? await this.read(name, entry, options) : await this.#whole(name, entry, options);
  }

  async #whole(name: string, entry: BundleEntry, options: ReadOptions): Promise<Tensor> {
    const { shardId, offset, size } = entry;
    const bytes = await this.#bytes(shardId, offset, size, name, options);
    return decodePayload(entry, bytes, this.#payload(options), this.#shards.place(entry, name));
  }

  /** Bytes that may be written to: fresh ones, or some of the buffer. */
  async #bytes(
    shardId: number,
    offset: number,
    length: number,
    name: string,
    { signal, buffer }: ReadOptions,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#shards.read(shardId, offset, length, name, { signal, scratch: buffer?.bytes });
    const isOwn = buffer === undefined || bytes.buffer === buffer.bytes.buffer || !this.#index.header.bigEndian;
    return isOwn ? bytes : bytes.slice();
  }

  #payload({ checksum, buffer }: ReadOptions): PayloadOptions {
    return { bigEndian: this.#index.header.bigEndian, checksum, buffer };
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
    const tasks = parts.map(({ entry, move }) => {
      const length = elementCount(move.count) * itemsize;
      const whole = options.checksum && length === entry.size;
      const run = async (signal: AbortSignal) => {
        if (whole) await this.#moveChecked(entry, move, target, itemsize, name, { signal });
        else await this.#shards.readRegion(entry, move, target, itemsize, name, { signal });
        return length;
      };
      return { bytes: length, run };
    });
    let bytes = 0;
    const limits = { concurrency: CONCURRENCY, bytes: BYTES_UNDER_WAY, signal: options.signal };
    for await (const length of inOrder(tasks, limits)) {
      bytes += length;
      onProgress?.({ bytes, total });
    }
    return decodeFixed(dtype, wanted.shape, target, this.#index.header.bigEndian);
  }

  /** Reads a partition, where its rows are together straight to where they belong. */
  async #moveChecked(
    entry: BundleEntry,
    move: Move,
    target: Uint8Array<ArrayBuffer>,
    itemsize: number,
    name: string,
    { signal }: SourceReadOptions,
  ): Promise<void> {
    const run = onlyRun(move);
    const scratch = run && target.subarray(run.to * itemsize, (run.to + run.length) * itemsize);
    const bytes = await this.#shards.read(entry.shardId, entry.offset, entry.size, name, { signal, scratch });
    checkPayload(entry, bytes, this.#index.header.bigEndian, this.#shards.place(entry, name));
    if (bytes.buffer !== target.buffer) copyRegion(move, bytes, target, itemsize);
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
