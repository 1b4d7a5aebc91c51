import { wholeRegion } from "@modelbytes/tensor";
import type { BundleEntry } from "./entry.ts";
import type { IndexFile } from "./index-file.ts";
import type { Placement } from "./part.ts";
import { checkCoverage, indexPlace, isPartitioned, partitionsOf } from "./partition.ts";
import { onlyRun, regionMove } from "./transform/cut.ts";

/**
 * What to read, as data: ranges of shards, merged where that saves requests and bounded where it would cost memory.
 */

/** Bytes between two wanted ranges that are cheaper to read than to skip. */
const LARGEST_GAP = 4096;

/** The most bytes that ranges are merged to. A single range may be larger. */
const LARGEST_WINDOW = 2 ** 20;

/** Something to read from a shard: a tensor, or the first bytes of one in partitions. */
export interface Item {
  readonly name: string;
  readonly entry: BundleEntry;
  readonly shardId: number;
  /** Bytes from the start of the shard. */
  readonly offset: number;
  readonly size: number;
  /** Of a partition that is read on its own: what it is part of. */
  readonly partition?: Placement["partition"];
}

/** A tensor that is stored whole, or a partition, where it is stored. */
export function itemOf(name: string, entry: BundleEntry): Item {
  const { shardId, offset, size } = entry;
  return { name, entry, shardId, offset, size };
}

/** The partitions of a tensor, in the order of the index; itself where it is stored whole. */
export function partitionItems(index: IndexFile, name: string, entry: BundleEntry): readonly Item[] {
  if (!isPartitioned(entry)) return [itemOf(name, entry)];
  const place = indexPlace(index.file, name, entry);
  return partitionsOf(entry, index.partitions, place).map(({ entry: part }, at) => ({
    ...itemOf(name, part),
    partition: { shape: entry.shape, slice: entry.slices[at] ?? [] },
  }));
}

/**
 * The items whose bytes are those of a tensor, one behind another; none where its partitions are no rows. Throws a `CorruptError`
 * where the partitions are not all of it.
 */
export function rowItems(index: IndexFile, name: string, entry: BundleEntry): readonly Item[] {
  if (!isPartitioned(entry)) return [itemOf(name, entry)];
  const place = indexPlace(index.file, name, entry);
  const rows: (readonly [start: number, item: Item])[] = [];
  let covered = 0;
  for (const partition of partitionsOf(entry, index.partitions, place)) {
    const run = onlyRun(regionMove(entry.shape, partition.region));
    if (run === undefined) return [];
    rows.push([run.from, itemOf(name, partition.entry)]);
    covered += run.length;
  }
  checkCoverage(wholeRegion(entry.shape), covered, place);
  return rows.sort(([a], [b]) => a - b).map(([, row]) => row);
}

/** Items that lie close to each other in one shard, read with one request. */
export interface Batch {
  readonly shardId: number;
  readonly start: number;
  readonly length: number;
  readonly items: readonly Item[];
}

/** The items in the order in which they were written: of two at the same offset the first has no bytes. */
export function inFileOrder(items: Iterable<Item>): Item[] {
  return [...items].sort((a, b) => a.shardId - b.shardId || a.offset - b.offset || a.size - b.size);
}

/** Items in the order of their bytes, small neighbours together. A partitioned tensor stays alone: its bytes are scattered. */
export function batches(sorted: Iterable<Item>): Batch[] {
  const result: Batch[] = [];
  let open: { shardId: number; start: number; length: number; items: Item[] } | undefined;
  for (const item of sorted) {
    const { shardId, offset, size } = item;
    if (open !== undefined && fits(open, item)) {
      open.length = Math.max(open.start + open.length, offset + size) - open.start;
      open.items.push(item);
    } else {
      open = { shardId, start: offset, length: size, items: [item] };
      result.push(open);
    }
  }
  return result;
}

function fits(batch: Batch, { entry, shardId, offset, size }: Item): boolean {
  const alone = isPartitioned(entry) || batch.items.some((other) => isPartitioned(other.entry));
  const gap = offset - (batch.start + batch.length);
  return !alone && shardId === batch.shardId && gap <= LARGEST_GAP && offset + size - batch.start <= LARGEST_WINDOW;
}
