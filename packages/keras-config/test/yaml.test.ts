import { fc, test as property } from "@fast-check/vitest";
import { CorruptError, ModelbytesError, UnsupportedError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";
import { stringifyJson } from "../src/json/stringify.ts";
import { fromPlain, toPlain } from "../src/plain.ts";
import { isPyDict, isPyInt, isPyList, isPyTuple, PyTuple, type PyValue, pyFloat, pyInt } from "../src/value.ts";
import { PyDictObject, PyListObject } from "../src/yaml/object.ts";
import { parseYaml } from "../src/yaml/parse.ts";
import { stringifyYaml, type YamlOptions } from "../src/yaml/stringify.ts";
import { attempt, failure } from "./failure.ts";
import { describeValue, yamlValue } from "./python-values.ts";

const STYLES: readonly YamlOptions[] = [
  {},
  { defaultFlowStyle: null },
  { defaultFlowStyle: true },
  { sortKeys: false, indent: 4, width: 40 },
];

describe("values are written and read again", () => {
  property.prop([yamlValue, fc.constantFrom(...STYLES)])("any value, what is met again included", (value, options) => {
    const text = stringifyYaml(value, options);
    const read = parseYaml(text);
    expect(stringifyYaml(read, options)).toBe(text);
    if (options.sortKeys === false) expect(describeValue(read)).toEqual(describeValue(value));
  });

  test("in the styles of PyYAML", () => {
    const value = fromPlain({
      shape: new PyTuple([null, pyInt(4)]),
      config: { rate: pyFloat(1e-7), e: {} },
      axes: [pyInt(1)],
    });
    expect(stringifyYaml(value)).toBe(
      "axes:\n- 1\nconfig:\n  e: {}\n  rate: 1.0e-07\nshape: !!python/tuple\n- null\n- 4\n",
    );
    expect(stringifyYaml(value, { defaultFlowStyle: null })).toBe(
      "axes: [1]\nconfig:\n  e: {}\n  rate: 1.0e-07\nshape: !!python/tuple [null, 4]\n",
    );
    expect(stringifyYaml(value, { defaultFlowStyle: true, safe: true, sortKeys: false })).toBe(
      "{shape: [null, 4], config: {rate: 1.0e-07, e: {}}, axes: [1]}\n",
    );
  });

  test.each([
    ["yes", "'yes'\n"],
    ["1e3", "1e3\n...\n"],
    ["1.0", "'1.0'\n"],
    ["", "''\n"],
    ["a: b", "'a: b'\n"],
    ["é", '"\\xE9"\n'],
    ["😀", '"\\U0001F600"\n'],
    ["a\nb", "'a\n\n  b'\n"],
    [" a", "' a'\n"],
    ["=", "'='\n"],
    ["2001-01-01", "'2001-01-01'\n"],
    [pyFloat(Number.POSITIVE_INFINITY), ".inf\n...\n"],
    [pyFloat(Number.NaN), ".nan\n...\n"],
    [new Set(["b", "a"]), "!!set\na: null\nb: null\n"],
    [Uint8Array.of(104, 105), "!!binary |\n  aGk=\n"],
    ["word ".repeat(20).trim(), `${"word ".repeat(17).trim()}\n  word word word\n...\n`],
  ])("%j", (value, text) => {
    expect(stringifyYaml(value)).toBe(text);
    expect(describeValue(parseYaml(text))).toEqual(describeValue(parseYaml(stringifyYaml(parseYaml(text)))));
  });

  test("what is met again is named once, and is one object when it is read", () => {
    const shape = new PyTuple([pyInt(1)]);
    const text = stringifyYaml([shape, shape, new PyTuple([]), new PyTuple([])], { defaultFlowStyle: null });
    expect(text).toBe("- &id001 !!python/tuple [1]\n- *id001\n- !!python/tuple []\n- !!python/tuple []\n");
    const read = parseYaml(text);
    expect(Array.isArray(read) && isPyTuple(read[0]) && read[0] === read[1]).toBe(true);
  });
});

describe("objects that Keras's texts hold", () => {
  const SHARED =
    "!!python/object/new:tensorflow.python.keras.utils.generic_utils.SharedObjectConfig\n" +
    "dictitems:\n  class_name: Zeros\n  config: {}\nstate:\n  object_id: 1\n  ref_count: 1\n";
  const WRAPPED =
    "axis: !!python/object/apply:tensorflow.python.training.tracking.data_structures.ListWrapper\n- - 3\n";

  test("SharedObjectConfig is a dict, ListWrapper a list, and written as they were", () => {
    const shared = parseYaml(SHARED);
    expect(shared).toBeInstanceOf(PyDictObject);
    expect(toPlain(shared)).toEqual({ class_name: "Zeros", config: {} });
    expect(stringifyYaml(shared)).toBe(SHARED);
    const wrapped = parseYaml(WRAPPED);
    expect(toPlain(wrapped)).toEqual({ axis: [3] });
    expect(stringifyYaml(wrapped)).toBe(WRAPPED);
    const axis = isPyDict(wrapped) ? wrapped.get("axis") : undefined;
    expect(axis instanceof PyListObject && axis.map((each) => each).constructor === Array).toBe(true);
  });

  test("NumPy's numbers and arrays are numbers and lists, and written as they were", () => {
    const dtype = "!!python/object/apply:numpy.dtype\n";
    const text = `a: !!python/object/apply:numpy.core.multiarray._reconstruct
  args:
  - &id001 !!python/name:numpy.ndarray ''
  - !!python/tuple
    - 0
  - !!binary |
    Yg==
  state: !!python/tuple
  - 1
  - !!python/tuple
    - 2
    - 2
  - &id002 ${dtype}    args:
    - i2
    - false
    - true
    state: !!python/tuple
    - 3
    - <
    - null
    - null
    - null
    - -1
    - -1
    - 0
  - false
  - !!binary |
    AQACAP//BAA=
b: !!python/object/apply:numpy.core.multiarray._reconstruct
  args:
  - *id001
  - !!python/tuple
    - 0
  - !!binary |
    Yg==
  state: !!python/tuple
  - 1
  - !!python/tuple []
  - *id002
  - false
  - !!binary |
    AgA=
c: !!python/object/apply:numpy.core.multiarray.scalar
- *id002
- !!binary |
  AwA=
`;
    const value = parseYaml(text);
    expect(stringifyJson(value)).toBe('{"a": [[1, 2], [-1, 4]], "b": 2, "c": 3}');
    expect(stringifyYaml(value)).toBe(text);
    expect(isPyDict(value) && isPyInt(value.get("c")) && isPyList(value.get("a"))).toBe(true);
  });

  test("shapes are lists of sizes, wrapped dicts are dicts, and written as they were", () => {
    const tag = "!!python/object/apply:tensorflow.python.framework.tensor_shape";
    const text = `a: ${tag}.TensorShape\n- - ${tag}.Dimension\n    - null\n  - ${tag}.Dimension\n    - 5\nb: !!python/object/apply:builtins.dict\n- c: 1\n`;
    const value = parseYaml(text);
    expect(stringifyJson(value)).toBe('{"a": [null, 5], "b": {"c": 1}}');
    expect(stringifyYaml(value)).toBe(text);
    expect(stringifyJson(parseYaml(`[${tag}.Dimension [null], ${tag}.TensorShape [null], ${tag}.Dimension [2]]`))).toBe(
      "[null, null, 2]",
    );
    expect(failure(() => parseYaml(`${tag}.Dimension [a]`))).toMatchObject({ code: "yaml" });
  });

  test("a safe text cannot hold them", () => {
    expect(() => stringifyYaml(parseYaml(SHARED), { safe: true })).toThrow(TypeError);
  });
});

describe("what would run code is named, and nothing is done", () => {
  test.each([
    ["!!python/object/apply:os.system ['true']", "!!python/object/apply:os.system"],
    ["!!python/object/new:type {args: [z, [], {}]}", "!!python/object/new:type"],
    ["!!python/object:demo.Model {a: 1}", "!!python/object:demo.Model"],
    ["!!python/name:os.system ''", "!!python/name:os.system"],
    ["!!python/object/apply:builtins.dict [!!python/tuple [a]]", "!!python/object/apply:builtins.dict"],
    ["!!python/object/apply:builtins.exec [{}]", "!!python/object/apply:builtins.exec"],
    ["!!python/module:os ''", "!!python/module:os"],
    ["!!python/complex 1j", "!!python/complex"],
    [
      "!!python/object/apply:numpy.core.multiarray._reconstruct [1]",
      "!!python/object/apply:numpy.core.multiarray._reconstruct",
    ],
    ["!!python/object/new:demo.keras.SharedObjectConfig {}", "!!python/object/new:demo.keras.SharedObjectConfig"],
    ["!!python/object/apply:demo.ListWrapper [[1]]", "!!python/object/apply:demo.ListWrapper"],
    ["!<tag:yaml.org,2002:python/object/apply:os.system> [a]", "!!python/object/apply:os.system"],
    ["!local x", "!local"],
    ["2001-01-01", "!!timestamp"],
    ["!!omap [a: 1]", "!!omap"],
  ])("%s", (text, tag) => {
    const error = failure(() => parseYaml(`class_name: Model\nconfig:\n  a: ${text}\n`, { file: "model.yaml" }));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error).toMatchObject({ code: "yaml-tag", file: "model.yaml" });
    expect(error.message).toContain(`${tag} `);
    expect(error.message).toContain("line 3, column");
  });

  test("also where a handle of its own hides it", () => {
    const text = "%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!name:os.system ''\n";
    expect(failure(() => parseYaml(text)).message).toContain("line 3, column 4: the tag !!python/name:os.system");
  });
});

