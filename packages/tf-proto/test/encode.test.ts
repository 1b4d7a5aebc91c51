import { describe, expect, test } from "vitest";
import { decodeMessage } from "../src/decode.ts";
import { encodeMessage, type Init } from "../src/encode.ts";
import { MAX_DEPTH } from "../src/field-path.ts";
import {
  AttrValue,
  DataType,
  DoubleValue,
  FileLineCol,
  FloatValue,
  FunctionDef,
  GraphDebugInfo,
  Int32Value,
  Int64Value,
  NodeDef,
  Parameter,
  SavedModel,
  SerializedTraceType,
  StackTrace,
  StringValue,
  StructuredValue,
  TensorProto,
  UInt32Value,
  UInt64Value,
  VersionDef,
} from "../src/messages/index.ts";
import type { MessageType } from "../src/schema.ts";
import { hexOf } from "./hex.ts";

/** What is written, in hexadecimal digits. */
const written = <T extends object>(type: MessageType<T>, message: Init<T>) => hexOf(encodeMessage(type, message));
const spaceless = (hex: string) => hex.replaceAll(" ", "");

describe("what is written", () => {
  test("defaults are not, unless their presence is tracked", () => {
    expect(written(VersionDef, VersionDef.create())).toBe("");
    expect(written(TensorProto, TensorProto.create())).toBe("");
    expect(written(TensorProto, { tensorShape: {}, dtype: undefined })).toBe("1200");
    expect(written(AttrValue, { i: 0n })).toBe("1800");
    expect(written(AttrValue, { s: new Uint8Array(0) })).toBe("1200");
    expect(written(FileLineCol, { line: 0, func: "" })).toBe("10002200");
    expect(written(DoubleValue, { value: -0 })).toBe("090000000000000080");
  });

  test("fields ascend by their numbers, unknown ones come last", () => {
    expect(written(NodeDef, { device: "d", $unknown: Uint8Array.of(8, 1), op: "o", name: "n" })).toBe(
      spaceless("0a016e 12016f 220164 0801"),
    );
    expect(written(StructuredValue, { listValue: { values: [{ noneValue: {} }, {}] } })).toBe(
      spaceless("9a03 06 0a02 0a00 0a00"),
    );
  });

  test("repeated numbers are packed, everything else is not", () => {
    expect(written(VersionDef, { badConsumers: [1, 300, -1] })).toBe(spaceless("1a0d 01 ac02 ffffffffffffffffff01"));
    expect(
      written(TensorProto, { floatVal: [1], boolVal: [true, false], stringVal: [Uint8Array.of(1), new Uint8Array(0)] }),
    ).toBe(spaceless("2a04 0000803f 4201 01 4200 5a02 0100"));
    expect(written(StackTrace, { frameId: [1n] })).toBe(spaceless("1208 0100000000000000"));
  });

  test("entries of maps have both key and value", () => {
    expect(written(FunctionDef, { ret: new Map([["", ""]]), resourceArgUniqueId: new Map([[0, 0]]) })).toBe(
      spaceless("2204 0a00 1200 4204 0800 1000"),
    );
    expect(written(NodeDef, { attr: new Map([["a", {}]]) })).toBe(spaceless("2a05 0a0161 1200"));
  });

  test.each<[string, MessageType, object, string]>([
    ["the least int64", Int64Value, { value: -(2n ** 63n) }, "0880808080808080808001"],
    ["the greatest uint64", UInt64Value, { value: 2n ** 64n - 1n }, "08ffffffffffffffffff01"],
    ["2^53", UInt64Value, { value: 2n ** 53n }, "088080808080808010"],
    ["2^63", UInt64Value, { value: 2n ** 63n }, "0880808080808080808001"],
    ["the greatest uint32", UInt32Value, { value: 2 ** 32 - 1 }, "08ffffffff0f"],
    ["a negative enum", AttrValue, { type: -1 }, "30ffffffffffffffffff01"],
    ["zigzag", StructuredValue, { int64Value: -1n }, "6001"],
    ["the least zigzag", StructuredValue, { int64Value: -(2n ** 63n) }, "60ffffffffffffffffff01"],
    ["a float, rounded", FloatValue, { value: 0.1 }, "0dcdcccc3d"],
    ["infinity", FloatValue, { value: -Infinity }, "0d000080ff"],
    ["a long string", StringValue, { value: "é".repeat(100) }, `0ac801${"c3a9".repeat(100)}`],
    ["fixed64", GraphDebugInfo, { nameToTraceId: new Map([["", 2n ** 64n - 2n]]) }, "2a0b0a0011feffffffffffffff"],
  ])("%s", (_, type, message, hex) => {
    expect(written(type, message)).toBe(hex);
    expect(written(type, decodeMessage(type, Buffer.from(hex, "hex")))).toBe(hex);
  });

  test("a message that was made by hand, with what it leaves out", () => {
    const attr = new Map([
      ["dtype", { type: DataType.numbers.get("DT_INT32") ?? 0 }],
      ["value", { tensor: { intVal: [1] } }],
    ]);
    const bytes = encodeMessage(SavedModel, {
      savedModelSchemaVersion: 1n,
      metaGraphs: [{ metaInfoDef: { tags: ["serve"] }, graphDef: { node: [{ name: "c", op: "Const", attr }] } }],
    });
    const [graph] = decodeMessage(SavedModel, bytes).metaGraphs;
    expect(graph?.metaInfoDef?.tags).toEqual(["serve"]);
    expect(graph?.graphDef?.node[0]?.attr.get("value")?.tensor?.intVal).toEqual([1]);
    expect(graph?.graphDef?.node[0]?.attr.get("dtype")).toEqual({ type: 3 });
  });

  test("nothing that it is given changes", () => {
    const message = Object.freeze({
      name: "n",
      input: Object.freeze(["a"]),
      attr: new Map([
        ["b", {}],
        ["a", {}],
      ]),
    });
    encodeMessage(NodeDef, message);
    expect([...message.attr.keys()]).toEqual(["b", "a"]);
  });
});

