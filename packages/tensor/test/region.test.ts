import { fc, test } from "@fast-check/vitest";
import { copyRegion, intersection, type Move, type Region, runs, wholeRegion } from "@modelbytes/tensor";
import { describe, expect } from "vitest";

/** Every index of an array, in row-major order. */
function indices(shape: readonly number[]): number[][] {
  const [size, ...rest] = shape;
  if (size === undefined) return [[]];
  const inner = indices(rest);
  return Array.from({ length: size }, (_, at) => inner.map((index) => [at, ...index])).flat();
}

function offset(index: readonly number[], start: readonly number[], shape: readonly number[]): number {
  return shape.reduce((sum, size, dim) => sum * size + (index[dim] ?? 0) + (start[dim] ?? 0), 0);
}

/** The pairs of elements that a move copies, one by one. */
function pairs({ fromShape, fromStart, toShape, toStart, count }: Move): (readonly [number, number])[] {
  return indices(count).map((index) => [offset(index, fromStart, fromShape), offset(index, toStart, toShape)]);
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** One dimension of a move: a count, and the room before and behind it in both arrays. Often there is none, so runs join. */
const dimension = (most: number) =>
  fc.record({
    count: fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: most }) }, fc.constant(0)),
    room: fc.tuple(...[1, 2, 3, 4].map(() => fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat({ max: 1 })))),
  });

const move: fc.Arbitrary<Move> = fc
  .nat({ max: 10 })
  .chain((rank) => fc.array(dimension(rank > 5 ? 2 : 4), { minLength: rank, maxLength: rank }))
  .filter((dims) => size(dims.map(({ count }) => count)) <= 3000)
  .map((dims) => ({
    count: dims.map(({ count }) => count),
    fromStart: dims.map(({ room: [before = 0] }) => before),
    toStart: dims.map(({ room: [, , before = 0] }) => before),
    fromShape: dims.map(({ count, room: [before = 0, behind = 0] }) => before + count + behind),
    toShape: dims.map(({ count, room: [, , before = 0, behind = 0] }) => before + count + behind),
  }));

describe("runs", () => {
  test.prop([move])("are the elements of the region in row-major order", (move) => {
    const elements = [...runs(move)].flatMap(({ from, to, length }) =>
      Array.from({ length }, (_, at) => [from + at, to + at] as const),
    );
    expect(elements).toEqual(pairs(move));
  });

  test.prop([move])("are as long as both arrays allow", (move) => {
    const found = [...runs(move)];
    const joined = found.filter(({ from, to, length }, at) => {
      const next = found[at + 1];
      return next !== undefined && from + length === next.from && to + length === next.to;
    });
    expect(joined).toEqual([]);
  });

  test("of the picture in the source", () => {
    const picture = { fromShape: [4, 6], fromStart: [1, 2], toShape: [2, 3], toStart: [0, 0], count: [2, 3] };
    expect([...runs(picture)]).toEqual([
      { from: 8, to: 0, length: 3 },
      { from: 14, to: 3, length: 3 },
    ]);
  });

  test("offsets beyond 2^32 are exact", () => {
    const shape = [2 ** 20, 2 ** 20];
    const tall = { fromShape: shape, fromStart: [2 ** 20 - 2, 7], toShape: [2, 1], toStart: [0, 0], count: [2, 1] };
    expect([...runs(tall)].map(({ from }) => from)).toEqual([2 ** 40 - 2 ** 21 + 7, 2 ** 40 - 2 ** 20 + 7]);
  });
});

describe("copyRegion", () => {
  test.prop([move, fc.constantFrom(1, 2, 3, 8)])("copies those elements and nothing else", (move, itemsize) => {
    const from = Uint8Array.from({ length: size(move.fromShape) * itemsize }, (_, at) => (at % 250) + 1);
    const before = from.slice();
    const to = new Uint8Array(size(move.toShape) * itemsize);
    copyRegion(move, from, to, itemsize);
    const expected = new Uint8Array(to.length);
    for (const [source, target] of pairs(move)) {
      for (let byte = 0; byte < itemsize; byte++)
        expected[target * itemsize + byte] = from[source * itemsize + byte] ?? 0;
    }
    expect(to).toEqual(expected);
    expect(from).toEqual(before);
  });
});

describe("intersection", () => {
  const inside: fc.Arbitrary<Region> = fc
    .array(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 })), { minLength: 3, maxLength: 3 })
    .map((dims) => ({ start: dims.map(([start]) => start), count: dims.map(([, count]) => count) }));
  const rank = fc.nat({ max: 3 });

  test.prop([inside, inside, rank])("is what both hold, or nothing", (a, b, rank) => {
    const cut = ({ start, count }: Region): Region => ({ start: start.slice(0, rank), count: count.slice(0, rank) });
    const members = ({ start, count }: Region): string[] =>
      indices(count).map((index) => index.map((at, dim) => at + (start[dim] ?? 0)).join());
    const [left, right] = [cut(a), cut(b)];
    const held = new Set(members(right));
    const shared = intersection(left, right);
    expect(shared === undefined ? [] : members(shared)).toEqual(members(left).filter((member) => held.has(member)));
    expect(shared?.count.includes(0) ?? false).toBe(false);
    expect(intersection(right, left)).toEqual(shared);
  });

  test("of two scalars is the scalar", () => {
    expect(intersection(wholeRegion([]), wholeRegion([]))).toEqual({ start: [], count: [] });
  });
});

test("the whole region is all of an array", () => {
  expect(wholeRegion([2, 0, 3])).toEqual({ start: [0, 0, 0], count: [2, 0, 3] });
});
