import { fromNumbers, tensor } from "@modelbytes/tensor";
import { describe, expect, test } from "vitest";
import { checkpointTree } from "../src/command/checkpoint-tree.ts";
import { stringify } from "../src/command/json.ts";
import { jsonValues } from "../src/command/json-values.ts";
import { ProgressLine, progressText } from "../src/command/progress.ts";
import { Shell } from "../src/command/shell.ts";
import { suggestions } from "../src/command/suggest.ts";
import { formatTable } from "../src/command/table.ts";
import { bytesText, counted, durationText, printable, shortened } from "../src/command/text.ts";
import { formatValues } from "../src/command/values.ts";

describe("text", () => {
  test("numbers and times are short", () => {
    expect([0, 999, 1000, 9949, 12_345, 999_499, 999_500, 5.04e9].map(bytesText)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "9.9 kB",
      "12 kB",
      "999 kB",
      "1.0 MB",
      "5.0 GB",
    ]);
    expect([1, 999, 1000, 59_940, 59_960, 3_725_000].map(durationText)).toEqual([
      "1 ms",
      "999 ms",
      "1.0 s",
      "59.9 s",
      "1 min 00 s",
      "62 min 05 s",
    ]);
    expect([counted(1, "tensor"), counted(1_234_567, "byte")]).toEqual(["1 tensor", "1,234,567 bytes"]);
  });

  test("names are cut in the middle", () => {
    const key = "optimizer/_variables/12/.ATTRIBUTES/VARIABLE_VALUE";
    expect([shortened(key, 50), shortened(key, 25), shortened(key, 15)]).toEqual([
      key,
      "optimizer/_variables/12/…",
      "optimiz…es/12/…",
    ]);
    expect(["model/dense/kernel", "short"].map((name) => shortened(name, 9))).toEqual(["mode…rnel", "short"]);
  });

  test("nothing reaches the terminal that it would act on", () => {
    expect(printable("a\u001b[2Jb\u0085\u200bc\u202e\udcff😀é\\")).toBe("a\\x1b[2Jb\\u0085\\u200bc\\u202e\\xff😀é\\");
  });

  test("names are suggested: those that contain what was asked for, then those spelt alike", () => {
    const names = ["dense/kernel", "dense/bias", "logits/kernel", "kernel_2"];
    expect(suggestions("kernel", names)).toEqual(["kernel_2", "dense/kernel", "logits/kernel"]);
    expect(suggestions("dens/bais", names)).toEqual(["dense/bias"]);
    expect(suggestions("zzz", names)).toEqual([]);
  });
});

describe("a table", () => {
  const titles = [
    { title: "name", align: "left" },
    { title: "bytes", align: "right" },
  ] as const;
  const rows = [
    ["optimizer/_trainable_variables/0", "12"],
    ["x", "3,456"],
  ];

  test("shows whole names in a pipe", () => {
    expect(formatTable(titles, rows, undefined)).toEqual([
      "name                              bytes",
      "optimizer/_trainable_variables/0     12",
      "x                                 3,456",
    ]);
  });

  test("fits the terminal", () => {
    const lines = formatTable(titles, rows, 30);
    expect(lines).toEqual([
      "name                     bytes",
      "optimizer/_…variables/0     12",
      "x                        3,456",
    ]);
    expect(Math.max(...lines.map((line) => line.length))).toBe(30);
  });

  test("cuts names so that they can be told apart", () => {
    const layers = ["0", "1", "2"].map((number) => [`decoder/attention_block_${number}/multi_head/query/kernel`, "4"]);
    const names = formatTable(titles, layers, 40).map((line) => line.split(" ")[0]);
    expect(names).toEqual(["name", ...["0", "1", "2"].map((number) => `…_block_${number}/multi_head/query/kernel`)]);
  });
});

describe("progress", () => {
  test("is silent for a second, then rewrites one line, then goes away", () => {
    const written: string[] = [];
    let now = 0;
    const line = new ProgressLine(
      (text) => written.push(text),
      60,
      () => now,
    );
    for (now = 0; now < 1300; now += 50) line.update({ bytes: now * 1e6, total: 5e9 });
    line.clear();
    line.clear();
    expect(written).toEqual([
      "\r\u001b[2K1.0 GB of 5.0 GB, 1.0 GB/s, 4 s left",
      "\r\u001b[2K1.1 GB of 5.0 GB, 1.0 GB/s, 4 s left",
      "\r\u001b[2K1.2 GB of 5.0 GB, 1.0 GB/s, 4 s left",
      "\r\u001b[2K",
    ]);
    expect(progressText(0, 10, 1000)).toBe("0 B of 10 B");
    expect(progressText(1e9, 100e9, 1000)).toBe("1.0 GB of 100 GB, 1.0 GB/s, 1 min 39 s left");
    expect(progressText(1e9, 0, 1000)).toBe("1.0 GB, 1.0 GB/s");
  });

  test("and colours are for terminals only", () => {
    const write = () => true;
    const { signal } = new AbortController();
    const pipe = new Shell({ write }, { write }, signal);
    expect([pipe.style("red", "x"), pipe.progress(), pipe.columns]).toEqual(["x", undefined, undefined]);
    const screen = { write, isTTY: true, columns: 100, hasColors: () => true };
    const terminal = new Shell(screen, screen, signal);
    expect([terminal.style("red", "x"), typeof terminal.progress(), terminal.columns]).toEqual([
      "\u001b[31mx\u001b[39m",
      "function",
      100,
    ]);
  });
});