describe("the order of maps", () => {
  const strings = new Map(
    ["x", "b", "x_10", "x_2", "x_1", "", "é", "\uffff", "\u{1f600}", "a"].map((key) => [key, key]),
  );
  const numbers = new Map([5, 300, 0, 2 ** 32 - 1].map((key) => [key, key]));
  const keysOf = (mapOrder: "upb" | "c++" | "given") => {
    const bytes = encodeMessage(FunctionDef, { ret: strings, resourceArgUniqueId: numbers }, { mapOrder });
    const { ret, resourceArgUniqueId } = decodeMessage(FunctionDef, bytes);
    return [[...ret.keys()], [...resourceArgUniqueId.keys()]];
  };

  test("upb: strings ascend by bytes, the longer of two that begin alike first; numbers descend", () => {
    expect(keysOf("upb")).toEqual([
      ["a", "b", "x_10", "x_1", "x_2", "x", "é", "\uffff", "\u{1f600}", ""],
      [2 ** 32 - 1, 300, 5, 0],
    ]);
  });

  test("C++: both ascend", () => {
    expect(keysOf("c++")).toEqual([
      ["", "a", "b", "x", "x_1", "x_10", "x_2", "é", "\uffff", "\u{1f600}"],
      [0, 5, 300, 2 ** 32 - 1],
    ]);
  });

  test("given: as they are", () => {
    expect(keysOf("given")).toEqual([[...strings.keys()], [...numbers.keys()]]);
  });

  test("64-bit keys", () => {
    const framesById = new Map([2n ** 63n, 1n, 2n ** 64n - 1n].map((key) => [key, {}]));
    const order = (mapOrder: "upb" | "c++") => [
      ...decodeMessage(GraphDebugInfo, encodeMessage(GraphDebugInfo, { framesById }, { mapOrder })).framesById.keys(),
    ];
    expect(order("upb")).toEqual([2n ** 64n - 1n, 2n ** 63n, 1n]);
    expect(order("c++")).toEqual([1n, 2n ** 63n, 2n ** 64n - 1n]);
  });
});

