import {
  byteLength,
  checkedElementCount,
  elementCount,
  hasDType,
  type Tensor,
  type Tensors,
  type TypedTensor,
  tensor,
  toText,
} from "@modelbytes/tensor";
import { describe, expect, expectTypeOf, test } from "vitest";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("tensor", () => {
  test("keeps the data and the shape", () => {
    const data = Float32Array.of(1, 2);
    const made = tensor("float32", [1, 2], data);
    expect(made).toEqual({ dtype: "float32", shape: [1, 2], data });
    expect(made.data).toBe(data);
  });

  test("takes scalars, empty tensors, complex numbers and strings", () => {
    expect(tensor("int64", [], BigInt64Array.of(1n)).shape).toEqual([]);
    expect(tensor("int8", [3, 0], new Int8Array(0)).shape).toEqual([3, 0]);
    expect(tensor("complex64", [2], new Float32Array(4)).data).toHaveLength(4);
    expect(tensor("string", [1], [bytes("a")]).data).toHaveLength(1);
    expect(tensor("uint8", [1], Buffer.of(1)).data).toHaveLength(1);
  });

  test("refuses another number of elements", () => {
    expect(() => tensor("float32", [2], new Float32Array(3))).toThrow(
      new RangeError("float32 of shape [2] has 2 entries of data, not 3"),
    );
    expect(() => tensor("complex128", [2], new Float64Array(2))).toThrow(
      new RangeError("complex128 of shape [2] has 4 entries of data, not 2"),
    );
    expect(() => tensor("string", [], [])).toThrow(new RangeError("string of shape [] has 1 entries of data, not 0"));
    expect(() => tensor("int8", [-1], new Int8Array(1))).toThrow(new RangeError("[-1] is not the shape of a tensor"));
  });

  test("refuses another type of array", () => {
    // @ts-expect-error: the types say so, too
    expect(() => tensor("float32", [1], [1])).toThrow(
      new TypeError("the data of float32 is of type Float32Array, not Array"),
    );
    // @ts-expect-error: the types say so, too
    expect(() => tensor("float16", [1], Float32Array.of(1))).toThrow(
      new TypeError("the data of float16 is of type Uint16Array, not Float32Array"),
    );
    // @ts-expect-error: the types say so, too
    expect(() => tensor("string", [1], "a")).toThrow(new TypeError("the data of string is of type Array, not String"));
  });
});

describe("elementCount", () => {
  test.each([
    [[], 1],
    [[7], 7],
    [[2, 3, 4], 24],
    [[5, 0, 3], 0],
    [[2 ** 53 - 1], 2 ** 53 - 1],
    [[2 ** 26, 2 ** 26], 2 ** 52],
    [[2 ** 53 - 1, 0], 0],
    [[0, 2 ** 40, 2 ** 40], 0], // TensorFlow stores this and the next, but not [2^40, 2^40, 0]
    [[2 ** 31, 2 ** 31, 0], 0],
  ] as const)("of %j is %d", (shape, count) => {
    expect(elementCount(shape)).toBe(count);
    expect(checkedElementCount(shape)).toBe(count);
  });

  test.each([
    [[-1]],
    [[0, -1]],
    [[1.5]],
    [[Number.NaN]],
    [[Infinity]],
    [[2 ** 53]],
    [[2 ** 31, 2 ** 31]],
    [[2 ** 27, 2 ** 26]],
    [[2 ** 40, 2 ** 40, 0]],
    [new Array(64).fill(2 ** 31)],
  ])("of %j there is none", (shape: readonly number[]) => {
    expect(checkedElementCount(shape)).toBeUndefined();
    expect(() => elementCount(shape)).toThrow(new RangeError(`[${shape.join(", ")}] is not the shape of a tensor`));
  });
});

test("byteLength counts the bytes of the data", () => {
  expect(byteLength(tensor("complex128", [2, 2], new Float64Array(8)))).toBe(64);
  expect(byteLength(tensor("int4", [3], new Int8Array(3)))).toBe(3);
  expect(byteLength(tensor("string", [3], [bytes("one"), bytes(""), bytes("😀")]))).toBe(7);
  expect(byteLength(tensor("variant", [0], []))).toBe(0);
});

test("toText reads UTF-8 and keeps a byte order mark", () => {
  expect(toText(tensor("string", [2], [bytes("naïve 😀"), bytes("\ufeffx")]))).toEqual(["naïve 😀", "\ufeffx"]);
});

test("toText names the element that is no text", () => {
  const words = tensor("string", [2], [bytes("a"), Uint8Array.of(0xff, 0)]);
  expect(() => toText(words)).toThrow(new TypeError("element 1 is not UTF-8: data has its bytes"));
});

test("a tensor is told apart by its dtype", () => {
  const describeData = (any: Tensor): string => {
    switch (any.dtype) {
      case "int64":
        expectTypeOf(any.data).toEqualTypeOf<BigInt64Array>();
        return `${any.data[0]}n`;
      case "string":
        expectTypeOf(any.data).toEqualTypeOf<readonly Uint8Array[]>();
        return toText(any).join();
      case "float32":
      case "complex64":
        expectTypeOf(any.data).toEqualTypeOf<Float32Array>();
        return any.data.join();
      default:
        return hasDType(any, "bool") ? `${any.data[0] === 1}` : any.dtype;
    }
  };
  expect(describeData(tensor("int64", [], BigInt64Array.of(-1n)))).toBe("-1n");
  expect(describeData(tensor("string", [1], [bytes("ä")]))).toBe("ä");
  expect(describeData(tensor("complex64", [], Float32Array.of(1, 2)))).toBe("1,2");
  expect(describeData(tensor("bool", [], Uint8Array.of(1)))).toBe("true");
  expect(describeData(tensor("variant", [0], []))).toBe("variant");
});

test("the types of tensors", () => {
  expectTypeOf<Tensor<"float16">>().toEqualTypeOf<TypedTensor<"float16">>();
  expectTypeOf<Tensor<"float32" | "int8">>().toEqualTypeOf<TypedTensor<"float32"> | TypedTensor<"int8">>();
  expectTypeOf<TypedTensor<"float32">>().toExtend<Tensor>();
  expectTypeOf(tensor("bool", [], Uint8Array.of(1))).toEqualTypeOf<TypedTensor<"bool">>();
  expectTypeOf<readonly [string, Tensor][]>().toExtend<Tensors>();
  expectTypeOf<Map<string, Tensor<"float32">>>().toExtend<Tensors>();
});