describe("values", () => {
  test("floats have the fewest digits that give them again in their dtype", () => {
    const floats = (dtype: "float16" | "bfloat16" | "float8_e5m2", ...values: number[]) =>
      formatValues(fromNumbers(dtype, [values.length], values));
    expect(formatValues(tensor("float32", [4], Float32Array.of(0.1, 16777216, 1e-7, 0.205078125)))).toBe(
      "[       0.1, 16777216.0,       1e-7, 0.20507812]",
    );
    expect(formatValues(tensor("float64", [2], Float64Array.of(0.1, Math.PI)))).toBe(
      "[              0.1, 3.141592653589793]",
    );
    expect(floats("float16", 0.1, 65504, -0)).toBe("[    0.1, 65500.0,    -0.0]");
    expect(floats("bfloat16", 0.1, 3.3895313892515355e38)).toBe("[     0.1, 3.39e+38]");
    expect(floats("float8_e5m2", Number.NaN, Infinity, -0.875)).toBe("[ nan,  inf, -0.9]");
  });

  test("blocks of more than two dimensions are apart, as numpy has them", () => {
    const data = Int32Array.from({ length: 8 }, (_, at) => at);
    expect(formatValues(tensor("int32", [2, 2, 2], data))).toBe("[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]]");
  });

  test("any rank is cut down to a thousand elements", () => {
    const text = formatValues(
      tensor(
        "int8",
        Array.from({ length: 20 }, () => 2),
        new Int8Array(2 ** 20),
      ),
    );
    expect(text.length).toBeLessThan(1000);
    expect(formatValues(tensor("int8", [1001], new Int8Array(1001)))).toBe("[0, 0, 0, …, 0, 0, 0]");
  });

  test("long strings are cut, and say how long they are", () => {
    const bytes = new TextEncoder().encode("x".repeat(1500));
    expect(formatValues(tensor("string", [], [bytes]))).toBe(`"${"x".repeat(1000)}"… (1,500 bytes)`);
    expect(formatValues(tensor("string", [1], [Uint8Array.of(0xff, 0x22, 0x5c, 0x41)]))).toBe('[b"\\xff\\"\\\\A"]');
    expect(formatValues(tensor("string", [], [Uint8Array.of(0x1b, 0xc2, 0x9b)]))).toBe('"\\u001b\\u009b"');
  });

  test("as JSON they are nested arrays of any shape", () => {
    const json = (shape: number[]) => {
      const data = Int32Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, (_, at) => at);
      return JSON.parse([...jsonValues(tensor("int32", shape, data))].join(""));
    };
    expect(json([])).toBe(0);
    expect(json([2, 1, 3])).toEqual([[[0, 1, 2]], [[3, 4, 5]]]);
    expect(json([2, 0, 3])).toEqual([[], []]);
    expect(json([0])).toEqual([]);
    expect(json([5000]).at(-1)).toBe(4999);
    expect(() => [...jsonValues(tensor("int32", [2 ** 40, 0], new Int32Array()))]).toThrow("empty arrays");
  });
});

test("JSON keeps the order and the names of a map", () => {
  const map = new Map([
    ["b", 1],
    ["__proto__", 2],
    ["0", 3],
  ]);
  const text = stringify({ list: [{ a: [1, 2] }], map, none: undefined });
  expect(text).toBe(
    '{\n  "list": [\n    { "a": [1, 2] }\n  ],\n  "map": {\n    "b": 1,\n    "__proto__": 2,\n    "0": 3\n  }\n}',
  );
});

describe("a tree", () => {
  const node = (...children: readonly (readonly [string, number])[]) => ({
    children: children.map(([localName, nodeId]) => ({ localName, nodeId })),
    attributes: [],
    slotVariables: [],
    registeredSaver: undefined,
    hasCheckpointValues: undefined,
  });

  test("survives graphs that go round, lead nowhere, or leave nodes out", () => {
    const graph = { nodes: [node(["a", 1], ["b", 1], ["c", 9]), node(["up", 0]), node()] };
    expect(checkpointTree(graph, new Map())).toEqual([
      "(root)",
      "├─ a",
      "│  └─ up → (root)",
      "├─ b → a",
      "└─ c → node 9, which is not there",
      "(1 object that nothing refers to)",
    ]);
    expect(checkpointTree({ nodes: [] }, new Map())).toEqual(["(root)"]);
  });

  test("stays small for a graph that is deep", () => {
    const nodes = Array.from({ length: 5000 }, (_, at) => (at < 4999 ? node(["x", at + 1]) : node()));
    const lines = checkpointTree({ nodes }, new Map());
    expect(lines.length).toBeLessThan(200);
    expect(lines.at(-1)).toContain("deeper than 100 levels");
  });
});
