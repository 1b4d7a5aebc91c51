import { fc, test } from "@fast-check/vitest";
import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import { DTYPES, type DType, dtypeOfNumber, isVarying, type Tensor, toBytes, toText } from "@modelbytes/tensor";
import { describe, expect } from "vitest";
import { decodeTensorProto, encodeTensorShape, toTensor, valueCount } from "../src/index.ts";
import { bytesOfHex, field, hexOf, joined, varint, varints } from "./hex.ts";

/** A TensorProto of a dtype and a shape, with further fields. */
function proto(
  dtype: DType | number,
  dims: readonly number[],
  ...fields: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const number = typeof dtype === "number" ? dtype : DTYPES[dtype].number;
  return joined(varint(1, number), field(2, encodeTensorShape(dims)), ...fields);
}

/** A tensor's elements, in the bytes of a bundle; strings as text. */
function dataOf(tensor: Tensor): string | string[] {
  if (tensor.dtype === "string") return toText(tensor);
  if (tensor.dtype === "variant") return tensor.data.map(hexOf);
  return hexOf(toBytes(tensor));
}

const read = (bytes: Uint8Array): string | string[] => dataOf(toTensor(decodeTensorProto(bytes)));

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const doubles = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);
const text = (value: string) => new TextEncoder().encode(value);

describe("messages that TensorFlow 2.21 wrote", () => {
  test.each<[string, string, DType, number[], string | string[]]>([
    ["tf.io.serialize_tensor", "0801 120412020802 2208 0000803f00000040", "float32", [2], "0000803f00000040"],
    ["strings", "0807 120412020802 420161 4200", "string", [2], ["a", ""]],
    ["half", "0813 120412020802 2204 003c00c0", "float16", [2], "003c00c0"],
    ["int64", "0809 120412020801 2208 ffffffffffffffff", "int64", [1], "ffffffffffffffff"],
    ["a scalar", "0803 1200 3a0107", "int32", [], "07000000"],
  ])("%s", (_, hex, dtype, shape, data) => {
    const tensor = toTensor(decodeTensorProto(bytesOfHex(hex)));
    expect([tensor.dtype, tensor.shape, dataOf(tensor)]).toEqual([dtype, shape, data]);
  });
});

