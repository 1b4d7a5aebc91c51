import { fc, test } from "@fast-check/vitest";
import { DTYPES, fromBytes, fromNumbers, type RealDType, type Tensor, tensor, toNumbers } from "@modelbytes/tensor";
import { describe, expect, expectTypeOf } from "vitest";

const WHOLE = Object.values(DTYPES).flatMap((row) =>
  "view" in row && row.name !== "complex64" && row.name !== "complex128" && row.kind !== "float"
    ? [[row.name, row.bits] as const]
    : [],
);

/** The least and the most that a dtype holds, or that a number holds exactly. */
function limits(dtype: RealDType, bits: number): readonly [number, number] {
  if (dtype === "bool") return [0, 1];
  if (DTYPES[dtype].kind === "uint") return [0, bits === 64 ? 2 ** 53 - 1 : 2 ** bits - 1];
  return bits === 64 ? [-(2 ** 53) + 1, 2 ** 53 - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

describe.each(WHOLE)("%s", (dtype, bits) => {
  const [least, most] = limits(dtype, bits);

  test.prop([fc.array(fc.integer({ min: least, max: most }), { maxLength: 8 })])(
    "holds its whole numbers",
    (numbers) => {
      const made = fromNumbers(dtype, [numbers.length], numbers);
      expect(made.dtype).toBe(dtype);
      expect(toNumbers(made)).toEqual(Float64Array.from(numbers, (number) => number + 0));
    },
  );

  test("holds its limits and nothing beyond them", () => {
    expect(toNumbers(fromNumbers(dtype, [2], [least, most]))).toEqual(Float64Array.of(least, most));
    for (const number of [least - 1, most + 1, 0.5, Number.NaN, Infinity, -Infinity]) {
      expect(() => fromNumbers(dtype, [2], [0, number])).toThrow(
        new RangeError(`element 1, ${number}, is no ${dtype}: those are whole numbers from ${least} to ${most}`),
      );
    }
  });
});

describe("int64 and uint64", () => {
  test.each([
    ["int64", 2n ** 53n],
    ["int64", -(2n ** 53n)],
    ["int64", -(2n ** 63n)],
  ] as const)("%s: %d is beyond what a number tells from its neighbours", (dtype, value) => {
    expect(() => toNumbers(tensor(dtype, [2], BigInt64Array.of(0n, value)))).toThrow(
      new RangeError(`element 1, ${value}, of int64 is beyond 2^53: data has it as a bigint`),
    );
  });

  test("uint64 beyond 2^53 likewise", () => {
    expect(() => toNumbers(tensor("uint64", [1], BigUint64Array.of(2n ** 64n - 1n)))).toThrow(
      new RangeError("element 0, 18446744073709551615, of uint64 is beyond 2^53: data has it as a bigint"),
    );
  });
});

describe("floats", () => {
  test.prop([fc.float64Array({ maxLength: 8 })])("float64 are the numbers, in an array of their own", (numbers) => {
    const made = fromNumbers("float64", [numbers.length], numbers);
    expect(made.data).toEqual(numbers);
    expect(toNumbers(made)).toEqual(numbers);
    expect(made.data.buffer).not.toBe(numbers.buffer);
    expect(toNumbers(made).buffer).not.toBe(made.data.buffer);
  });

  test("float32 rounds to the nearest", () => {
    expect([...fromNumbers("float32", [4], [0.1, 1e39, -1e-50, Number.NaN]).data]).toEqual([
      Math.fround(0.1),
      Infinity,
      -0,
      Number.NaN,
    ]);
  });

  test("small floats are their values", () => {
    expect([...toNumbers(tensor("float16", [3], Uint16Array.of(0x3c00, 0xfbff, 0x8000)))]).toEqual([1, -65504, -0]);
    expect([...toNumbers(fromBytes("float4_e2m1fn", [2], Uint8Array.of(0x0f, 0x01)))]).toEqual([-6, 0.5]);
  });
});

test("shapes are kept, and have to hold as many elements", () => {
  expect(fromNumbers("int8", [2, 1, 3], [1, 2, 3, 4, 5, 6]).shape).toEqual([2, 1, 3]);
  expect(fromNumbers("int8", [], [7]).data).toEqual(Int8Array.of(7));
  expect(fromNumbers("float32", [0, 3], []).data).toHaveLength(0);
  expect(() => fromNumbers("int8", [2, 3], [1])).toThrow(new RangeError("1 numbers for the 6 elements of [2, 3]"));
  expect(() => fromNumbers("int8", [2 ** 31, 2 ** 31], [])).toThrow(RangeError);
});

test("bool is 0 and 1, quantized dtypes are what they store", () => {
  expect([...toNumbers(tensor("bool", [2], Uint8Array.of(0, 1)))]).toEqual([0, 1]);
  expect([...toNumbers(tensor("qint8", [2], Int8Array.of(-128, 127)))]).toEqual([-128, 127]);
});

test.each<[Tensor, string]>([
  [tensor("string", [0], []), "a string tensor holds no numbers: toText gives its elements as text, data as bytes"],
  [tensor("variant", [0], []), "a variant tensor holds no numbers: data has its elements as serialized messages"],
  [
    tensor("complex64", [0], new Float32Array(0)),
    "an element of complex64 is two numbers: data has real and imaginary parts in turn",
  ],
  [
    tensor("complex128", [0], new Float64Array(0)),
    "an element of complex128 is two numbers: data has real and imaginary parts in turn",
  ],
])("what is not one real number each is refused: $dtype", (of, message) => {
  expect(() => toNumbers(of)).toThrow(new TypeError(message));
});

test("the result is of the dtype that is asked for", () => {
  expectTypeOf(fromNumbers("uint64", [], [1])).toEqualTypeOf<Tensor<"uint64">>();
  // @ts-expect-error: a complex number is two numbers
  fromNumbers("complex64", [0], []);
});
