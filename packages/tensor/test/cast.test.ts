import { cast, type FloatDType, fromBytes, isDType, isFloat, type Tensor, tensor, toBytes } from "@modelbytes/tensor";
import { describe, expect, expectTypeOf, test } from "vitest";
import { GOLDEN, SMALL_FLOATS, sha256, unbase64 } from "./golden.ts";

/** The tensors that small_floats.py casts. */
function sources(): Tensor<FloatDType>[] {
  const numbers = Object.values(GOLDEN.encoded).flatMap(({ numbers: text }) => [
    ...new Float64Array(unbase64(text).buffer),
  ]);
  const small = SMALL_FLOATS.map(([dtype, bits]) => {
    const codes = Uint16Array.from({ length: 2 ** bits }, (_, code) => code);
    return fromBytes(dtype, [2 ** bits], bits === 16 ? new Uint8Array(codes.buffer) : Uint8Array.from(codes));
  });
  const nans32 = Uint32Array.from(GOLDEN.nans.float32, (bits) => Number.parseInt(bits, 16));
  const nans64 = BigUint64Array.from(GOLDEN.nans.float64, (bits) => BigInt(`0x${bits}`));
  const bytes32 = join(Float32Array.from(numbers), nans32);
  const bytes64 = join(Float64Array.from(numbers), nans64);
  return [
    ...small,
    fromBytes("float32", [bytes32.length / 4], bytes32),
    fromBytes("float64", [bytes64.length / 8], bytes64),
  ];
}

function join(...arrays: readonly ArrayBufferView<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(arrays.map((array) => new Uint8Array(array.buffer))));
}

describe.each(sources().map((source) => [source.dtype, source] as const))("%s", (from, source) => {
  test.each(Object.entries(GOLDEN.casts[from]))("to %s: bit for bit what astype gives", (to, hash) => {
    if (!isDType(to) || !isFloat(to)) throw new Error(`${to} is no float`);
    const before = sha256(toBytes(source));
    const result = cast(source, to);
    expect(result.dtype).toBe(to);
    expect(result.shape).toEqual(source.shape);
    expect(sha256(toBytes(result))).toBe(hash);
    expect(sha256(toBytes(source))).toBe(before);
  });
});

test("every pair of float dtypes has its hash", () => {
  const pairs = Object.values(GOLDEN.casts).flatMap((targets) => Object.keys(targets));
  expect(pairs).toHaveLength(10 * 9);
});

test("a cast to its own dtype is the tensor itself", () => {
  const half = tensor("float16", [1], Uint16Array.of(0x7d01));
  expect(cast(half, "float16")).toBe(half);
});

test("a cast takes views into larger memory", () => {
  const data = new Float32Array(new ArrayBuffer(16), 8, 2);
  data.set([Number.NaN, 1]);
  expect([...cast(tensor("float32", [2], data), "bfloat16").data]).toEqual([0x7fc0, 0x3f80]);
});

test("what is not of floats is not cast", () => {
  expect(() => cast(tensor("int32", [], Int32Array.of(1)), "float32")).toThrow(
    new TypeError("cast takes tensors of floats, not of int32"),
  );
});

test("the result is of the dtype that is asked for", () => {
  const one = tensor("float32", [], Float32Array.of(1));
  expectTypeOf(cast(one, "float16")).toEqualTypeOf<Tensor<"float16">>();
});
