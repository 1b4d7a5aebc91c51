import { fc, test } from "@fast-check/vitest";
import { parseSelection, runs, type Selection, select, wholeRegion } from "@modelbytes/tensor";
import { describe, expect, expectTypeOf } from "vitest";

/** A shape, and a selection of it with the indices that each term takes. */
const chosen = fc
  .array(
    fc.nat({ max: 4 }).chain((size) => {
      const ends = fc
        .tuple(fc.nat({ max: size }), fc.nat({ max: size }))
        .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
      const whole = fc.record({ size: fc.constant(size), term: fc.constant(null) });
      const range = fc.record({ size: fc.constant(size), term: ends });
      return size === 0
        ? fc.oneof(whole, range)
        : fc.oneof(whole, range, fc.record({ size: fc.constant(size), term: fc.nat({ max: size - 1 }) }));
    }),
    { maxLength: 5 },
  )
  .chain((dims) => fc.record({ dims: fc.constant(dims), terms: fc.nat({ max: dims.length }) }))
  .map(({ dims, terms }) => ({
    shape: dims.map(({ size }) => size),
    selection: dims.slice(0, terms).map(({ term }): Selection[number] => term),
  }));

/** The offsets that a selection takes and the shape they have, by trying every element of the array. */
function naive(selection: Selection, shape: readonly number[]): { offsets: number[]; shape: number[] } {
  const takes = (dim: number, at: number): boolean => {
    const term = selection[dim] ?? null;
    return term === null || (typeof term === "number" ? at === term : term[0] <= at && at < term[1]);
  };
  const along = shape.map((size, dim) => Array.from({ length: size }, (_, at) => at).filter((at) => takes(dim, at)));
  const offsets = along.reduce<number[]>(
    (heads, ats, dim) => heads.flatMap((head) => ats.map((at) => head * (shape[dim] ?? 0) + at)),
    [0],
  );
  return { offsets, shape: along.filter((_, dim) => typeof selection[dim] !== "number").map((ats) => ats.length) };
}

describe("select", () => {
  test.prop([chosen])("takes what each term says", ({ selection, shape }) => {
    const { start, count, shape: result } = select(selection, shape);
    const move = { fromShape: shape, fromStart: start, toShape: count, toStart: count.map(() => 0), count };
    const offsets = [...runs(move)].flatMap(({ from, length }) => Array.from({ length }, (_, at) => from + at));
    expect({ offsets, shape: result }).toEqual(naive(selection, shape));
  });

  test("of nothing is everything", () => {
    expect(select([], [2, 3])).toEqual({ ...wholeRegion([2, 3]), shape: [2, 3] });
    expect(select([], [])).toEqual({ start: [], count: [], shape: [] });
  });

  test.each([
    [[3], "3 is not inside dimension 0 of [3, 4]"],
    [[-1], "-1 is not inside dimension 0 of [3, 4]"],
    [[null, [0, 5]], "[0,5] is not inside dimension 1 of [3, 4]"],
    [[[2, 1]], "[2,1] is not inside dimension 0 of [3, 4]"],
    [[[-1, 2]], "[-1,2] is not inside dimension 0 of [3, 4]"],
    [[0.5], "0.5 is not inside dimension 0 of [3, 4]"],
    [[null, [0, 1.5]], "[0,1.5] is not inside dimension 1 of [3, 4]"],
    [[Number.NaN], "null is not inside dimension 0 of [3, 4]"],
    [[0, 0, 0], "3 terms of selection for the 2 dimensions of [3, 4]"],
  ] as const)("%j is refused", (selection, message) => {
    expect(() => select(selection, [3, 4])).toThrow(new RangeError(message));
  });
});

describe("parseSelection", () => {
  test.each([
    ["", []],
    ["  ", []],
    [":", [null]],
    ["3", [3]],
    ["-1", [9]],
    ["-0", [0]],
    ["+2", [2]],
    ["0:10,:", [[0, 10], null]],
    [":, -2:", [null, [2, 4]]],
    [" 1 : 2 , 3 ", [[1, 2], 3]],
    [":3", [[0, 3]]],
    ["3:", [[3, 10]]],
    ["-3:-1", [[7, 9]]],
    ["10:", [[10, 10]]],
    ["5:5", [[5, 5]]],
    ["-0:", [[0, 10]]],
  ] as const)("%j", (text, selection) => {
    expect(parseSelection(text, [10, 4])).toEqual(selection);
  });

  test.prop([chosen])("reads what is written, counted from either end", ({ selection, shape }) => {
    const write = (at: number, size: number, fromEnd: boolean): string =>
      fromEnd && at < size ? `${at - size}` : `${at}`;
    for (const fromEnd of [false, true]) {
      const text = selection.map((term, dim) => {
        const size = shape[dim] ?? 0;
        if (term === null) return ":";
        return typeof term === "number"
          ? write(term, size, fromEnd)
          : term.map((at) => write(at, size, fromEnd)).join(":");
      });
      expect(parseSelection(text.join(","), shape)).toEqual(selection);
    }
  });

  const hint = 'write indices and ranges as in Python, for example "0:10,:" or "3"';
  test.each([
    ["x", `"x" is no selection: ${hint}`],
    ["1,", `"1," is no selection: ${hint}`],
    [",", `"," is no selection: ${hint}`],
    ["0:10:2", `"0:10:2" is no selection: ${hint}`],
    ["1 0", `"1 0" is no selection: ${hint}`],
    ["1.5", `"1.5" is no selection: ${hint}`],
    ["...", `"..." is no selection: ${hint}`],
    ["10", '"10" is not inside dimension 0 of [10, 4]'],
    ["-11", '"-11" is not inside dimension 0 of [10, 4]'],
    [":, -5:", '"-5:" is not inside dimension 1 of [10, 4]'],
    ["0:11", '"0:11" is not inside dimension 0 of [10, 4]'],
    ["3:2", '"3:2" is not inside dimension 0 of [10, 4]'],
    ["99999999999999999999", '"99999999999999999999" is not inside dimension 0 of [10, 4]'],
    ["0,0,0", "3 terms of selection for the 2 dimensions of [10, 4]"],
  ])("%j is refused", (text, message) => {
    expect(() => parseSelection(text, [10, 4])).toThrow(new RangeError(message));
  });

  test("a scalar has no dimension to select from", () => {
    expect(parseSelection("", [])).toEqual([]);
    expect(() => parseSelection("0", [])).toThrow(new RangeError("1 terms of selection for the 0 dimensions of []"));
  });
});

test("the types of selections", () => {
  expectTypeOf<readonly [number, null, readonly [number, number]]>().toExtend<Selection>();
  expectTypeOf<[number[]]>().not.toExtend<Selection>();
});
