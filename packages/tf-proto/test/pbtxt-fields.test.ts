import { fc, test } from "@fast-check/vitest";
import { CorruptError, ModelbytesError } from "@modelbytes/bytes";
import { describe, expect } from "vitest";
import {
  MAX_TEXT_DEPTH,
  onlyTextValue,
  parseTextFormat,
  stringifyTextDouble,
  stringifyTextString,
  type TextField,
  TextFormatError,
  type TextValue,
  textScalars,
  textToBigInt,
  textToBool,
  textToBytes,
  textToDouble,
  textToEnum,
  textToFields,
  textToString,
} from "../src/index.ts";

/** The tree without positions: names with words, strings as text, messages as arrays. */
type Plain = string | { readonly text: string } | readonly PlainField[];
type PlainField = readonly [name: string, ...values: Plain[]];

function plain(fields: readonly TextField[]): PlainField[] {
  return fields.map(({ name, values }) => [name, ...values.map(plainValue)]);
}

function plainValue(value: TextValue): Plain {
  if (value.kind === "word") return value.text;
  return value.kind === "string" ? { text: textToString(value) } : plain(value.fields);
}

/** The only value of a text. */
function only(text: string): TextValue {
  const [field] = parseTextFormat(`x: ${text}`);
  if (field === undefined) throw new Error("no field");
  return onlyTextValue(field);
}