describe("what is refused", () => {
  test.each<[MessageType, object, string, string]>([
    [Int32Value, { value: 2 ** 31 }, "RangeError", "value: 2147483648 is no int32"],
    [Int32Value, { value: 0.5 }, "RangeError", "value: 0.5 is no int32"],
    [Int32Value, { value: Number.NaN }, "RangeError", "value: NaN is no int32"],
    [UInt32Value, { value: -1 }, "RangeError", "value: -1 is no uint32"],
    [UInt64Value, { value: -1n }, "RangeError", "value: -1 is no uint64"],
    [Int64Value, { value: 2n ** 63n }, "RangeError", "value: 9223372036854775808 is no int64"],
    [FloatValue, { value: 1e39 }, "RangeError", "value: 1e+39 is no float"],
    [AttrValue, { type: 2 ** 31 }, "RangeError", "type: 2147483648 is no int32"],
    [
      Parameter,
      { kind: 77 },
      "RangeError",
      "kind: 77 is no tensorflow.core.function.polymorphism.function_type.Parameter.Kind",
    ],
    [Int64Value, { value: 1 }, "TypeError", "value: a bigint is needed, not 1"],
    [Int32Value, { value: 1n }, "TypeError", "value: a number is needed, not 1n"],
    [Int32Value, { value: "" }, "TypeError", 'value: a number is needed, not ""'],
    [DoubleValue, { value: "1" }, "TypeError", 'value: a number is needed, not "1"'],
    [AttrValue, { b: 1 }, "TypeError", "b: true or false is needed, not 1"],
    [NodeDef, { name: 0 }, "TypeError", "name: a string is needed, not 0"],
    [NodeDef, { name: null }, "TypeError", "name: a string is needed, not null"],
    [NodeDef, { name: "\ud800a" }, "TypeError", 'name: "\\ud800a" holds a lone surrogate'],
    [NodeDef, { input: ["a", "\udc00"] }, "TypeError", 'input[1]: "\\udc00" holds a lone surrogate'],
    [NodeDef, { input: ["a", undefined] }, "TypeError", "input[1]: a string is needed, not undefined"],
    [NodeDef, { input: "ab" }, "TypeError", 'input: an array is needed, not "ab"'],
    [NodeDef, { attr: { a: {} } }, "TypeError", "attr: a Map is needed, not an object"],
    [NodeDef, { attr: new Map([[1, {}]]) }, "TypeError", "attr: a string is needed, not 1"],
    [
      NodeDef,
      { attr: new Map([["k", { i: 1n, f: 1 }]]) },
      "TypeError",
      'attr["k"].f: i and f are both members of the oneof value',
    ],
    [
      NodeDef,
      { attr: new Map([["k", { list: { i: [1n, 2] } }]]) },
      "TypeError",
      'attr["k"].list.i[1]: a bigint is needed, not 2',
    ],
    [TensorProto, { tensorShape: [] }, "TypeError", "tensor_shape: a message is needed, not an array"],
    [TensorProto, { tensorShape: new Map() }, "TypeError", "tensor_shape: a message is needed, not an object"],
    [
      TensorProto,
      { tensorShape: { dims: [] } },
      "TypeError",
      'tensor_shape: tensorflow.TensorShapeProto has no property "dims"',
    ],
    [TensorProto, { tensorContent: [1] }, "TypeError", "tensor_content: a Uint8Array is needed, not an array"],
    [TensorProto, { $unknown: "" }, "TypeError", "tensorflow.TensorProto: $unknown has to be a Uint8Array"],
    [
      TensorProto,
      { tensor_content: 1 },
      "TypeError",
      'tensorflow.TensorProto: tensorflow.TensorProto has no property "tensor_content"',
    ],
  ])("%# %o", (type, message, name, reason) => {
    const run = () => encodeMessage(type, message);
    expect(run).toThrow(expect.objectContaining({ name, message: expect.stringContaining(reason) }));
  });

  test("members of a oneof that are undefined are absent", () => {
    expect(written(AttrValue, { i: 1n, f: undefined })).toBe("1801");
  });

  test("messages that are nested too deep, or in themselves", () => {
    let type: Init<StructuredValue> = {};
    for (let level = 0; level < MAX_DEPTH / 2; level++) type = { listValue: { values: [type] } };
    expect(() => decodeMessage(StructuredValue, encodeMessage(StructuredValue, type))).not.toThrow();
    expect(() => encodeMessage(StructuredValue, { listValue: { values: [type] } })).toThrow(
      expect.objectContaining({ name: "RangeError", message: expect.stringContaining("nested deeper than 100") }),
    );
    const attr = new Map<string, Init<AttrValue>>();
    attr.set("self", { func: { attr } });
    expect(() => encodeMessage(NodeDef, { attr })).toThrow(RangeError);
    expect(written(SerializedTraceType, {})).toBe("");
  });
});
