import { CorruptError, decodeName, type Place } from "@modelbytes/bytes";
import { elementCount, intersection, type Region } from "@modelbytes/tensor";
import type { TensorSlice } from "@modelbytes/tf-proto";
import type { BundleEntry } from "./entry.ts";
import { partitionKey } from "./partition-key.ts";

/**
 * Partitioned tensors: the full entry lists where the partitions lie, each partition has an entry of its own. Together they
 * cover the tensor, each element once. V1 checkpoints hold tensors in the same way, and every one in partitions.
 */

/** The entry of a tensor that is stored in partitions: it has a shape and no bytes of its own. */
export interface PartitionedEntry extends BundleEntry {
  readonly slices: readonly TensorSlice[];
}

/** A stored part of a tensor. */
export interface Partition {
  /** Where it lies in the tensor. */
  readonly region: Region;
  /** Where its bytes are; its shape is `region.count`. */
  readonly entry: BundleEntry;
}

export function isPartitioned(entry: BundleEntry): entry is PartitionedEntry {
  return entry.slices !== undefined;
}

/** Where the index speaks of a partitioned tensor. */
export function indexPlace(
  file: string,
  tensor: string,
  { indexOffset }: BundleEntry,
): Place & { readonly tensor: string } {
  return { file, offset: indexOffset, tensor };
}

/** The key of a partition as a name. */
export function partitionName(name: string, slice: TensorSlice): string {
  return decodeName(partitionKey(name, slice));
}

/**
 * The partitions of a tensor, checked: each has its entry, fits the tensor, and no two overlap. Whether they cover what is read,
 * `checkCoverage` tells. Throws a `CorruptError` otherwise.
 */
export function partitionsOf(
  full: PartitionedEntry,
  entries: ReadonlyMap<string, BundleEntry>,
  place: Place & { readonly tensor: string },
): Partition[] {
  const partitions = full.slices.map((slice) => {
    const region = regionOf(slice, full.shape, place);
    const entry = entries.get(partitionName(place.tensor, slice));
    const where = describe(region);
    if (entry === undefined) throw new CorruptError("partition-missing", `the index has no partition ${where}`, place);
    if (entry.dtype !== full.dtype || entry.shape.join() !== region.count.join() || isPartitioned(entry)) {
      const found = `${entry.dtype} of shape [${entry.shape.join(", ")}]`;
      const reason = `the partition ${where} of a ${full.dtype} tensor is ${found}`;
      throw new CorruptError("partition-mismatch", reason, place);
    }
    return { region, entry };
  });
  const regions = partitions.map(({ region }) => region);
  checkDisjoint(regions, place);
  return partitions;
}

/** Where the partition `slice` lies in a tensor of `shape`. Throws a `CorruptError` for one that does not lie inside it. */
export function regionOf(slice: TensorSlice, shape: readonly number[], place: Place): Region {
  const region = {
    start: slice.map((extent) => extent?.start ?? 0),
    count: slice.map((extent, dim) => (extent === null ? (shape[dim] ?? 0) : extent.length)),
  };
  const inside = region.count.every((length, dim) => {
    const start = region.start[dim] ?? 0;
    return start >= 0 && length >= 0 && start + length <= (shape[dim] ?? 0);
  });
  if (slice.length === shape.length && inside) return region;
  const reason = `the partition ${describe(region)} does not lie in a tensor of shape [${shape.join(", ")}]`;
  throw new CorruptError("partition-extent", reason, place);
}

/**
 * Throws a `CorruptError` if two regions share an element. Sorted along the dimension in which they begin at the most places, only
 * those that have not ended there are compared: a tensor cut along one dimension takes one comparison for each partition.
 */
export function checkDisjoint(regions: readonly Region[], place: Place): void {
  const places = (regions[0]?.start ?? []).map((_, dim) => new Set(regions.map(({ start }) => start[dim])).size);
  const along = places.indexOf(Math.max(...places));
  const startOf = (region: Region) => region.start[along] ?? 0;
  let open: Region[] = [];
  for (const region of [...regions].sort((a, b) => startOf(a) - startOf(b))) {
    open = open.filter((other) => startOf(other) + (other.count[along] ?? 1) > startOf(region));
    const other = open.find((candidate) => intersection(candidate, region) !== undefined);
    if (other !== undefined) {
      const reason = `the partitions ${describe(other)} and ${describe(region)} overlap`;
      throw new CorruptError("partition-overlap", reason, place);
    }
    open.push(region);
  }
}

/** Throws a `CorruptError` unless `covered` elements, of no two partitions the same, are all of `region`. */
export function checkCoverage(region: Region, covered: number, place: Place): void {
  const wanted = elementCount(region.count);
  if (covered === wanted) return;
  const reason = `the partitions hold ${covered} of the ${wanted} elements of ${describe(region)}`;
  throw new CorruptError("partition-coverage", reason, place);
}

/** A region as TensorFlow writes it, `0,2:3,5`: start and length along each dimension; a scalar has none. */
export function describe({ start, count }: Region): string {
  return start.map((first, dim) => `${first},${count[dim]}`).join(":") || "(all)";
}
