// What Python makes of the same texts and messages is asked in packages/conformance/test/pbtxt.live.test.ts.

import { fc, test } from "@fast-check/vitest";
import { ModelbytesError, UnsupportedError } from "@modelbytes/bytes";
import { describe, expect } from "vitest";
import {
  decodeMessage,
  encodeMessage,
  type Init,
  MAX_TEXT_DEPTH,
  type MessageType,
  parseMessage,
  stringifyMessage,
  stringifyTextFloat,
  TextFormatError,
} from "../src/index.ts";
import {
  Any,
  AttrValue,
  GraphDef,
  MetaGraphDef,
  NameAttrList,
  NodeDef,
  Parameter,
  StructuredValue,
  TensorProto,
  VersionDef,
} from "../src/messages/index.ts";
import { propertiesOf } from "../src/properties.ts";
import { arbitraryMessage, MESSAGE_TYPES } from "./random-message.ts";

const VERSION_URL = "type.googleapis.com/tensorflow.VersionDef";

/** A message of its fields, printed and read again. */
function printed<T extends object>(type: MessageType<T>, message: Init<T>): string {
  const text = stringifyMessage(type, message);
  expect(encodeMessage(type, parseMessage(type, text))).toEqual(encodeMessage(type, message));
  return text;
}

function failure(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("no error");
}

/** Without the records of unknown fields, which text does not have. */
function withoutUnknown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnknown);
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, withoutUnknown(each)]));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const { $unknown, ...known } = propertiesOf(value);
  return Object.fromEntries(Object.entries(known).map(([name, each]) => [name, withoutUnknown(each)]));
}

