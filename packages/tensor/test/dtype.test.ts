import {
  DTYPES,
  type DType,
  type DTypeData,
  dtypeOfNumber,
  type FixedDType,
  isDType,
  isVarying,
  type RealDType,
  type VaryingDType,
} from "@modelbytes/tensor";
import { describe, expect, expectTypeOf, test } from "vitest";
import { fixture } from "./golden.ts";

const TENSORFLOW: Readonly<Record<string, { number: number; itemsize: number }>> = JSON.parse(
  fixture("dtype_table.json"),
);
const ROWS = Object.values(DTYPES);

test("the table has the rows of TensorFlow's, in its order", () => {
  expect(Object.keys(DTYPES)).toEqual(Object.keys(TENSORFLOW));
});

describe.each(ROWS.map((row) => [row.name, row] as const))("%s", (name, row) => {
  test("has TensorFlow's number and size", () => {
    expect({ number: row.number, itemsize: row.itemsize }).toEqual(TENSORFLOW[name]);
    expect(dtypeOfNumber(row.number)).toBe(name);
    expect(isDType(name)).toBe(true);
  });

  test("agrees with its own name", () => {
    const [, word = "", digits = "0"] = /^q?u?(\D+)(\d*)/.exec(name) ?? [];
    const kind = { string: "varying", variant: "varying", bfloat: "float" }[word] ?? word;
    expect(row.kind).toBe(kind === "int" && /^q?u/.test(name) ? "uint" : kind);
    expect(row.bits).toBe(name === "bool" ? 8 : Number(digits));
    expect(row.itemsize).toBe(Math.ceil(row.bits / 8));
  });

  test("has the array that its type says", () => {
    if (!("view" in row)) return expect(row).toMatchObject({ array: "Array", unit: 1, bits: 0 });
    const { dtype, shape, data } = row.view([3], new ArrayBuffer(64), 16);
    expect({ dtype, shape, array: data.constructor.name }).toEqual({ dtype: name, shape: [3], array: row.array });
    expect(data.length).toBe(3 * row.entries);
    expect(data.byteOffset).toBe(16);
    expect(data.byteLength).toBe(3 * row.itemsize);
    expect(data.BYTES_PER_ELEMENT).toBe(row.unit);
  });
});

test("numbers of nothing that can be stored have no dtype", () => {
  for (const number of [0, 20, 34, 101, 127, -1, 1.5, Number.NaN]) expect(dtypeOfNumber(number)).toBeUndefined();
});

test("names are TensorFlow's and nothing else", () => {
  for (const name of ["half", "float", "resource", "toString", "constructor", "__proto__", ""]) {
    expect(isDType(name)).toBe(false);
  }
});

test("only strings and variants vary in length", () => {
  expect(ROWS.filter(({ name }) => isVarying(name)).map(({ name }) => name)).toEqual(["string", "variant"]);
});

test("the types follow the table", () => {
  expectTypeOf<DType>().toEqualTypeOf<FixedDType | VaryingDType>();
  expectTypeOf<Exclude<FixedDType, RealDType>>().toEqualTypeOf<"complex64" | "complex128">();
  expectTypeOf(DTYPES.int64.view([], new ArrayBuffer(8), 0).data).toEqualTypeOf<BigInt64Array>();
  expectTypeOf<DTypeData["string"]>().toEqualTypeOf<readonly Uint8Array[]>();
  expectTypeOf(DTYPES.string).not.toHaveProperty("view");
  expectTypeOf(dtypeOfNumber).returns.toEqualTypeOf<DType | undefined>();
});