// For each of these, tf.io.parse_tensor of TensorFlow 2.21 gives the same.
describe("values", () => {
  test.each<[string, DType, Uint8Array[], string | string[]]>([
    ["the last is repeated", "float32", [field(5, floats(1, 2))], "0000803f 00000040 00000040"],
    ["none are zeros", "float32", [], "00000000 00000000 00000000"],
    ["those too many are left out", "float32", [field(5, floats(1, 2, 3, 4))], "0000803f 00000040 00004040"],
    ["content goes first", "uint8", [field(7, varints(9)), field(4, Uint8Array.of(1, 2, 3))], "010203"],
    ["float64", "float64", [field(6, doubles(1.5))], "000000000000f83f".repeat(3)],
    ["int8 of int_val, cut to eight bits", "int8", [field(7, varints(300, -1))], "2cffff"],
    ["uint8", "uint8", [field(7, varints(300, -1))], "2cffff"],
    ["uint16", "uint16", [field(7, varints(70000, -1))], "7011 ffff ffff"],
    ["int16", "int16", [field(7, varints(70000))], "701170117011"],
    ["qint32", "qint32", [field(7, varints(-2))], "feffffff".repeat(3)],
    ["quint16", "quint16", [field(7, varints(70000))], "701170117011"],
    ["int64", "int64", [field(10, varints(-1, 2n ** 63n - 1n, 5))], `${"ff".repeat(15)}7f0500000000000000`],
    ["uint32", "uint32", [field(16, varints(2 ** 32 - 1))], "ffffffff".repeat(3)],
    ["uint64", "uint64", [field(17, varints(2n ** 64n - 1n))], "ff".repeat(24)],
    ["bool", "bool", [field(11, varints(1, 0))], "010000"],
    ["a bool of any varint", "bool", [field(11, varints(2n ** 63n, 4, 0))], "010100"],
    ["half_val of float16", "float16", [field(13, varints(0x3c00, 0x13c00))], "003c003c003c"],
    ["half_val of bfloat16", "bfloat16", [field(13, varints(0x3f80))], "803f803f803f"],
    ["float8_val", "float8_e4m3fn", [field(18, Uint8Array.of(0x38, 0x39))], "383939"],
    ["float8_val of float4", "float4_e2m1fn", [field(18, Uint8Array.of(1, 2))], "010202"],
    ["int_val is not for float8", "float8_e5m2", [field(7, varints(0x38))], "000000"],
    ["int4, cut to four bits", "int4", [field(7, varints(7, 8, -1))], "07080f"],
    ["uint2, cut to two bits", "uint2", [field(7, varints(7, 8))], "030000"],
    ["int4 in content", "int4", [field(4, bytesOfHex("01ff0f"))], "010f0f"],
    ["complex64", "complex64", [field(9, floats(1, 2, 3))], "0000803f00000040".repeat(3)],
    ["half a complex number", "complex64", [field(9, floats(1))], "00".repeat(24)],
    ["complex128", "complex128", [field(12, doubles(1.5, 0))], "000000000000f83f0000000000000000".repeat(3)],
    ["strings: the last is repeated", "string", [field(8, text("a"))], ["a", "a", "a"]],
    ["strings: none are empty", "string", [], ["", "", ""]],
    ["strings in content", "string", [field(4, bytesOfHex("010002616263"))], ["a", "", "bc"]],
    ["variants: the rest is empty", "variant", [field(15, field(1, text("T")))], ["0a0154", "", ""]],
    ["one by one instead of packed", "int32", [varint(7, 1), varint(7, -2), varint(7, 3)], "01000000feffffff03000000"],
    ["packed and not in turn", "int32", [varint(7, 1), field(7, varints(2)), varint(7, 3)], "010000000200000003000000"],
    ["floats one by one", "float32", [bytesOfHex("2d0000803f 2d00000040 2d00004040")], "0000803f0000004000004040"],
    [
      "an unknown field, and a known one of another wire type",
      "uint8",
      [varint(99, 1), bytesOfHex("3d00000000")],
      "000000",
    ],
  ])("%s", (_, dtype, fields, data) => {
    expect(read(proto(dtype, [3], ...fields))).toEqual(typeof data === "string" ? data.replaceAll(" ", "") : data);
  });

  test("no element: content and values do not matter", () => {
    expect(toTensor(decodeTensorProto(proto("float32", [0, 3], field(4, text("abc"))))).data).toHaveLength(0);
    expect(toTensor(decodeTensorProto(proto("string", [0], field(4, text("abc"))))).data).toEqual([]);
  });

  test("NaNs keep their bits, signaling ones too", () => {
    const float = bytesOfHex("010080ff 0100807f 4523c17f");
    expect(read(proto("float32", [3], field(5, float)))).toBe(hexOf(float));
    expect(read(proto("float32", [5], field(5, float)))).toBe(`${hexOf(float)}4523c17f4523c17f`);
    const double = bytesOfHex("010000000000f07f 0100000000000cfff");
    expect(read(proto("complex128", [2], field(12, double.subarray(0, 8), double.subarray(0, 8))))).toBe(
      hexOf(double.subarray(0, 8)).repeat(4),
    );
  });

  test("the message is not written to, and content has memory of its own", () => {
    const bytes = proto("int4", [2], field(4, bytesOfHex("ff0f")));
    const before = bytes.slice();
    const decoded = decodeTensorProto(bytes);
    const tensor = toTensor(decoded);
    expect(tensor.data).toEqual(Int8Array.of(-1, -1));
    expect(bytes).toEqual(before);
    expect(decoded.tensorContent.buffer).toBe(bytes.buffer);
  });
});

