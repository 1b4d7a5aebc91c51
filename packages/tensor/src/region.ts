/**
 * Regions of row-major arrays. A region of an array is where it starts and how many elements it takes along each dimension; it is
 * made of runs, the stretches that lie next to each other in memory.
 *
 *     rows 1 and 2, columns 2 to 4 of a [4, 6] array:   two runs of three elements, at 8 and at 14
 *
 *     · · · · · ·
 *     · · # # # ·
 *     · · # # # ·
 *     · · · · · ·
 */

/** A region of an array whose shape is known elsewhere. */
export interface Region {
  readonly start: readonly number[];
  readonly count: readonly number[];
}

/** The region that is all of an array. */
export function wholeRegion(shape: readonly number[]): Region {
  return { start: shape.map(() => 0), count: shape };
}

/** What two regions of one array share, or `undefined` where that is nothing. */
export function intersection(a: Region, b: Region): Region | undefined {
  const start: number[] = [];
  const count: number[] = [];
  for (let dim = 0; dim < a.start.length; dim++) {
    const first = Math.max(a.start[dim] ?? 0, b.start[dim] ?? 0);
    const stop = Math.min((a.start[dim] ?? 0) + (a.count[dim] ?? 0), (b.start[dim] ?? 0) + (b.count[dim] ?? 0));
    if (stop <= first) return undefined;
    start.push(first);
    count.push(stop - first);
  }
  return { start, count };
}

/** Where a region that moves from one array to another lies in each of them. */
export interface Move {
  readonly fromShape: readonly number[];
  readonly fromStart: readonly number[];
  readonly toShape: readonly number[];
  readonly toStart: readonly number[];
  readonly count: readonly number[];
}

/** One run of a move: element offsets in both arrays, and its length in elements. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** The runs of a move, as long as both arrays allow, in row-major order. */
export function* runs({ fromShape, fromStart, toShape, toStart, count }: Move): Generator<Run> {
  if (count.includes(0)) return;
  let outer = count.length;
  let length = 1;
  while (outer > 0) {
    outer--;
    const along = count[outer] ?? 0;
    length *= along;
    if (along !== fromShape[outer] || along !== toShape[outer]) break;
  }
  const fromStrides = strides(fromShape);
  const toStrides = strides(toShape);
  const index: number[] = new Array(outer).fill(0);
  let from = offsetOf(fromStart, fromStrides);
  let to = offsetOf(toStart, toStrides);
  while (true) {
    yield { from, to, length };
    let dim = outer - 1;
    for (; dim >= 0; dim--) {
      const next = (index[dim] ?? 0) + 1;
      const along = count[dim] ?? 0;
      const steps = next < along ? 1 : 1 - along;
      index[dim] = next < along ? next : 0;
      from += steps * (fromStrides[dim] ?? 0);
      to += steps * (toStrides[dim] ?? 0);
      if (next < along) break;
    }
    if (dim < 0) return;
  }
}

/** Copies the runs of a move between the bytes of two arrays. */
export function copyRegion(move: Move, from: Uint8Array, to: Uint8Array, itemsize: number): void {
  for (const run of runs(move)) {
    const start = run.from * itemsize;
    to.set(from.subarray(start, start + run.length * itemsize), run.to * itemsize);
  }
}

/** Elements between neighbours along each dimension. */
function strides(shape: readonly number[]): number[] {
  const result: number[] = new Array(shape.length).fill(1);
  for (let dim = shape.length - 2; dim >= 0; dim--) result[dim] = (result[dim + 1] ?? 1) * (shape[dim + 1] ?? 1);
  return result;
}

function offsetOf(start: readonly number[], along: readonly number[]): number {
  return start.reduce((sum, at, dim) => sum + at * (along[dim] ?? 0), 0);
}