describe("fields", () => {
  test.each<[string, PlainField[]]>([
    ["", []],
    [" \t\r\n# only a comment", []],
    [
      'a: "x" b: 1',
      [
        ["a", { text: "x" }],
        ["b", "1"],
      ],
    ],
    [
      "a:1,b:2;c:3",
      [
        ["a", "1"],
        ["b", "2"],
        ["c", "3"],
      ],
    ],
    [
      "a: 1 # b: 2\nc: 3",
      [
        ["a", "1"],
        ["c", "3"],
      ],
    ],
    ["a: \"#\" 'it'", [["a", { text: "#it" }]]],
    ['a: "x"\n  # between\n "y"', [["a", { text: "xy" }]]],
    [
      "m { a: 1 } m: < b: 2 > m {}",
      [
        ["m", [["a", "1"]]],
        ["m", [["b", "2"]]],
        ["m", []],
      ],
    ],
    ["m { a { b < c: d > } }", [["m", [["a", [["b", [["c", "d"]]]]]]]]],
    ["a: [1, -2,\n inf]", [["a", "1", "-2", "inf"]]],
    ["a: []", [["a"]]],
    ['a: ["x" "y", "z"]', [["a", { text: "xy" }, { text: "z" }]]],
    ["m [{a: 1}, <b: 2>]", [["m", [["a", "1"]], [["b", "2"]]]]],
    ["5: 6", [["5", "6"]]],
    ["[a.b.c]: 1", [["[a.b.c]", "1"]]],
    ["[ type.googleapis.com / a . B ] { c: 1 }", [["[type.googleapis.com/a.B]", [["c", "1"]]]]],
    ["[a%2Fb/c] {}", [["[a%2Fb/c]", []]]],
    ["type: DT_FLOAT", [["type", "DT_FLOAT"]]],
    ["a\u00a0:\u20281", [["a", "1"]]],
  ])("%j", (text, expected) => {
    expect(plain(parseTextFormat(text))).toEqual(expected);
  });

  test("positions are those of names and values, from 1", () => {
    const [first, second] = parseTextFormat('a: 1\n\n  bc : # why\n  "x"');
    expect(first).toMatchObject({ line: 1, column: 1, values: [{ line: 1, column: 4 }] });
    expect(second).toMatchObject({ line: 3, column: 3, values: [{ line: 4, column: 3 }] });
  });

  test.each<[string, string, number, number]>([
    ["a", '":" expected, not the end of the text', 1, 2],
    ["a 1", '":" expected, not "1"', 1, 3],
    ["a: ", "a value expected, not the end of the text", 1, 4],
    ["a: }", 'a value expected, not "}"', 1, 4],
    ["}", 'the name of a field expected, not "}"', 1, 1],
    ['"a": 1', 'the name of a field expected, not "\\"a\\""', 1, 1],
    ["m {", 'the text ends where "}" is expected', 1, 4],
    ["m { a: 1 >", 'the name of a field expected, not ">"', 1, 10],
    ['a: "b\n"', "the string has no closing quote", 1, 4],
    ["a: 'b\"", "the string has no closing quote", 1, 4],
    ['a: "b\\"', "the string has no closing quote", 1, 4],
    ['a: "\\\n"', "the string has no closing quote", 1, 4],
    ["a: [1", '"," or "]" expected, not the end of the text', 1, 6],
    ["a: [1 2]", '"," or "]" expected, not "2"', 1, 7],
    ["a: [1,]", 'a value expected, not "]"', 1, 7],
    ["a [1]", '":" expected before a list of scalars', 1, 4],
    ["a: [[1]]", 'a value expected, not "["', 1, 5],
    ["[a.b: 1", '"]" expected, not ":"', 1, 5],
    ["[a..b]: 1", '"[a..b]" names no extension and no type', 1, 2],
    ["[/a]: 1", '"[/a]" names no extension and no type', 1, 2],
    ["[a%2/b]: 1", '"[a%2/b]" names no extension and no type', 1, 2],
    ['a: "\\x"', "\\x without its digits in a string", 1, 4],
    ['a: "\\u12"', "\\u without its digits in a string", 1, 4],
    ['a: "\\ud83d\\ude00"', "U+d83d is no character", 1, 4],
    ['a: "\\U00110000"', "U+110000 is no character", 1, 4],
    ['a: "\\400"', "\\400 is no byte", 1, 4],
    ["a: 1,, b: 2", 'the name of a field expected, not ","', 1, 6],
  ])("%j is refused", (text, reason, line, column) => {
    const error = failure(() => parseTextFormat(text, { file: "state" }));
    expect(error).toBeInstanceOf(CorruptError);
    expect(error).toMatchObject({ code: "text-format", line, column, file: "state" });
    expect(error.message).toBe(`state: line ${line}, column ${column}: ${reason}`);
  });

  test("messages as deep as protocol buffers allow, and no deeper", () => {
    const nested = (depth: number) => "m{".repeat(depth) + "}".repeat(depth);
    expect(parseTextFormat(nested(MAX_TEXT_DEPTH))).toHaveLength(1);
    expect(() => parseTextFormat(nested(MAX_TEXT_DEPTH + 1))).toThrow(TextFormatError);
    expect(() => parseTextFormat("m:<".repeat(1_000_000))).toThrow(TextFormatError);
  });

  test("long strings, comments and runs of spaces take no stack", () => {
    const long = "\\001x".repeat(500_000);
    expect(textToBytes(only(`"${long}"`))).toHaveLength(1_000_000);
    expect(parseTextFormat(`${"# comment \n".repeat(300_000)}a: 1`)[0]?.line).toBe(300_001);
  });
});

describe("strings", () => {
  test.each<[string, string]>([
    [String.raw`"\n\t\r\a\b\f\v\\\'\""`, "0a090d0708 0c0b5c2722"],
    [String.raw`"\0\12\123\1234\377"`, "000a53 5334ff"],
    [String.raw`"\x4\x41\x414\xFf"`, "0441 4134ff"],
    [String.raw`"\u00e9\U0001f600"`, "c3a9f09f9880"],
    ['"é😀"', "c3a9f09f9880"],
    [String.raw`'"\'"'`, "222722"],
    // As in Python what is no escape stays as it is; protocol buffers in C++ read \? as ? and refuse the others.
    [String.raw`"\q\?\8\X41"`, "5c715c3f5c385c583431"],
    ['"\\😀"', "5cf09f9880"],
    ['"a\tb\u0001"', "6109 6201"],
  ])("%s", (text, hex) => {
    expect(Buffer.from(textToBytes(only(text))).toString("hex")).toBe(hex.replaceAll(" ", ""));
  });

  test("bytes that are no UTF-8 are bytes, but no string", () => {
    expect(textToBytes(only('"\\xff"'))).toEqual(Uint8Array.of(0xff));
    expect(failure(() => textToString(only('"\\xff"'), { file: "f" }))).toMatchObject({
      line: 1,
      column: 4,
      file: "f",
    });
  });

  test.prop([fc.uint8Array()])("bytes are written and read again", (bytes) => {
    const text = stringifyTextString(bytes);
    expect(text).toMatch(/^[ -~]*$/);
    expect(textToBytes(only(text))).toEqual(bytes);
  });

  test.prop([fc.string({ unit: "binary" })])("strings are written and read again", (string) => {
    expect(textToString(only(stringifyTextString(string)))).toBe(string);
  });
});

