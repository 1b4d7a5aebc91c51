import { CorruptError, decodeName, type Place } from "@modelbytes/bytes";
import { elementCount, intersection, type Region } from "@modelbytes/tensor";
import type { TensorSlice } from "@modelbytes/tf-proto";
import type { BundleEntry } from "./entry.ts";
import { partitionKey } from "./partition-key.ts";

/**
 * Partitioned tensors: the full entry lists where the partitions lie, each partition has an entry of its own. Together they
 * cover the tensor, each element once.
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
      throw new CorruptError(
        "partition-mismatch",
        `the partition ${where} of a ${full.dtype} tensor is ${found}`,
        place,
      );
    }
    return { region, entry };
  });
  checkOverlap(partitions, place);
  return partitions;
}

/** Throws a `CorruptError` unless `covered` elements, of no two partitions the same, are all of `region`. */
export function checkCoverage(region: Region, covered: number, place: Place): void {
  const wanted = elementCount(region.count);
  if (covered === wanted) return;
  const reason = `the partitions hold ${covered} of the ${wanted} elements of ${describe(region)}`;
  throw new CorruptError("partition-coverage", reason, place);
}

function regionOf(slice: TensorSlice, shape: readonly number[], place: Place): Region {
  if (slice.length !== shape.length) {
    const reason = `a partition of ${slice.length} dimensions in a tensor of shape [${shape.join(", ")}]`;
    throw new CorruptError("partition-extent", reason, place);
  }
  const start: number[] = [];
  const count: number[] = [];
  for (const [dim, extent] of slice.entries()) {
    const size = shape[dim] ?? 0;
    const { start: first, length } = extent ?? { start: 0, length: size };
    if (first < 0 || length < 0 || first + length > size) {
      const reason = `a partition takes ${length} elements from ${first} on along dimension ${dim} of [${shape.join(", ")}]`;
      throw new CorruptError("partition-extent", reason, place);
    }
    start.push(first);
    count.push(length);
  }
  return { start, count };
}

/**
 * Sorted along the dimension in which they begin at the most places, only partitions that have not ended there are compared: a
 * tensor cut along one dimension takes one comparison for each partition.
 */
function checkOverlap(partitions: readonly Partition[], place: Place): void {
  const dims = partitions[0]?.region.start.map((_, dim) => dim) ?? [];
  const places = (dim: number) => new Set(partitions.map(({ region }) => region.start[dim])).size;
  const along = dims.reduce((best, dim) => (places(dim) > places(best) ? dim : best), 0);
  const startOf = (region: Region) => region.start[along] ?? 0;
  const sorted = partitions.map(({ region }) => region).sort((a, b) => startOf(a) - startOf(b));
  let open: Region[] = [];
  for (const region of sorted) {
    open = open.filter((other) => startOf(other) + (other.count[along] ?? 0) > startOf(region));
    const other = open.find((candidate) => intersection(candidate, region) !== undefined);
    if (other !== undefined) {
      throw new CorruptError(
        "partition-overlap",
        `the partitions ${describe(other)} and ${describe(region)} overlap`,
        place,
      );
    }
    open.push(region);
  }
}

/** A region as TensorFlow writes it: `0,2:3,5` is start and length along each dimension. */
function describe({ start, count }: Region): string {
  return start.map((first, dim) => `${first},${count[dim]}`).join(":");
}
