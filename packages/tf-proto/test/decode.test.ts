import { CorruptError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { decodeMessage } from "../src/decode.ts";
import { MAX_DEPTH } from "../src/field-path.ts";
import {
  AttrDef,
  AttrValue,
  BundleEntryProto,
  FunctionDef,
  Int32Value,
  NodeDef,
  Parameter,
  SavedModel,
  StackTrace,
  StructuredValue,
  TensorProto,
  TensorShapeProto,
  UInt32Value,
  VariantTensorDataProto,
  VersionDef,
} from "../src/messages/index.ts";
import type { MessageType } from "../src/schema.ts";
import { bytesOfHex, field, joined, varint } from "./hex.ts";

const text = (number: number, value: string) => field(number, new TextEncoder().encode(value));
const empty = new Uint8Array(0);

describe("what comes twice", () => {
  test("of a scalar the last one counts", () => {
    expect(decodeMessage(VersionDef, joined(varint(1, 1), varint(2, 5), varint(1, 3)))).toStrictEqual({
      producer: 3,
      minConsumer: 5,
      badConsumers: [],
    });
  });

  test("a message is merged, and with it what is in it", () => {
    const twice = joined(
      field(2, field(2, varint(1, 7)), varint(3, 1)),
      varint(1, 9),
      field(2, field(2, varint(1, 8)), varint(3, 0)),
    );
    const shape = {
      dim: [
        { size: 7n, name: "" },
        { size: 8n, name: "" },
      ],
      unknownRank: false,
    };
    expect(decodeMessage(BundleEntryProto, twice)).toMatchObject({ dtype: 9, shape });
  });

  test("of a oneof the last member stays; a message in it is merged only with itself", () => {
    const list = field(1, varint(3, 1));
    expect(decodeMessage(AttrValue, joined(varint(3, 5), text(2, "a")))).toStrictEqual({ s: Uint8Array.of(97) });
    expect(decodeMessage(AttrValue, joined(list, list)).list?.i).toEqual([1n, 1n]);
    expect(decodeMessage(AttrValue, joined(list, varint(3, 5), list))).toMatchObject({ list: { i: [1n] } });
    const inTwo = joined(field(3, varint(3, 5)), field(3, text(2, "a")));
    expect(decodeMessage(AttrDef, inTwo).defaultValue).toStrictEqual({ s: Uint8Array.of(97) });
  });

  test("of a map the last entry of a key counts and is not merged; a value in an entry is", () => {
    const entry = (...parts: Uint8Array[]) => field(5, text(1, "k"), ...parts);
    const [one, two] = [field(2, field(1, varint(3, 1))), field(2, field(1, varint(3, 2)))];
    expect(decodeMessage(NodeDef, joined(entry(one), entry(two))).attr.get("k")?.list?.i).toEqual([2n]);
    expect(decodeMessage(NodeDef, entry(one, two)).attr.get("k")?.list?.i).toEqual([1n, 2n]);
  });
});

describe("maps", () => {
  test("the order of the file is kept, absent keys and values have their defaults", () => {
    const { argAttr, resourceArgUniqueId, ret } = decodeMessage(
      FunctionDef,
      joined(field(7, varint(1, 9)), field(7, varint(1, 2)), field(7), field(8, varint(2, 3)), field(4)),
    );
    expect([...argAttr]).toEqual([9, 2, 0].map((key) => [key, { attr: new Map() }]));
    expect([...resourceArgUniqueId]).toEqual([[0, 3]]);
    expect([...ret]).toEqual([["", ""]]);
  });

  test("what is in an entry besides is dropped", () => {
    const { ret } = decodeMessage(FunctionDef, field(4, text(1, "a"), varint(3, 1), text(2, "b"), varint(1, 1)));
    expect([...ret]).toEqual([["a", "b"]]);
  });
});

describe("numbers", () => {
  test("repeated ones may be packed, unpacked or both", () => {
    const parts = joined(
      varint(3, 1),
      field(3, bytesOfHex("02 ff ff ff ff ff ff ff ff ff 01")),
      varint(3, 3),
      field(3),
    );
    expect(decodeMessage(VersionDef, parts).badConsumers).toEqual([1, 2, -1, 3]);
    expect(decodeMessage(StackTrace, bytesOfHex("11 0100000000000000 1208 ffffffffffffffff")).frameId).toEqual([
      1n,
      2n ** 64n - 1n,
    ]);
    const tensor = decodeMessage(
      TensorProto,
      bytesOfHex("2a08 0000803f 000000c0 2d 00000080 320800000000000000805a020002"),
    );
    expect(tensor).toMatchObject({ floatVal: [1, -2, -0], doubleVal: [-0], boolVal: [false, true] });
  });

  test("what is too large for the type loses its upper bits", () => {
    const large = 0x1_8000_0001n;
    expect(decodeMessage(Int32Value, varint(1, large))).toEqual({ value: -0x7fff_ffff });
    expect(decodeMessage(UInt32Value, varint(1, large))).toEqual({ value: 0x8000_0001 });
    expect(decodeMessage(AttrValue, varint(5, 1n << 63n))).toEqual({ b: true });
    expect(decodeMessage(AttrValue, varint(6, large))).toEqual({ type: -0x7fff_ffff });
    expect(decodeMessage(AttrValue, bytesOfHex("18 ffffffffffffffffff7f"))).toEqual({ i: -1n });
  });

  test("sint64 is zigzag", () => {
    const values = [0n, 1n, 2n, 2n ** 64n - 1n].map(
      (bits) => decodeMessage(StructuredValue, varint(12, bits)).int64Value,
    );
    expect(values).toEqual([0n, -1n, 1n, -(2n ** 63n)]);
  });

  test("numbers that an enum does not name are kept, but in proto2 unknown", () => {
    expect(decodeMessage(AttrValue, varint(6, 9999))).toEqual({ type: 9999 });
    expect(decodeMessage(Parameter, joined(varint(2, 3), varint(2, 99)))).toEqual({ kind: 3, $unknown: varint(2, 99) });
  });
});

describe("unknown fields", () => {
  const group = bytesOfHex("a306 0801 a306 a406 a406"); // number 100, with another of that number in it
  const strange = varint(1, 1); // NodeDef.name is a string

  test("are kept in their order; a single one is a view", () => {
    const bytes = joined(
      varint(99, 1),
      text(1, "n"),
      group,
      strange,
      bytesOfHex("9d06 00000000 9906 0000000000000000"),
    );
    const node = decodeMessage(NodeDef, bytes);
    expect(node.name).toBe("n");
    expect(node.$unknown).toEqual(
      joined(varint(99, 1), group, strange, bytesOfHex("9d0600000000 99060000000000000000")),
    );
    const input = joined(text(1, "n"), group);
    expect(decodeMessage(NodeDef, input).$unknown?.buffer).toBe(input.buffer);
  });

  test("are merged with their message", () => {
    const shape = joined(field(2, varint(50, 1)), field(2, varint(51, 2)));
    expect(decodeMessage(BundleEntryProto, shape).shape?.$unknown).toEqual(joined(varint(50, 1), varint(51, 2)));
  });
});

test("bytes are views of the input, strings are texts", () => {
  const input = text(4, "abc");
  const { tensorContent } = decodeMessage(TensorProto, input);
  expect([tensorContent.buffer, tensorContent.byteOffset, tensorContent.length]).toEqual([input.buffer, 2, 3]);
  expect(decodeMessage(NodeDef, text(1, "\ufeffé\u{1f600}\0")).name).toBe("\ufeffé\u{1f600}\0");
});

test("a large message, whose strings are looked up", () => {
  const names = ["", "a", "ab", "é", "x".repeat(40), "x".repeat(41), "\u{1f600}".repeat(20)];
  const nodes = Array.from({ length: 4000 }, (_, index) => names[index % names.length] ?? "");
  const graph = decodeMessage(
    NodeDef,
    joined(...nodes.map((name) => text(3, `${name}`)), ...nodes.map((name) => text(3, `${name}b`))),
  );
  expect(graph.input).toEqual([...nodes, ...nodes.map((name) => `${name}b`)]);
});

describe("errors", () => {
  const place = { file: "saved_model.pb", offset: 1000, tensor: "t" };

  test.each<[string, MessageType, Uint8Array, number, string]>([
    ["a name that is not UTF-8", NodeDef, bytesOfHex("1201 61 0a03 61ff61"), 1008, "name: "],
    ["overlong UTF-8", NodeDef, bytesOfHex("1a00 1a02 c080"), 1006, "input: "],
    ["a surrogate in UTF-8", NodeDef, bytesOfHex("0a03 eda080"), 1005, "name: "],
    ["a cut tag", NodeDef, bytesOfHex("1200 80"), 1003, "tensorflow.NodeDef: "],
    ["a tag of six bytes", NodeDef, bytesOfHex("808080808001"), 1005, "tensorflow.NodeDef: "],
    ["a tag beyond 32 bits", NodeDef, bytesOfHex("8a80808010 00"), 1005, "tensorflow.NodeDef: "],
    ["field 0", NodeDef, bytesOfHex("1200 0200"), 1003, "tensorflow.NodeDef: "],
    ["the end of no group", NodeDef, bytesOfHex("a406"), 1002, "tensorflow.NodeDef: "],
    ["the end of another group", NodeDef, bytesOfHex("a306 ac06"), 1004, "tensorflow.NodeDef: "],
    ["a group without an end", NodeDef, bytesOfHex("a306 0801"), 1004, "tensorflow.NodeDef: "],
    ["wire type 7", NodeDef, bytesOfHex("0f"), 1001, "name: "],
    ["a length beyond the end", NodeDef, bytesOfHex("1a05 61"), 1002, "input: "],
    ["a length beyond 31 bits", NodeDef, bytesOfHex("1affffffff0f"), 1006, "input: "],
    ["a varint of eleven bytes", Int32Value, bytesOfHex("08 ffffffffffffffffffff01"), 1011, "value: "],
    [
      "an unknown varint of eleven bytes",
      NodeDef,
      bytesOfHex("a006 ffffffffffffffffffff01"),
      1012,
      "tensorflow.NodeDef: ",
    ],
    ["a cut int64", AttrValue, bytesOfHex("18 ff"), 1002, "i: "],
    ["packed numbers that end inside one", VersionDef, bytesOfHex("1a02 01ff"), 1004, "bad_consumers: "],
    ["packed floats that end inside one", TensorProto, bytesOfHex("2a03 000000"), 1002, "float_val: "],
    [
      "a message longer than the one around it",
      SavedModel,
      bytesOfHex("1202 1205"),
      1004,
      "meta_graphs[0].graph_def: ",
    ],
  ])("%s", (_, type, bytes, offset, where) => {
    const run = () => decodeMessage(type, bytes, place);
    expect(run).toThrow(CorruptError);
    expect(run).toThrow(
      expect.objectContaining({ ...place, code: "protobuf", offset, reason: expect.stringContaining(where) }),
    );
  });

  test("the path has indices of lists and keys of maps", () => {
    const attr = field(5, text(1, 'va"lue'), field(2, field(8, field(2, field(2, varint(1, 1), Uint8Array.of(0xff))))));
    const graphs = joined(field(2), field(2, field(2, field(1), field(1, attr))));
    expect(() => decodeMessage(SavedModel, graphs)).toThrow(
      'meta_graphs[1].graph_def.node[1].attr["va\\"lue"].tensor.tensor_shape.dim[0]: not a valid protocol buffer message',
    );
    const args = field(7, varint(1, 300), field(2, Uint8Array.of(0xff)));
    expect(() => decodeMessage(FunctionDef, args)).toThrow("arg_attr[300]: ");
  });

  test(`messages nest ${MAX_DEPTH} deep and no deeper`, () => {
    const nested = (levels: number) => {
      let bytes: Uint8Array = empty;
      for (let level = levels; level > 0; level--) bytes = field(level % 2 === 1 ? 15 : 3, bytes); // variant_val, tensors
      return bytes;
    };
    let depth = 0;
    let at: object | undefined = decodeMessage(TensorProto, nested(MAX_DEPTH)).variantVal[0];
    for (; at !== undefined; depth++)
      at = "tensors" in at ? first(at.tensors) : "variantVal" in at ? first(at.variantVal) : undefined;
    expect(depth).toBe(MAX_DEPTH);
    expect(() => decodeMessage(TensorProto, nested(MAX_DEPTH + 1))).toThrow(
      /^variant_val\[0\]\..*\.….*nested deeper than 100/,
    );
  });

  test("so do groups, and entries of maps count", () => {
    const groups = (levels: number) =>
      joined(
        ...Array<Uint8Array>(levels).fill(Uint8Array.of(0x7b)),
        ...Array<Uint8Array>(levels).fill(Uint8Array.of(0x7c)),
      );
    expect(decodeMessage(VersionDef, groups(MAX_DEPTH)).$unknown).toHaveLength(200);
    expect(() => decodeMessage(VersionDef, groups(MAX_DEPTH + 1))).toThrow("groups are nested deeper than 100");
    let bytes: Uint8Array = field(10);
    for (let level = 0; level < 33; level++) bytes = field(10, field(2, field(2, bytes))); // func, attr, value: three levels
    expect(() => decodeMessage(AttrValue, bytes)).not.toThrow();
    expect(() => decodeMessage(AttrValue, field(10, field(2, field(2, bytes))))).toThrow("nested deeper");
  });

  test("a shape of a million dimensions takes what it needs", () => {
    const bytes = new Uint8Array(2_000_000);
    for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x12;
    expect(decodeMessage(TensorShapeProto, bytes).dim).toHaveLength(1_000_000);
    expect(decodeMessage(VariantTensorDataProto, empty)).toEqual({ typeName: "", metadata: empty, tensors: [] });
  });
});

function first(list: unknown): object | undefined {
  const value: unknown = Array.isArray(list) ? list[0] : undefined;
  return typeof value === "object" && value !== null ? value : undefined;
}