describe("a message is printed", () => {
  test("fields by number, two spaces for each level", () => {
    const node = {
      attr: new Map([["T", { type: 1 }]]),
      input: ["a", "b:1"],
      op: "AddV2",
      name: "x",
      experimentalDebugInfo: {},
    };
    expect(printed(GraphDef, { versions: { producer: 5 }, node: [node, {}] })).toBe(
      `node {
  name: "x"
  op: "AddV2"
  input: "a"
  input: "b:1"
  attr {
    key: "T"
    value {
      type: DT_FLOAT
    }
  }
  experimental_debug_info {
  }
}
node {
}
versions {
  producer: 5
}
`,
    );
  });

  test("maps by their keys as bytes, whatever the order; keys and values that are defaults are left out", () => {
    const keys = ["é", "x", "x_1", "", "\uffff", "\u{10000}", "X"];
    const attr = new Map(keys.map((key) => [key, {}]));
    const text = printed(NameAttrList, { attr });
    expect([...text.matchAll(/key: "(.*)"/g)].map(([, key]) => key)).toEqual([
      "X",
      "x",
      "x_1",
      "é",
      "\uffff",
      "\u{10000}",
    ]);
    expect(text.startsWith("attr {\n  value {\n  }\n}\nattr {\n  key:")).toBe(true);
  });

  test("numbers, enums with and without a name, strings, bytes", () => {
    const message = {
      dtype: 19,
      tensorContent: Uint8Array.of(0, 34, 92, 127, 128, 255, 65),
      floatVal: [0.1, -0, Number.NaN, Infinity, 1e-45],
      doubleVal: [0.1, 5, -Infinity],
      intVal: [-(2 ** 31), 7],
      boolVal: [true, false],
      int64Val: [-(2n ** 63n)],
      uint64Val: [2n ** 64n - 1n],
      resourceHandleVal: [{ name: "é\n'\u0001", dtypesAndShapes: [{ dtype: 77777 }] }],
    };
    expect(printed(TensorProto, message)).toBe(String.raw`dtype: DT_HALF
tensor_content: "\000\"\\\177\200\377A"
float_val: 0.1
float_val: -0.0
float_val: nan
float_val: inf
float_val: 1.4013e-45
double_val: 0.1
double_val: 5.0
double_val: -inf
int_val: -2147483648
int_val: 7
int64_val: -9223372036854775808
bool_val: true
bool_val: false
resource_handle_val {
  name: "é\n\'\001"
  dtypes_and_shapes {
    dtype: 77777
  }
}
uint64_val: 18446744073709551615
`);
  });

  test("defaults are left out unless their presence is tracked", () => {
    expect(printed(NodeDef, { name: "", input: [], attr: new Map() })).toBe("");
    expect(printed(AttrValue, { i: 0n })).toBe("i: 0\n");
    expect(printed(Parameter, { kind: 0, isOptional: false })).toBe("kind: UNDEFINED\nis_optional: false\n");
  });

  test("unknown fields are not", () => {
    expect(stringifyMessage(NodeDef, { name: "a", $unknown: Uint8Array.of(0xc0, 0x3e, 1) })).toBe('name: "a"\n');
  });

  test("what is in an Any, if its type is known", () => {
    const value = encodeMessage(VersionDef, { producer: 3 });
    const expanded = `[${VERSION_URL}] {\n  producer: 3\n}\n`;
    const raw = `type_url: "${VERSION_URL}"\nvalue: "\\010\\003"\n`;
    const any = { typeUrl: VERSION_URL, value };
    expect(stringifyMessage(Any, any)).toBe(raw);
    expect(stringifyMessage(Any, any, { anyTypes: [VersionDef] })).toBe(expanded);
    expect(stringifyMessage(Any, any, { anyTypes: [GraphDef] }), "a field of GraphDef").toBe(expanded);
    expect(stringifyMessage(Any, { ...any, typeUrl: "tensorflow.VersionDef" }, { anyTypes: [VersionDef] })).toContain(
      "value:",
    );
    expect(printed(MetaGraphDef, { metaInfoDef: { anyInfo: any } })).toContain(
      `    [${VERSION_URL}] {\n      producer: 3\n`,
    );
    expect(
      failure(() => stringifyMessage(MetaGraphDef, { metaInfoDef: { anyInfo: { ...any, value: Uint8Array.of(8) } } })),
    ).toEqual(
      expect.objectContaining({
        name: "CorruptError",
        message: expect.stringMatching(/^meta_info_def\.any_info: producer: /),
      }),
    );
  });

  test.each<[number, string]>([
    [0.9, "0.9"],
    [1 / 3, "0.33333334"],
    [3.4028234663852886e38, "3.4028235e+38"],
    [1e40, "inf"],
    [16777216, "16777216.0"],
    [1e10, "10000000000.0"],
    [2 ** -12, "0.00024414062"], // half-way between …62 and …63
    [3 * 2 ** -13, "0.00036621094"], // half-way between …93 and …94
    [-(2 ** -12), "-0.00024414062"],
    [-0, "-0.0"],
  ])("the float %d", (value, text) => {
    expect(stringifyTextFloat(value)).toBe(text);
  });

  test.each<[string, () => string, string, typeof TypeError | typeof RangeError]>([
    [
      "a type",
      () => stringifyMessage<object>(NodeDef, { name: 5 }),
      "name: a value of the type string is needed, not 5",
      TypeError,
    ],
    [
      "a default",
      () => stringifyMessage<object>(NodeDef, { name: 0 }),
      "name: a value of the type string is needed, not 0",
      TypeError,
    ],
    [
      "a number",
      () => stringifyMessage<object>(AttrValue, { i: 5 }),
      "i: a value of the type int64 is needed, not 5",
      TypeError,
    ],
    ["a range", () => stringifyMessage(AttrValue, { i: 2n ** 63n }), "i: 9223372036854775808 is no int64", RangeError],
    ["an enum", () => stringifyMessage(AttrValue, { type: 1.5 }), "type: 1.5 is no int32", RangeError],
    [
      "half a character",
      () => stringifyMessage(NodeDef, { name: "\ud800" }),
      'name: a value of the type string is needed, not "\\ud800"',
      TypeError,
    ],
    [
      "a list",
      () => stringifyMessage<object>(GraphDef, { node: {} }),
      "node: an array is needed, not an object",
      TypeError,
    ],
    [
      "a map",
      () => stringifyMessage<object>(GraphDef, { node: [{ attr: {} }] }),
      "node[0].attr: a Map is needed, not an object",
      TypeError,
    ],
    [
      "a property of a message",
      () => stringifyMessage<object>(GraphDef, { node: [{}, { nam: 1 }] }),
      'node[1]: tensorflow.NodeDef has no property "nam"',
      TypeError,
    ],
    [
      "a message",
      () => stringifyMessage<object>(GraphDef, { node: [{}, "a"] }),
      'node: a message is needed, not "a"',
      TypeError,
    ],
    [
      "a property",
      () => stringifyMessage<object>(GraphDef, { nodes: [] }),
      'tensorflow.GraphDef: tensorflow.GraphDef has no property "nodes"',
      TypeError,
    ],
    [
      "a oneof",
      () => stringifyMessage(AttrValue, { i: 1n, f: 1 }),
      "f: another field of the oneof value is there too",
      TypeError,
    ],
  ])("unless %s is wrong", (_, print, message, type) => {
    const error = failure(print);
    expect(error).toBeInstanceOf(type);
    expect(error.message).toBe(message);
  });

  test("unless it is too deep, or holds itself", () => {
    const list: { listValue: { values: object[] } } = { listValue: { values: [] } };
    list.listValue.values.push(list);
    expect(() => stringifyMessage<object>(StructuredValue, list)).toThrow(
      /^list_value\.values\[0\]\..*\.list_value: messages are nested deeper than 100$/,
    );
  });
});

