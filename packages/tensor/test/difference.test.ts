import { fc, test as property } from "@fast-check/vitest";
import { differenceOf, fromNumbers, type Tensor, tensor } from "@modelbytes/tensor";
import { describe, expect, test } from "vitest";

const floats = (...numbers: number[]) => tensor("float32", [numbers.length], Float32Array.from(numbers));

describe("differenceOf", () => {
  test("tells elements apart by their bits, unless a tolerance is given", () => {
    const [a, b] = [floats(0, 1, Number.NaN), floats(-0, 1, Number.NaN)];
    expect(differenceOf(a, b)).toEqual({ elements: 1, maxAbsDiff: 0, maxRelDiff: 0 });
    expect(differenceOf(a, b, { tolerance: 0 })).toBeUndefined();
  });

  test("measures the largest distance, absolute and relative", () => {
    const found = differenceOf(floats(1, 100, -4), floats(2, 101, 4));
    expect(found).toEqual({ elements: 3, maxAbsDiff: 8, maxRelDiff: 2 });
    expect(differenceOf(floats(1, 100), floats(1.5, 101), { tolerance: 0.5 })).toMatchObject({ elements: 1 });
  });

  test("takes a NaN for another number only against a NaN", () => {
    const otherNaN = tensor("float32", [1], new Float32Array(Uint32Array.of(0x7fc00001).buffer));
    expect(differenceOf(floats(Number.NaN), otherNaN)).toMatchObject({ elements: 1, maxAbsDiff: 0 });
    expect(differenceOf(floats(Number.NaN), otherNaN, { tolerance: 0 })).toBeUndefined();
    for (const other of [0, Number.POSITIVE_INFINITY]) {
      const found = differenceOf(floats(Number.NaN), floats(other), { tolerance: 1e9 });
      expect(found).toMatchObject({ elements: 1, maxAbsDiff: Number.POSITIVE_INFINITY });
    }
  });

  test("compares integers beyond 2^53 exactly", () => {
    const [a, b] = [2n ** 60n, 2n ** 60n + 1n].map((number) => tensor("int64", [], BigInt64Array.of(number)));
    if (a === undefined || b === undefined) throw new Error("two tensors");
    expect(differenceOf(a, b)).toMatchObject({ elements: 1, maxAbsDiff: 1 });
  });

  test("compares two dtypes by their values", () => {
    const bits = fromNumbers("bfloat16", [2], [1, 3.140625]);
    expect(differenceOf(floats(1, 3.140625), bits)).toBeUndefined();
    expect(differenceOf(floats(1, 3.15), bits)).toMatchObject({ elements: 1 });
  });

  test("counts complex numbers, whichever of their parts differ", () => {
    const complex = (...parts: number[]) => tensor("complex64", [2], Float32Array.from(parts));
    expect(differenceOf(complex(1, 2, 3, 4), complex(1, 2, 5, 8))).toMatchObject({ elements: 1, maxAbsDiff: 4 });
  });

  test("compares strings by their bytes, and knows no distance", () => {
    const strings = (...texts: string[]) =>
      tensor(
        "string",
        [2],
        texts.map((text) => new TextEncoder().encode(text)),
      );
    expect(differenceOf(strings("a", "b"), strings("a", "b"))).toBeUndefined();
    const none = { maxAbsDiff: undefined, maxRelDiff: undefined };
    expect(differenceOf(strings("a", "b"), strings("a", "c"))).toEqual({ elements: 1, ...none });
  });

  test("refuses what cannot be compared", () => {
    expect(() => differenceOf(floats(1), floats(1, 2))).toThrow(RangeError);
    expect(() => differenceOf(floats(1), tensor("string", [1], [new Uint8Array(0)]))).toThrow(TypeError);
    expect(() => differenceOf(floats(1), tensor("complex64", [1], new Float32Array(2)))).toThrow(TypeError);
  });

  property.prop([fc.array(fc.float(), { maxLength: 40 }), fc.nat()])(
    "finds the one element that is changed",
    (numbers, at) => {
      const a = floats(...numbers);
      const same: Tensor = floats(...numbers);
      expect(differenceOf(a, same)).toBeUndefined();
      const index = at % Math.max(numbers.length, 1);
      const bits = new Uint32Array(Float32Array.from(numbers).buffer);
      bits[index] = (bits[index] ?? 0) ^ 1;
      const changed = tensor("float32", [numbers.length], new Float32Array(bits.buffer));
      expect(differenceOf(a, changed)?.elements).toBe(numbers.length === 0 ? undefined : 1);
    },
  );
});
