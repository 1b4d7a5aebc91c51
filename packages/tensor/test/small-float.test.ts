import {
  cast,
  type FloatDType,
  fromBytes,
  fromNumbers,
  type SmallFloatDType,
  toBytes,
  toNumbers,
} from "@modelbytes/tensor";
import { describe, expect, test } from "vitest";
import { GOLDEN, SMALL_FLOATS, sha256, unbase64 } from "./golden.ts";

function float64s(text: string): Float64Array {
  return new Float64Array(unbase64(text).buffer);
}

/** Lists what differs, with the number and both codes: more telling than two arrays. */
function wrongCodes(dtype: SmallFloatDType, numbers: ArrayLike<number>, expected: Uint8Array<ArrayBuffer>): string[] {
  const wanted = fromBytes(dtype, [numbers.length], expected).data;
  const codes = fromNumbers(dtype, [numbers.length], numbers).data;
  return Array.from(numbers, (number, at) => ({ number, code: codes[at] ?? -1, expected: wanted[at] ?? -1 }))
    .filter((row) => row.code !== row.expected)
    .map((row) => `${row.number}: ${row.code.toString(16)} instead of ${row.expected.toString(16)}`);
}

describe.each(SMALL_FLOATS)("%s", (dtype, bits) => {
  const count = 2 ** bits;
  const itemsize = bits === 16 ? 2 : 1;
  const every = Uint16Array.from({ length: count }, (_, code) => code);
  const bytes = itemsize === 2 ? new Uint8Array(every.buffer) : Uint8Array.from(every);
  const numbers = toNumbers(fromBytes(dtype, [count], bytes));

  test("every code has the number that ml_dtypes gives it", () => {
    const { float32, sha256: hash, samples = {} } = GOLDEN.decoded[dtype];
    if (float32 !== undefined) expect(numbers).toEqual(new Float64Array(new Float32Array(unbase64(float32).buffer)));
    for (const [code, value] of Object.entries(samples)) {
      const view = new DataView(new ArrayBuffer(4));
      view.setUint32(0, Number.parseInt(value, 16));
      expect(numbers[Number.parseInt(code, 16)]).toBe(view.getFloat32(0));
    }
    const floats = cast(fromBytes(dtype, [count], bytes), "float32");
    expect(sha256(toBytes(floats))).toBe(hash ?? sha256(unbase64(float32 ?? "")));
  });

  test("every number becomes its code again", () => {
    const codes = fromNumbers(dtype, [count], numbers).data;
    const wrong = every.filter((code) => codes[code] !== code && !Number.isNaN(numbers[code] ?? 0));
    expect([...wrong]).toEqual([]);
  });

  test("numbers of 64 bits become the codes that astype gives", () => {
    const { numbers: text, fromFloat64 } = GOLDEN.encoded[dtype];
    expect(wrongCodes(dtype, float64s(text), unbase64(fromFloat64))).toEqual([]);
  });

  test("numbers of 32 bits become the codes that astype gives", () => {
    const { numbers: text, fromFloat32 } = GOLDEN.encoded[dtype];
    expect(wrongCodes(dtype, Float32Array.from(float64s(text)), unbase64(fromFloat32))).toEqual([]);
  });
});

test("numbers that are not finite become what each dtype has for them", () => {
  const codes = (dtype: FloatDType): string =>
    Array.from(fromNumbers(dtype, [4], [Infinity, -Infinity, Number.NaN, 1e300]).data, (code) =>
      code.toString(16),
    ).join(" ");
  expect(codes("float16")).toBe("7c00 fc00 7e00 7c00");
  expect(codes("bfloat16")).toBe("7f80 ff80 7fc0 7f80");
  expect(codes("float8_e5m2")).toBe("7c fc 7e 7c");
  expect(codes("float8_e4m3fn")).toBe("7f ff 7f 7f");
  expect(codes("float8_e4m3fnuz")).toBe("80 80 80 80");
  expect(codes("float4_e2m1fn")).toBe("7 f 8 7");
});

test("float16 rounds a float64 once, bfloat16 rounds it to float32 first", () => {
  const above = (halfway: number): number => halfway * (1 + 2 ** -40);
  expect(fromNumbers("float16", [], [above(1 + 2 ** -11)]).data[0]).toBe(0x3c01);
  expect(fromNumbers("bfloat16", [], [above(1 + 2 ** -8)]).data[0]).toBe(0x3f80);
});