/** What Python's ParseInteger, ParseFloat and ParseBool give, or undefined where they raise. */
const WORDS: [text: string, int64: bigint | undefined, double: number | undefined, bool: boolean | undefined][] = [
  ["0", 0n, 0, false],
  ["1", 1n, 1, true],
  ["-1", -1n, -1, undefined],
  ["+5", 5n, 5, undefined],
  ["010", 8n, undefined, undefined],
  ["-010", -8n, undefined, undefined],
  ["+010", undefined, 10, undefined],
  ["08", undefined, undefined, undefined],
  ["00", 0n, undefined, undefined],
  ["0x1F", 31n, undefined, undefined],
  ["-0X1f", -31n, undefined, undefined],
  ["0b11", 3n, undefined, undefined],
  ["0o17", 15n, undefined, undefined],
  ["1_000", 1000n, 1000, undefined],
  ["1__0", undefined, undefined, undefined],
  ["-0", 0n, -0, undefined],
  ["5.", undefined, 5, undefined],
  [".5", undefined, 0.5, undefined],
  ["1.5e-07f", undefined, 1.5e-7, undefined],
  ["1E3", undefined, 1000, undefined],
  ["1e", undefined, undefined, undefined],
  ["1.0f", undefined, 1, undefined],
  ["1e400", undefined, Infinity, undefined],
  ["inf", undefined, Infinity, undefined],
  ["-Infinity", undefined, -Infinity, undefined],
  ["+inf", undefined, Infinity, undefined],
  ["-infinityf", undefined, -Infinity, undefined],
  ["+inff", undefined, undefined, undefined],
  ["NaN", undefined, NaN, undefined],
  ["nanf", undefined, NaN, undefined],
  ["9223372036854775807", 9223372036854775807n, 2 ** 63, undefined],
  ["9223372036854775808", undefined, 2 ** 63, undefined],
  ["-9223372036854775808", -9223372036854775808n, -(2 ** 63), undefined],
  ["true", undefined, undefined, true],
  ["True", undefined, undefined, true],
  ["t", undefined, undefined, true],
  ["false", undefined, undefined, false],
  ["f", undefined, undefined, false],
  ["TRUE", undefined, undefined, undefined],
  ["-", undefined, undefined, undefined],
];

describe("numbers and booleans are what Python takes them for", () => {
  test.each(WORDS)("%s", (text, int64, double, bool) => {
    const value = only(text);
    expect(orRefused(() => textToBigInt(value))).toBe(int64);
    expect(orRefused(() => textToDouble(value))).toBe(double);
    expect(orRefused(() => textToBool(value))).toBe(bool);
  });

  test("every integer type has its range", () => {
    expect(textToBigInt(only("18446744073709551615"), "uint64")).toBe(2n ** 64n - 1n);
    expect(() => textToBigInt(only("18446744073709551616"), "uint64")).toThrow(TextFormatError);
    expect(() => textToBigInt(only("-1"), "uint32")).toThrow("a number of the type uint32 expected");
    expect(textToBigInt(only("-2147483648"), "int32")).toBe(-(2n ** 31n));
    expect(() => textToBigInt(only("2147483648"), "int32")).toThrow(TextFormatError);
  });

  test("enums by name and by number", () => {
    const types = new Map([["DT_FLOAT", 1]]);
    expect(textToEnum(only("DT_FLOAT"), types)).toBe(1);
    expect(textToEnum(only("77"), types)).toBe(77);
    expect(textToEnum(only("-1"), types)).toBe(-1);
    expect(() => textToEnum(only("DT_NONE"), types)).toThrow("one of DT_FLOAT … expected");
    expect(() => textToEnum(only("4294967296"), types)).toThrow(TextFormatError);
  });

  test("kinds are not mixed", () => {
    expect(() => textToBytes(only("5"))).toThrow('a string expected, not "5"');
    expect(() => textToDouble(only('"5"'))).toThrow("a number expected, not a string");
    expect(() => textToBool(only("{}"))).toThrow("true or false expected, not a message");
    expect(() => textToFields(only("5"))).toThrow('a message expected, not "5"');
    expect(textToFields(only("{ a: 1 }"))).toHaveLength(1);
  });

  test("a list is no single value, and scalars want their colon", () => {
    const [list, bare] = parseTextFormat("a: [1] b []");
    if (list === undefined || bare === undefined) throw new Error("no fields");
    expect(() => onlyTextValue(list)).toThrow("a does not repeat, so it takes no list");
    expect(textScalars(list)).toHaveLength(1);
    expect(() => textScalars(bare)).toThrow('":" expected after b');
  });
});

