import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  elementCount,
  fromNumbers,
  inParts,
  inPieces,
  isFixed,
  type LazyTensor,
  PART_BYTES,
  rowBytes,
  rowSelections,
  runs,
  select,
  type Tensor,
} from "../src/index.ts";

describe("the parts of a tensor", () => {
  test("are no larger than a part, and one after another all of it", () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 5 });
    fc.assert(
      fc.property(shapes, fc.integer({ min: 2, max: 200 }), (shape, partBytes) => {
        let next = 0;
        for (const part of rowSelections({ dtype: "int16", shape }, partBytes)) {
          const { start, count } = select(part ?? [], shape);
          expect(elementCount(count) * 2).toBeLessThanOrEqual(partBytes);
          const toStart = count.map(() => 0);
          const pieces = [...runs({ fromShape: shape, fromStart: start, toShape: count, toStart, count })];
          for (const { from, length } of pieces) {
            expect(from).toBe(next);
            next += length;
          }
        }
        expect(next).toBe(elementCount(shape));
      }),
    );
  });

  test("are pieces of a row where a single row is too large", () => {
    const huge = { dtype: "float32", shape: [2, 3, 2 ** 25] } as const;
    const parts = [...rowSelections(huge)];
    expect(parts).toHaveLength((elementCount(huge.shape) * 4) / PART_BYTES);
    expect([parts[0], parts[5]]).toEqual([
      [
        [0, 1],
        [0, 1],
        [0, 2 ** 23],
      ],
      [
        [0, 1],
        [1, 2],
        [2 ** 23, 2 ** 24],
      ],
    ]);
    expect([...rowSelections({ dtype: "uint8", shape: [PART_BYTES] })]).toEqual([undefined]);
    const [first] = rowSelections({ dtype: "float64", shape: [2 ** 20, 2 ** 32] }); // no more than are asked for are made
    expect(first).toEqual([
      [0, 1],
      [0, PART_BYTES / 8],
    ]);
    expect([...rowSelections({ dtype: "float64", shape: [3] }, 1)]).toEqual([[[0, 1]], [[1, 2]], [[2, 3]]]);
  });
});

const few = fromNumbers("int16", [4], [1, 2, 3, 4]);

/** A tensor that is `tensor` when it is read. */
function lazy(tensor: Tensor, dtype: "int16" | "string" = "int16"): LazyTensor {
  return { dtype, shape: [4], read: async () => tensor };
}

describe("the bytes of a tensor by rows", () => {
  test("are those of what is read", async () => {
    const pieces: number[] = [];
    for await (const bytes of rowBytes(lazy(few))) pieces.push(...bytes);
    expect(pieces).toEqual([1, 0, 2, 0, 3, 0, 4, 0]);
  });

  test("are not those of another dtype", async () => {
    const other = rowBytes(lazy(fromNumbers("uint16", [4], [1, 2, 3, 4])));
    await expect(other.next()).rejects.toThrow(new TypeError("rows of uint16 were read of a tensor of int16"));
  });
});

describe("a writer takes", () => {
  test("what is small, and what is no number, as it is", () => {
    const strings = { ...lazy(few, "string"), shape: [2 ** 40] };
    for (const each of [lazy(few), strings]) expect(inParts(each)).toBe(each);
    expect([isFixed(lazy(few)), isFixed(strings)]).toEqual([true, false]);
  });

  test("what is large in pieces, those of its file where it has some", () => {
    const large = { ...lazy(few), dtype: "int16", shape: [2 ** 30] } as const;
    const { read: _, ...kind } = large;
    expect(inParts(large)).toEqual({ ...kind, pieces: expect.anything() });
    const own = { ...kind, pieces: [] };
    expect(inParts({ ...large, inPieces: () => own })).toBe(own);
    expect(inPieces({ ...large, inPieces: () => undefined })).toEqual({ ...kind, pieces: expect.anything() });
  });
});