describe("what is refused", () => {
  test.each([
    ["a: [1, 2", "line 1, column 9"],
    ["a: 1\n b: 2", "line 2"],
    ['a: "\\q"', "line 1, column 6"],
    ["- *nothing", "no anchor nothing"],
    ["- &a 1\n- &a 2", "line 2"],
    ["a: 1\n--- b", "more than one document"],
    ["? [a]\n: 1", "cannot be a key"],
    ["<<: 1", "<< merges"],
    ["a: !!int x", "line 1, column 4"],
    ["a: !!float x", "is no float"],
    ["a: !!bool maybe", "is no bool"],
    ["a: !!binary x", "no base64"],
    ["!!python/tuple {a: 1}", "something else than a mapping"],
    ["!!python/object/apply:collections.OrderedDict [[1]]", "no pair"],
    ["!!python/object/apply:numpy.core.multiarray.scalar [1, 2]", "without their dtype"],
    [
      "!!python/object/apply:numpy.core.multiarray.scalar [!!python/object/apply:numpy.dtype {args: [f4]}, !!binary AAA=]",
      "not 1 f4",
    ],
    ["a: \u0007", "line 1"],
  ])("%j: %s", (text, reason) => {
    const error = failure(() => parseYaml(text));
    expect(error).toBeInstanceOf(CorruptError);
    expect(error).toMatchObject({ code: "yaml" });
    expect(error.message).toContain(reason);
  });

  test("bytes that are no UTF-8", () => {
    expect(failure(() => parseYaml(Uint8Array.of(0x61, 0xff)))).toMatchObject({ code: "utf-8" });
  });

  test("aliases that stand for billions of values", () => {
    const levels = Array.from({ length: 40 }, (_, level) => `- &a${level + 1} [*a${level}, *a${level}]`);
    expect(failure(() => parseYaml(`- &a0 [1]\n${levels.join("\n")}\n`))).toMatchObject({ code: "too-large" });
    const merging = (base: (level: number) => string) =>
      Array.from({ length: 30 }, (_, level) => `b${level + 1}: &b${level + 1}\n  <<: ${base(level)}\n`).join("");
    const few = parseYaml(`b0: &b0 {x: 1}\n${merging((level) => `*b${level}`)}`);
    expect(isPyDict(few) && toPlain(few.get("b30") ?? null)).toEqual({ x: 1 });
    const many = `b0: &b0 {x: 1}\n${merging((level) => `[*b${level}, *b${level}]`)}`;
    expect(failure(() => parseYaml(many))).toMatchObject({ code: "too-large" });
  });

  test("a list that holds itself", () => {
    expect(failure(() => parseYaml("&a [1, *a]"))).toMatchObject({ code: "recursive" });
    const list: PyValue[] = [];
    list.push(list);
    expect(() => stringifyYaml(list)).toThrow(RangeError);
  });

  test("more depth than PyYAML has", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}\n`;
    const deep = parseYaml(nested(400));
    expect(stringifyJson(deep)).toBe(nested(400).trim());
    expect(stringifyJson(parseYaml(stringifyYaml(deep)))).toBe(nested(400).trim());
    expect(failure(() => parseYaml(nested(401)))).toMatchObject({ code: "too-deep" });
    expect(failure(() => parseYaml("[".repeat(100_000)))).toMatchObject({ code: "too-deep" });
    expect(failure(() => parseYaml("- ".repeat(50_000)))).toMatchObject({ code: "too-deep" });
  });

  test.each([`1${":0".repeat(5000)}`, `0x${"f".repeat(5000)}`, "9".repeat(5000)])(
    "an integer of thousands of digits",
    (text) => {
      expect(failure(() => parseYaml(`a: ${text}`))).toMatchObject({ code: "too-large" });
    },
  );

  test("an array of thousands of dimensions", () => {
    const dtype = "!!python/object/apply:numpy.dtype {args: [u1], state: !!python/tuple [3, <]}";
    const array = (shape: string) =>
      `!!python/object/apply:numpy.core.multiarray._reconstruct {state: [1, [${shape}], ${dtype}, false, !!binary AQ==]}`;
    expect(toPlain(parseYaml(array("1, 1")))).toEqual([[1]]);
    expect(failure(() => parseYaml(array("1, ".repeat(5000))))).toMatchObject({ code: "yaml-tag" });
    expect(failure(() => parseYaml(array("1000000000, 1000000000")))).toMatchObject({ code: "yaml" });
    expect(failure(() => parseYaml(array("1000000000, 0")))).toMatchObject({ code: "yaml-tag" });
  });

  test("cut anywhere, with any byte changed: a typed error or a value", () => {
    const text =
      "a: &x !!python/tuple [null, 1.5]\nb: {c: *x, d: 'it''s', e: \"\\xE9\\\n    \\ f\"}\ng: |\n  h\n<<: {i: ~}\nj: !!binary |\n  aGk=\n";
    const bytes = new TextEncoder().encode(text);
    for (const at of bytes.keys()) {
      const outcomes = [1, 2, 4, 8, 16, 32, 64, 128].map((bit) =>
        attempt(() =>
          stringifyYaml(parseYaml(Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ bit : byte)))),
        ),
      );
      for (const outcome of [...outcomes, attempt(() => stringifyYaml(parseYaml(bytes.subarray(0, at))))]) {
        expect(typeof outcome === "string" || outcome instanceof ModelbytesError, String(outcome)).toBe(true);
      }
    }
  });
});