describe("a text is read", () => {
  test("lists, colons, separators, comments, both kinds of brackets", () => {
    const text = `
      name: 'a' # } "
      op: "Mat" "Mul", input: ["b", 'c' "d"]; input: "e"
      attr: < key: "T", value { type: DT_INT8; }; >
      attr [{ key: "list" value < list { type: [3, DT_STRING, -1] b: [t, False] i: 0x10 shape: [{}, <>] } > }, { }]
    `;
    expect(parseMessage(NodeDef, text)).toEqual({
      ...NodeDef.create(),
      name: "a",
      op: "MatMul",
      input: ["b", "cd", "e"],
      attr: new Map<string, object>([
        ["T", { type: 6 }],
        [
          "list",
          {
            list: {
              ...parseMessage(AttrValue, "list {}").list,
              type: [3, 7, -1],
              b: [true, false],
              i: [16n],
              shape: [
                { dim: [], unknownRank: false },
                { dim: [], unknownRank: false },
              ],
            },
          },
        ],
        ["", {}],
      ]),
    });
  });

  test("of a map's key the last entry counts", () => {
    const text = 'attr { key: "a" value { i: 1 } } attr { value { b: true } key: "a" }';
    expect(parseMessage(NodeDef, text).attr).toEqual(new Map([["a", { b: true }]]));
  });

  test("floats are rounded, integers are exact", () => {
    expect(parseMessage(TensorProto, "float_val: [0.1, 1e40, 1e-60, -nan]").floatVal).toEqual([
      Math.fround(0.1),
      Infinity,
      0,
      Number.NaN,
    ]);
    expect(parseMessage(TensorProto, "uint64_val: 18446744073709551615").uint64Val).toEqual([2n ** 64n - 1n]);
  });

  test("an Any: the last one counts", () => {
    const text = `[a.b/tensorflow.GraphDef] { node { } } [ a / b / tensorflow . VersionDef ]: < producer: 1 >`;
    expect(parseMessage(Any, text, {}, { anyTypes: [GraphDef] })).toEqual({
      typeUrl: "a/b/tensorflow.VersionDef",
      value: Uint8Array.of(8, 1),
    });
  });

  test("from bytes, whose strings may be anything that UTF-8 holds", () => {
    expect(parseMessage(NodeDef, new TextEncoder().encode('name: "é😀\\303\\251"')).name).toBe("é😀é");
    const file = "graph.pbtxt";
    expect(failure(() => parseMessage(NodeDef, Uint8Array.of(0x23, 0xff), { file }))).toEqual(
      expect.objectContaining({ name: "CorruptError", code: "text-format", file }),
    );
    expect(() => parseMessage(NodeDef, new TextEncoder().encode("\ufeff"))).toThrow(TextFormatError);
  });

  test.each<[text: string, type: MessageType, reason: string, line: number, column: number]>([
    ['name: "a"\n  nope: 1', NodeDef, 'tensorflow.NodeDef has no field "nope"', 2, 3],
    ['attr { key: "a" value { j: 1 } }', NodeDef, 'tensorflow.AttrValue has no field "j"', 1, 25],
    ['attr { name: "a" }', NodeDef, 'the entry of attr has no field "name"', 1, 8],
    ['name: "a" name: "b"', NodeDef, "tensorflow.NodeDef has name twice", 1, 11],
    ["attr { value { } value { } }", NodeDef, "the entry of attr has value twice", 1, 18],
    ["i: 0 i: 0", AttrValue, "tensorflow.AttrValue has i twice", 1, 6],
    ["i: 0 f: 0", AttrValue, "f and i are both of the oneof value of tensorflow.AttrValue", 1, 6],
    ["list { } list { }", AttrValue, "tensorflow.AttrValue has list twice", 1, 10],
    ['name "a"', NodeDef, '":" expected, not "\\"a\\""', 1, 6],
    ['input ["a"]', NodeDef, '":" expected, not "["', 1, 7],
    ["name { }", NodeDef, '":" expected, not "{"', 1, 6],
    ["name: { }", NodeDef, 'a value expected, not "{"', 1, 7],
    ['name: ["a"]', NodeDef, 'a value expected, not "["', 1, 7],
    ["attr: 5", NodeDef, '"{" expected, not "5"', 1, 7],
    ["name: 5", NodeDef, 'a string expected, not "5"', 1, 7],
    ['name: "\\xff"', NodeDef, "the string is not valid UTF-8", 1, 7],
    ['name: "\ud800"', NodeDef, "the string holds half of a character", 1, 7],
    ["i: 9223372036854775808", AttrValue, 'a number of the type int64 expected, not "9223372036854775808"', 1, 4],
    ["f: 'a'", AttrValue, "a number expected, not a string", 1, 4],
    [
      "type: DT_NONE",
      AttrValue,
      'one of DT_INVALID, DT_FLOAT, DT_DOUBLE, DT_INT32, DT_UINT8, DT_INT16, DT_INT8, DT_STRING … expected, not "DT_NONE"',
      1,
      7,
    ],
    [
      "type: 010",
      AttrValue,
      'one of DT_INVALID, DT_FLOAT, DT_DOUBLE, DT_INT32, DT_UINT8, DT_INT16, DT_INT8, DT_STRING … expected, not "010"',
      1,
      7,
    ],
    [
      "kind: 99",
      Parameter,
      'one of the enum tensorflow.core.function.polymorphism.function_type.Parameter.Kind expected, not "99"',
      1,
      7,
    ],
    ["[tensorflow.VersionDef] { }", Any, '"/" expected in the type of an Any', 1, 1],
    [
      `meta_info_def { any_info { [${VERSION_URL}] { } , } }`,
      MetaGraphDef,
      'the name of a field expected, not ","',
      1,
      76,
    ],
  ])("%j is refused", (text, type, reason, line, column) => {
    const error = failure(() => parseMessage(type, text, { file: "f" }));
    expect(error).toBeInstanceOf(TextFormatError);
    expect(error.message).toBe(`f: line ${line}, column ${column}: ${reason}`);
  });

  test("extensions and unknown types in an Any are not supported", () => {
    const extension = failure(() => parseMessage(NodeDef, "\n[a.b]: 1"));
    expect(extension).toBeInstanceOf(UnsupportedError);
    expect(extension.message).toBe("line 2, column 1: [a.b] is an extension, and none are known");
    const any = failure(() => parseMessage(Any, `[${VERSION_URL}] { }`));
    expect(any).toBeInstanceOf(UnsupportedError);
    expect(any.message).toBe(`line 1, column 1: the type of [${VERSION_URL}] is not known; name it in anyTypes`);
  });

  test("as deep as messages may be, and no deeper", () => {
    const nested = (depth: number) => "list_value { values { ".repeat(depth / 2) + "} } ".repeat(depth / 2);
    const deepest = parseMessage(StructuredValue, nested(MAX_TEXT_DEPTH));
    expect(stringifyMessage(StructuredValue, deepest)).toContain("  ".repeat(MAX_TEXT_DEPTH - 1));
    expect(decodeMessage(StructuredValue, encodeMessage(StructuredValue, deepest))).toEqual(deepest);
    expect(() => parseMessage(StructuredValue, nested(MAX_TEXT_DEPTH + 2))).toThrow(TextFormatError);
    expect(() => parseMessage(StructuredValue, "list_value<values<".repeat(1e6))).toThrow(TextFormatError);
  });

  test("tokens of any length, and a long text on a single line", () => {
    for (const digit of ["1", "0", "1_", ".1", "a", "-"]) {
      for (const field of ["i", "f", "type", "b"]) {
        expect(() => parseMessage(AttrValue, `${field}: ${digit.repeat(1e7)}`)).toThrow(TextFormatError);
      }
    }
    expect(() => parseMessage(Any, `[${"a.".repeat(1e6)}${"%".repeat(1e6)}/b] {}`)).toThrow(TextFormatError);
    const text = "node { name: 'a' } ".repeat(2e5);
    expect(parseMessage(GraphDef, text).node).toHaveLength(2e5);
  });
});