describe("what is refused", () => {
  test.each<[string, Uint8Array, string]>([
    ["content that is too short", proto("float32", [3], field(4, new Uint8Array(11))), "tensor-content"],
    ["content that is too long", proto("int32", [], field(4, new Uint8Array(5))), "tensor-content"],
    ["a bool of 2 in content", proto("bool", [3], field(4, Uint8Array.of(0, 1, 2))), "tensor-content"],
    ["string content with bytes left", proto("string", [2], field(4, bytesOfHex("0100 6161"))), "tensor-content"],
    ["string content without lengths", proto("string", [2], field(4, bytesOfHex("01"))), "tensor-content"],
    ["string content that ends early", proto("string", [1], field(4, bytesOfHex("0561"))), "tensor-content"],
    ["a negative dimension", proto("float32", [-1]), "shape"],
    ["dimensions whose product overflows", proto("float32", [2 ** 31, 2 ** 31]), "shape"],
  ])("%s", (_, bytes, code) => {
    const place = { file: "graph.pb", tensor: "w" };
    const run = () => toTensor(decodeTensorProto(bytes, place), place);
    expect(run).toThrow(CorruptError);
    expect(run).toThrow(expect.objectContaining({ code, file: "graph.pb", tensor: "w" }));
  });

  test.each([0, 20, 34, 101])("the dtype %i", (number) => {
    expect(() => toTensor(decodeTensorProto(proto(number, [])))).toThrow(UnsupportedError);
  });

  test("a few values that stand for more than 2 GiB", () => {
    expect(() => toTensor(decodeTensorProto(proto("float32", [2 ** 40])))).toThrow(UnsupportedError);
    expect(() => toTensor(decodeTensorProto(proto("string", [2 ** 40])))).toThrow(UnsupportedError);
    expect(() => toTensor(decodeTensorProto(proto("float32", [2 ** 29 + 1])))).toThrow("more than 2 GiB");
  });

  test.each<[string, Uint8Array]>([
    ["packed floats of five bytes", field(5, new Uint8Array(5))],
    ["packed doubles of twelve", field(6, new Uint8Array(12))],
    ["packed varints that end early", field(7, Uint8Array.of(1, 0x80))],
    ["a packed varint of eleven bytes", field(7, new Uint8Array(11).fill(0x80), Uint8Array.of(1))],
    ["a varint of eleven bytes", joined(Uint8Array.of(0x38), new Uint8Array(11).fill(0x80), Uint8Array.of(1))],
    ["a float that ends early", Uint8Array.of(0x2d, 0, 0)],
    ["a length beyond the end", Uint8Array.of(0x22, 9, 0)],
    ["a dimension of 2^63 − 1", field(2, field(2, varint(1, 2n ** 63n - 1n)))],
    ["the field 0", Uint8Array.of(0x00, 0x00)],
  ])("%s", (_, bytes) => {
    const run = () => decodeTensorProto(bytes, { file: "graph.pb", offset: 100 });
    expect(run).toThrow(expect.objectContaining({ name: "CorruptError", code: "protobuf", file: "graph.pb" }));
    expect(run).toThrow(/^graph\.pb, byte 1\d\d: not a valid protocol buffer message/);
  });
});

/** TensorFlow's rule in a line: element `index` of the values, else the last of them, else zero. */
function element(values: readonly string[], index: number, zero: string): string {
  return values[index] ?? values.at(-1) ?? zero;
}

describe("any values and any shape", () => {
  const numbers = fc
    .constantFrom(...Array.from({ length: 34 }, (_, number) => number))
    .filter((number) => dtypeOfNumber(number) !== undefined);
  const cases = fc.record({
    number: numbers,
    count: fc.nat(9),
    values: fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { maxLength: 6 }),
  });

  test.prop([cases])("an element is its value, the last value, or zero", ({ number, count, values }) => {
    const dtype = dtypeOfNumber(number);
    if (dtype === undefined || isVarying(dtype)) return;
    const { itemsize, bits, kind, unit } = DTYPES[dtype];
    const items = values.map((value) => value.slice(0, itemsize));
    if (bits < 8) for (const item of items) item[0] = (item[0] ?? 0) & ((1 << bits) - 1);
    if (dtype === "bool") for (const item of items) item[0] = (item[0] ?? 0) & 1;
    const isWide = unit === 8 && kind !== "float" && kind !== "complex";
    const wire = joined(...items.map((item) => onWire(item, dtype, isWide)));
    const number32: Partial<Record<DType, number>> = {
      float32: 5,
      float64: 6,
      complex64: 9,
      complex128: 12,
      int64: 10,
      uint64: 17,
      uint32: 16,
      bool: 11,
      float16: 13,
      bfloat16: 13,
    };
    const fieldNumber = number32[dtype] ?? (/^float/.test(dtype) ? 18 : 7);
    const decoded = decodeTensorProto(proto(dtype, [count], ...(items.length === 0 ? [] : [field(fieldNumber, wire)])));
    expect(valueCount(decoded, dtype)).toBe(items.length);
    const expected = Array.from({ length: count }, (_, index) =>
      element(items.map(hexOf), index, "00".repeat(itemsize)),
    );
    expect(dataOf(toTensor(decoded))).toBe(expected.join(""));
  });

  test.prop([fc.uint8Array({ maxLength: 60 })])("any bytes: a message or a typed error", (bytes) => {
    let tensor: Tensor;
    try {
      tensor = toTensor(decodeTensorProto(bytes));
    } catch (error) {
      if (error instanceof CorruptError || error instanceof UnsupportedError) return;
      throw error;
    }
    expect(tensor.data.length).toBeGreaterThanOrEqual(0);
  });
});

/** An element of a dtype as its field writes it. */
function onWire(item: Uint8Array, dtype: DType, isWide: boolean): Uint8Array {
  const view = new DataView(item.buffer);
  if (isWide) return varints(view.getBigUint64(0, true));
  if (dtype === "uint32" || dtype === "int32" || dtype === "qint32") return varints(view.getInt32(0, true));
  if (/^(float8|float4|float32|float64|complex)/.test(dtype)) return item;
  return varints(item.length === 2 ? view.getUint16(0, true) : (item[0] ?? 0));
}
