import { test as property } from "@fast-check/vitest";
import { CorruptError, ModelbytesError, UnsupportedError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { parseJson } from "../src/json/parse.ts";
import { stringifyJson } from "../src/json/stringify.ts";
import { isPyDict, isPyFloat, isPyInt, PyTuple, type PyValue, pyFloat, pyInt } from "../src/value.ts";
import { attempt, failure } from "./failure.ts";
import { describeValue, jsonValue } from "./python-values.ts";

const CONFIG =
  '{"class_name": "Dense", "config": {"units": 3, "rate": 1e-07, "axes": {"1": -1, "0": [null, 4]}, "name": "caf\\u00e9"}, "x": [true, false, NaN]}';

describe("a text is read and written again", () => {
  test.each([
    CONFIG,
    "{}",
    "[]",
    "[[], {}]",
    '""',
    "null",
    "-Infinity",
    "[1, 1.0, -0, -0.0, 1E400, 1e5, 1.50, 0.1e+3]",
    "[123456789012345678901234567890, 9007199254740993]",
    '"\\u007f\\ud800 \\ud83d\\ude00 \\b\\f\\n\\r\\t\\"\\\\ /"',
    '{"10": 1, "9": 2, "__proto__": 3, "": 4}',
  ])("%s", (text) => expect(stringifyJson(parseJson(text))).toBe(text));

  test("a text of Keras's length, across the chunks of the writer", () => {
    const text = `[${Array.from({ length: 3000 }, () => CONFIG).join(", ")}]`;
    expect(stringifyJson(parseJson(text)) === text).toBe(true);
  });

  test("bytes are UTF-8", () => {
    expect(stringifyJson(parseJson(new TextEncoder().encode('"é😀"')), { ensureAscii: false })).toBe('"é😀"');
  });

  property.prop([jsonValue])("any value that was written", (value) => {
    const text = stringifyJson(value);
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  property.prop([jsonValue])("with any layout, to the same value", (value) => {
    const once = parseJson(stringifyJson(value));
    for (const indent of [0, 3, "\t"]) {
      for (const separators of [[",", ":"] as const, [" , ", " : "] as const]) {
        const again = parseJson(stringifyJson(once, { indent, separators, ensureAscii: false }));
        expect(describeValue(again, null)).toEqual(describeValue(once, null));
      }
    }
  });
});

describe("what Python takes and gives", () => {
  test("integers and floats are told apart, and keep their text", () => {
    const [integer, float] = items(parseJson("[3, 3.0]"));
    expect(isPyInt(integer) && integer.toBigInt()).toBe(3n);
    expect(isPyFloat(float) && float.toNumber()).toBe(3);
    expect(isPyFloat(integer) || isPyInt(float)).toBe(false);
  });

  test("of a repeated key the last value counts, in the first one's place", () => {
    expect(stringifyJson(parseJson('{"a": 1, "b": 2, "a": 3}'))).toBe('{"a": 3, "b": 2}');
  });

  test("an edited value is written as Python writes it, the others keep their text", () => {
    const dict = parseJson('{"a": 1.50, "b": 1E5, "c": 7}');
    expect(isPyDict(dict) && stringifyJson(new Map([...dict, ["b", pyFloat(1e5)], ["d", pyInt(10n ** 20n)]]))).toBe(
      '{"a": 1.50, "b": 100000.0, "c": 7, "d": 100000000000000000000}',
    );
  });

  test.each([
    [0.1, "0.1"],
    [1e-4, "0.0001"],
    [1e-5, "1e-05"],
    [1.5e-7, "1.5e-07"],
    [1e15, "1000000000000000.0"],
    [1e16, "1e+16"],
    [-1.5e300, "-1.5e+300"],
    [5e-324, "5e-324"],
    [-0, "-0.0"],
    [100000, "100000.0"],
    [Number.NaN, "NaN"],
    [Number.NEGATIVE_INFINITY, "-Infinity"],
  ])("the float %d is %s", (value, text) => expect(stringifyJson(pyFloat(value))).toBe(text));

  test("tuples are lists, keys become strings", () => {
    const dict = new Map<PyValue & (null | boolean), PyValue>([
      [null, new PyTuple([pyInt(1)])],
      [true, []],
    ]);
    expect(stringifyJson(dict)).toBe('{"null": [1], "true": []}');
    expect(stringifyJson(new Map([[pyInt(2), pyFloat(2)]]))).toBe('{"2": 2.0}');
    expect(stringifyJson(new Map([[pyFloat(2), "a"]]), { ensureAscii: false })).toBe('{"2.0": "a"}');
  });

  test("indent, separators and order of keys", () => {
    const value = parseJson('{"b": [], "a": [1, {"c": {}}]}');
    expect(stringifyJson(value, { indent: 2 })).toBe(
      '{\n  "b": [],\n  "a": [\n    1,\n    {\n      "c": {}\n    }\n  ]\n}',
    );
    expect(stringifyJson(value, { sortKeys: true, separators: [",", ":"] })).toBe('{"a":[1,{"c":{}}],"b":[]}');
    expect(stringifyJson(new Map([pyInt(10), pyFloat(9.5), true].map((key) => [key, null])), { sortKeys: true })).toBe(
      '{"true": null, "9.5": null, "10": null}',
    );
    expect(stringifyJson(new Map(["😀", "\uffff", "z"].map((key) => [key, null])), { sortKeys: true })).toBe(
      '{"z": null, "\\uffff": null, "\\ud83d\\ude00": null}',
    );
  });

  test.each([
    ["bytes", new Uint8Array(1)],
    ["a set", new Set(["a"])],
    ["a tuple as a key", new Map([[new PyTuple([]), null]])],
  ])("%s is no JSON", (_, value) => expect(() => stringifyJson(value)).toThrow(TypeError));

  test("keys of several types are not sorted", () => {
    const dict = new Map([pyInt(1), "a"].map((key) => [key, null]));
    expect(() => stringifyJson(dict, { sortKeys: true })).toThrow(TypeError);
  });
});

describe("what is refused", () => {
  test.each([
    ["", "line 1, column 1", 0],
    ["[1,]", "line 1, column 4", 3],
    ['{"é":\n 01}', "line 2, column 3", 9],
    ['{"a" 1}', "line 1, column 6", 5],
    ['{"a": 1,}', "line 1, column 9", 8],
    ["{a: 1}", "line 1, column 2", 1],
    ['"a\nb"', "line 1, column 3", 2],
    ['"abc', "line 1, column 5", 4],
    ['"\\x41"', "line 1, column 2", 1],
    ['"\\u12g4"', "line 1, column 2", 1],
    ["+1", "line 1, column 1", 0],
    [".5", "line 1, column 1", 0],
    ["1.", "line 1, column 2", 1],
    ["-", "line 1, column 1", 0],
    ["1 2", "line 1, column 3", 2],
    ["'a'", "line 1, column 1", 0],
    ["nul", "line 1, column 1", 0],
    ["\ufeff1", "line 1, column 1", 0],
    ["[1\u00a0]", "line 1, column 3", 2],
  ])("%j at %s", (text, where, offset) => {
    const error = failure(() => parseJson(text, { file: "config.json" }));
    expect(error).toBeInstanceOf(CorruptError);
    expect(error).toMatchObject({ code: "json", file: "config.json", offset });
    expect(error.message).toContain(where);
  });

  test("bytes that are no UTF-8", () => {
    expect(failure(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)))).toMatchObject({ code: "utf-8" });
  });

  test("more depth than Python has", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(stringifyJson(parseJson(nested(1000)))).toBe(nested(1000));
    const error = failure(() => parseJson(nested(1001)));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error).toMatchObject({ code: "too-deep", offset: 1000 });
    expect(failure(() => parseJson('{"":'.repeat(100_000)))).toMatchObject({ code: "too-deep" });
  });

  test("an integer of more digits than Python reads", () => {
    expect(stringifyJson(parseJson(`-${"9".repeat(4300)}`))).toHaveLength(4301);
    expect(failure(() => parseJson("9".repeat(4301)))).toMatchObject({ code: "too-large" });
  });

  test("a value that contains itself", () => {
    const list: PyValue[] = [];
    list.push(list);
    expect(() => stringifyJson(list)).toThrow(RangeError);
  });

  test("cut anywhere, with any byte changed: a typed error or a value", () => {
    const bytes = new TextEncoder().encode(CONFIG);
    for (let length = 0; length < bytes.length; length++) {
      expect(failure(() => parseJson(bytes.subarray(0, length)))).toBeInstanceOf(CorruptError);
    }
    for (const at of bytes.keys()) {
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const changed = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ bit : byte));
        const outcome = attempt(() => stringifyJson(parseJson(changed)));
        expect(typeof outcome === "string" || outcome instanceof ModelbytesError).toBe(true);
      }
    }
  });
});

function items(value: PyValue): readonly PyValue[] {
  return Array.isArray(value) ? value : [];
}