describe("text and message", () => {
  describe.each(MESSAGE_TYPES.map((type) => [type.name, type] as const))("%s", (_, type) => {
    test.prop([arbitraryMessage(type)], { numRuns: 40 })("what is printed is read again", (message) => {
      const text = stringifyMessage(type, message, { anyTypes: MESSAGE_TYPES });
      expect(parseMessage(type, text, {}, { anyTypes: MESSAGE_TYPES }), text).toEqual(withoutUnknown(message));
    });
  });

  test.prop([arbitraryMessage(AttrValue, 4), fc.constantFrom("a/", "x.y/%2F/", "~b//")])(
    "inside an Any",
    (message, host) => {
      const value = encodeMessage(AttrValue, parseMessage(AttrValue, stringifyMessage(AttrValue, message)));
      const any = { typeUrl: `${host}tensorflow.AttrValue`, value };
      const text = stringifyMessage(Any, any, { anyTypes: [AttrValue] });
      expect(text.startsWith(`[${host}tensorflow.AttrValue] {\n`)).toBe(true);
      expect(parseMessage(Any, text, {}, { anyTypes: [AttrValue] })).toEqual(any);
    },
  );

  test("a text cut anywhere, or with any byte changed, is read or refused", () => {
    const text = new TextEncoder().encode(
      `node { name: "\\303\\251" attr < key: 'é' value { list { f: [-1.5e3f, inf] type: DT_INT8 } } > }\n` +
        `library { function { signature { attr { name: "T", default_value: { tensor { int_val: -0x1F } }; } } } } # end`,
    );
    expect(parseMessage(GraphDef, text).library?.function).toHaveLength(1);
    const outcomes = { read: 0, refused: 0 };
    const judge = (damaged: Uint8Array) => {
      try {
        const message = parseMessage(GraphDef, damaged);
        expect(parseMessage(GraphDef, stringifyMessage(GraphDef, message))).toEqual(message);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof ModelbytesError)) throw error;
        outcomes.refused++;
      }
    };
    for (let at = 0; at < text.length; at++) {
      judge(text.subarray(0, at));
      for (let bit = 1; bit < 256; bit <<= 1) judge(text.map((byte, index) => (index === at ? byte ^ bit : byte)));
    }
    expect(outcomes.read).toBeGreaterThan(50);
    expect(outcomes.refused).toBeGreaterThan(1000);
  });
});