describe("doubles as Python writes them", () => {
  test.each<[number, string]>([
    [5, "5.0"],
    [-0, "-0.0"],
    [0, "0.0"],
    [0.1, "0.1"],
    [1e16, "1e+16"],
    [9999999999999998, "9999999999999998.0"],
    [123456789012345680, "1.2345678901234568e+17"],
    [1e22, "1e+22"],
    [1.5e-7, "1.5e-07"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [-1.7976931348623157e308, "-1.7976931348623157e+308"],
    [5e-324, "5e-324"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [NaN, "nan"],
  ])("%d", (value, text) => {
    expect(stringifyTextDouble(value)).toBe(text);
  });

  test.prop([fc.double()])("they are read again", (value) => {
    expect(textToDouble(only(stringifyTextDouble(value)))).toBe(value);
  });
});

describe("round trips", () => {
  const word = fc.constantFrom("DT_FLOAT", "-1", "0x10", "inf", "1.5e-07", "true");
  const name = fc.constantFrom("a", "node_2", "_x", "[a.b]", "[host.com/a.B]", "7");
  const { fields } = fc.letrec<{ fields: readonly PlainField[]; value: Plain }>((tie) => ({
    value: fc.oneof({ depthSize: "small" }, word, fc.record({ text: fc.string({ unit: "grapheme" }) }), tie("fields")),
    fields: fc.array(
      fc
        .tuple(name, fc.array(tie("value"), { minLength: 1, maxLength: 3 }))
        .map(([key, values]): PlainField => [key, ...values]),
      { maxLength: 4 },
    ),
  }));

  test.prop([fields, fc.infiniteStream(fc.nat(3))])("any tree, however it is laid out", (tree, layout) => {
    const choose = <T>(...options: readonly T[]): T | undefined => options[(layout.next().value ?? 0) % options.length];
    const space = () => choose(" ", "\n", '\t# comment } "\n', "  ");
    const print = (value: Plain): string => {
      if (typeof value === "string") return value;
      if ("text" in value)
        return stringifyTextString(value.text).replace(
          /^"([^\\"]*)"$/,
          choose('"$1"', "'$1'", "\"\"'$1'", '"$1"') ?? "",
        );
      const [open, close] = choose("{}", "<>") ?? "{}";
      return `${open}${printAll(value)}${space()}${close}`;
    };
    const printAll = (all: readonly PlainField[]): string =>
      all
        .map(([key, ...values]) => {
          const [only = ""] = values;
          const text = values.length === 1 ? print(only) : `[${values.map((each) => print(each) + space()).join(",")}]`;
          return `${key}${space()}:${space()}${text}${choose(" ", ", ", ";", "\n")}`;
        })
        .join("");
    expect(plain(parseTextFormat(printAll(tree)))).toEqual(tree);
  });

  test.prop([fc.string({ unit: fc.constantFrom(..."ab:{}<>[],;\"'\\x0 \n#./-1é") })])(
    "any text: a tree or a typed error",
    (text) => {
      try {
        expect(parseTextFormat(text)).toBeInstanceOf(Array);
      } catch (error) {
        expect(error).toBeInstanceOf(TextFormatError);
      }
    },
  );
});

function orRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModelbytesError) return undefined;
    throw error;
  }
}

function failure(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("no error");
}
