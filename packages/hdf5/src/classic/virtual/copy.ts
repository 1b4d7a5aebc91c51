import type { Region } from "@modelbytes/tensor";
import { coordinateOf, type Dim, indexOf, lengthOf } from "./selection.ts";

/** Selected elements of a source and the elements of a virtual dataset that they are, one by one. */
export interface Pair {
  readonly source: readonly Dim[];
  readonly target: readonly Dim[];
}

/** The first and the last but one of the selected elements along each dimension. */
type Ranges = readonly (readonly [first: number, stop: number])[];

/** Which of the target's elements are in a region; `undefined` if none are. */
function rangesIn(target: readonly Dim[], { start, count }: Region): Ranges | undefined {
  const ranges = target.map((dim, index) => {
    const from = start[index] ?? 0;
    return [indexOf(dim, from), indexOf(dim, from + (count[index] ?? 0))] as const;
  });
  return ranges.some(([first, stop]) => first >= stop) ? undefined : ranges;
}

/**
 * The region of the source that has what a region of the virtual dataset takes of it: only that, where both selections have the same
 * dimensions but for those of size 1, otherwise all that is selected. `undefined` for nothing.
 */
export function sourceRegion({ source, target }: Pair, region: Region): Region | undefined {
  const ranges = rangesIn(target, region);
  if (ranges === undefined) return undefined;
  const long = ranges.filter((_, index) => lengthOf(target[index] ?? ONE) > 1);
  const lengths = target.map(lengthOf).filter((length) => length > 1);
  const own = source.map(lengthOf);
  const same = own.filter((length) => length > 1);
  const isSame = same.length === lengths.length && same.every((length, index) => length === lengths[index]);
  let next = 0;
  const wanted = own.map((length) => (length > 1 && isSame ? (long[next++] ?? [0, length]) : ([0, length] as const)));
  const start = source.map((dim, index) => coordinateOf(dim, wanted[index]?.[0] ?? 0));
  const stop = source.map((dim, index) => coordinateOf(dim, (wanted[index]?.[1] ?? 1) - 1) + 1);
  return { start, count: stop.map((end, index) => end - (start[index] ?? 0)) };
}

const ONE: Dim = { start: 0, stride: 1, count: 1, block: 1 };

/** What is copied: of a pair, what a region of the virtual dataset takes. */
export interface Copy extends Pair {
  /** The region of the source that `bytes` are. */
  readonly from: Region;
  readonly bytes: Uint8Array;
  /** The region of the virtual dataset that `into` is. */
  readonly to: Region;
  readonly into: Uint8Array;
  /** Bytes of an element. */
  readonly itemsize: number;
}

/** Copies row by row: along the last dimension of the virtual dataset, blocks lie next to each other. */
export function copyPair(copy: Copy): void {
  const { target, to } = copy;
  const ranges = rangesIn(target, to);
  if (ranges === undefined) return;
  const last = target.length - 1;
  const lastDim = target[last] ?? ONE;
  const [first, stop] = ranges[last] ?? [0, 1];
  for (const row of rowsOf(ranges.slice(0, -1))) {
    let number = 0; // of the row's first element among the selected ones
    let at = 0;
    for (const [dim, index] of row.entries()) {
      const each = target[dim] ?? ONE;
      number = number * lengthOf(each) + index;
      at = at * (to.count[dim] ?? 1) + coordinateOf(each, index) - (to.start[dim] ?? 0);
    }
    for (let run = first; run < stop; ) {
      const length = Math.min(stop - run, lastDim.block - (run % lastDim.block));
      const column = coordinateOf(lastDim, run) - (to.start[last] ?? 0);
      copyRun(copy, number * lengthOf(lastDim) + run, length, at * (to.count[last] ?? 1) + column);
      run += length;
    }
  }
}

/** All index lists in ranges, row-major. */
function* rowsOf(ranges: Ranges): Generator<readonly number[]> {
  const index = ranges.map(([first]) => first);
  for (;;) {
    yield index;
    let dim = ranges.length - 1;
    for (; dim >= 0; dim--) {
      const [first, stop] = ranges[dim] ?? [0, 1];
      const next = (index[dim] ?? 0) + 1;
      index[dim] = next < stop ? next : first;
      if (next < stop) break;
    }
    if (dim < 0) return;
  }
}

/** Copies `length` selected elements of the source from number `first` on to where they lie next to each other, element `start`. */
function copyRun({ source, from, bytes, into, itemsize }: Copy, first: number, length: number, start: number): void {
  const last = source.length - 1;
  const lastDim = source[last] ?? ONE;
  for (let done = 0; done < length; ) {
    const column = (first + done) % lengthOf(lastDim);
    const run = Math.min(length - done, lastDim.block - (column % lastDim.block));
    let at = coordinateOf(lastDim, column) - (from.start[last] ?? 0);
    let stride = from.count[last] ?? 1;
    let rest = Math.floor((first + done) / lengthOf(lastDim));
    for (let dim = last - 1; dim >= 0; dim--) {
      const each = source[dim] ?? ONE;
      at += (coordinateOf(each, rest % lengthOf(each)) - (from.start[dim] ?? 0)) * stride;
      stride *= from.count[dim] ?? 1;
      rest = Math.floor(rest / lengthOf(each));
    }
    into.set(bytes.subarray(at * itemsize, (at + run) * itemsize), (start + done) * itemsize);
    done += run;
  }
}
