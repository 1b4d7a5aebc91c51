import { CorruptError, type Place } from "@modelbytes/bytes";
import { intersection, type Region } from "@modelbytes/tensor";
import type { TensorSlice } from "@modelbytes/tf-proto";

/** Where a part lies in a tensor of `shape`. Throws a `CorruptError` for one that does not lie inside it. */
export function regionOfSlice(slice: TensorSlice, shape: readonly number[], place: Place): Region {
  const region = {
    start: slice.map((extent) => extent?.start ?? 0),
    count: slice.map((extent, dim) => (extent === null ? (shape[dim] ?? 0) : extent.length)),
  };
  const inside = region.count.every((length, dim) => {
    const start = region.start[dim] ?? 0;
    return start >= 0 && length >= 0 && start + length <= (shape[dim] ?? 0);
  });
  if (slice.length === shape.length && inside) return region;
  const reason = `the part ${describeRegion(region)} does not lie in a tensor of shape [${shape.join(", ")}]`;
  throw new CorruptError("partition-extent", reason, place);
}

/**
 * Throws a `CorruptError` if two regions share an element. Sorted along the dimension in which they begin at the most places, only
 * those that have not ended there are compared: a tensor cut along one dimension takes one comparison for each part.
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
      const reason = `the parts ${describeRegion(other)} and ${describeRegion(region)} overlap`;
      throw new CorruptError("partition-overlap", reason, place);
    }
    open.push(region);
  }
}

/** A region as TensorFlow writes it: `0,2:3,5` is start and length along each dimension. */
export function describeRegion({ start, count }: Region): string {
  return start.map((first, dim) => `${first},${count[dim]}`).join(":") || "of a scalar";
}
