import type { Segment } from "./segment.ts";

/** A stretch of the file. */
interface Stretch {
  readonly address: number;
  readonly size: number;
}

/**
 * The parts of `remains` that nothing of `covered` lies on, up to the end of the file: bytes that were written, then given up, and are
 * still there. Of two that overlap the later one is given.
 */
export function uncovered(remains: readonly Segment[], covered: readonly Stretch[], end: number): Segment[] {
  const found: Segment[] = [];
  const taken = [...covered, { address: end, size: Number.POSITIVE_INFINITY }];
  for (const segment of [...remains].reverse()) {
    for (const { address, size } of holes(segment, taken)) {
      const start = address - segment.address;
      found.push({ address, size, encode: () => segment.encode().subarray(start, start + size) });
    }
    taken.push(segment);
  }
  return found;
}

/** The parts of a stretch that none of `taken` lies on. */
function holes(stretch: Stretch, taken: readonly Stretch[]): Stretch[] {
  let left: Stretch[] = [stretch];
  for (const { address, size } of taken) {
    if (address >= stretch.address + stretch.size || address + size <= stretch.address) continue;
    left = left.flatMap((hole) => {
      const before = { address: hole.address, size: Math.min(hole.size, address - hole.address) };
      const from = Math.max(hole.address, address + size);
      return [before, { address: from, size: hole.address + hole.size - from }].filter((part) => part.size > 0);
    });
  }
  return left;
}
