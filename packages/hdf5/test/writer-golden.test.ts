// Files that h5py 3.14 with HDF5 1.14.6 made, by their hashes: the layout without Python.

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { floatType, h5pyType, vlenStringType } from "../src/writer/h5py-types.ts";
import type { CreateDataset, Hdf5Operation } from "../src/writer/operation.ts";
import { planHdf5 } from "../src/writer/plan.ts";
import { streamHdf5 } from "../src/writer/stream.ts";

type Numbers = Float32Array | Float64Array | Int32Array;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function dataset(path: string, values: Numbers, by: CreateDataset["by"], shape = [values.length]): CreateDataset {
  const dtype = values instanceof Float32Array ? "float32" : values instanceof Float64Array ? "float64" : "int32";
  const data = new Uint8Array(values.buffer);
  return { kind: "dataset", path, datatype: h5pyType(dtype), shape, by, data };
}

function text(path: string, name: string, value: string, charset: "ascii" | "utf-8"): Hdf5Operation {
  return { kind: "attribute", path, name, datatype: vlenStringType(charset), shape: [], value: [utf8(value)] };
}

function names(path: string, name: string, values: readonly string[]): Hdf5Operation {
  return {
    kind: "attribute",
    path,
    name,
    datatype: vlenStringType("ascii"),
    shape: [values.length],
    value: values.map(utf8),
  };
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `n${index}`);
}

function range(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => index);
}

function repeated(index: number): Float32Array {
  return new Float32Array((index % 7) + 1).fill(index);
}

const worked: Hdf5Operation[] = [
  text("", "keras_version", "3.15.1", "utf-8"),
  text("", "backend", "tensorflow", "utf-8"),
  { kind: "group", path: "model_weights" },
  names("model_weights", "layer_names", ["dense", "out"]),
  { kind: "group", path: "model_weights/dense" },
  dataset("model_weights/dense/dense/kernel", new Float32Array(12), "create_dataset", [3, 4]),
];

const two: Hdf5Operation[] = [
  dataset("x/y/z", range(600), "create_dataset"),
  { kind: "dataset", path: "x/y/w", datatype: floatType(8), shape: [3000] },
  {
    kind: "write",
    path: "x/y/w",
    data: new Uint8Array(Float64Array.from({ length: 3000 }, (_, index) => index).buffer),
  },
  dataset(
    "x/y/q",
    Int32Array.from({ length: 5000 }, (_, index) => index),
    "create_dataset",
  ),
  dataset(
    "x/y/r",
    Int32Array.from({ length: 50 }, (_, index) => index),
    "create_dataset",
  ),
];

const longNames: Hdf5Operation[] = Array.from({ length: 30 }, (_, index): Hdf5Operation[] => {
  const group = `${"n".repeat(7 * index + 1)}${index}`;
  return [
    { kind: "group", path: group },
    dataset(`${group}/${"k".repeat(index + 1)}`, new Float32Array(100 * index), "assignment"),
  ];
}).flat();

const longStrings: Hdf5Operation[] = [
  text("", "a", "x", "utf-8"),
  text("/", "model_config", "q".repeat(2_000_000), "ascii"),
  text("", "b", "y".repeat(3000), "utf-8"),
  text("", "c", "z".repeat(5000), "utf-8"),
  text("", "e", "", "utf-8"),
  names("", "l", numbered(500)),
  dataset("d", new Float32Array(100), "create_dataset"),
  { kind: "group", path: "g" },
  names("g", "w", numbered(50)),
];

const many = Array.from({ length: 100 }, (_, index) => dataset(`d${index}`, repeated(index), "assignment"));
const reversed = Array.from({ length: 300 }, (_, index) => {
  return dataset(`d${String(299 - index).padStart(3, "0")}`, repeated(299 - index), "assignment");
});

type Golden = readonly [size: number, sha256: string];
const CASES: readonly (readonly [string, readonly Hdf5Operation[], path: Golden, fileObject: Golden])[] = [
  [
    "worked example",
    worked,
    [8952, "0162613897aa2bfe76d6d4c0efd7255d42fc0816a184fc84c411884562f1e2e6"],
    [8976, "0bdf26e092a18a93a114aa9cff7dabde4826c074506fc455308d4fa1876dd155"],
  ],
  [
    "one",
    [dataset("a", range(6), "create_dataset", [2, 3])],
    [2072, "a595cd430e5d8c518b492b63c3f7cdeecc04ab40c936eb6df5b0fb9b9226d6f3"],
    [1424, "55f98777596b2e534ba638aa4abc6bc39f149433e9ad3c7b648e606066d43443"],
  ],
  [
    "one, assigned",
    [dataset("a", range(6), "assignment", [2, 3])],
    [2072, "a595cd430e5d8c518b492b63c3f7cdeecc04ab40c936eb6df5b0fb9b9226d6f3"],
    [1424, "1ba40520062c652aa60a9e5236aaf37ab3981b7be920c6acbe6ea5b4a96b2f20"],
  ],
  [
    "many",
    many,
    [39192, "2d3450f0604d470c32e1c71383a20eb807e50a01f4a3331132058e7c15b3a49e"],
    [38620, "b6899799f3bcf1f1c421d14a63ce1ecb338592c0c213d96352af14ca01d3616b"],
  ],
  [
    "many, backwards",
    reversed,
    [118592, "3a4a1e4c13a26588e12d9a43f38ac3ddcdd6fbd3bfd5b8f39d17bbf488feb395"],
    [117132, "7492340fd25a7fa61d39ecf47b621f612a73c08e011af51858679cb6bffabff8"],
  ],
  [
    "two levels",
    two,
    [52112, "027def86fdfe5120ac3215e2c099412568137e34327ce5df3442c5485e76bf89"],
    [50880, "a59f04188b64f8c49af861e2b69d6af047bf1e9a2084c3ecbd9e5787034f829e"],
  ],
  [
    "long names",
    longNames,
    [224472, "81ead193298d3841b95a31798306ce8e0c227a17576d58164ac807a8ebabf285"],
    [221832, "3fbf35afb073ce892cbb573de9a9dcf58cff41229a3d381762ce3a34d2346c47"],
  ],
  [
    "long strings",
    longStrings,
    [2039176, "1306597863ac58c1d938696d1372b74e46ad33f798dd7eae7aea885a3efb7389"],
    [2037480, "fc6358f325be0bfa95e00fd45372992141686dcd7b67d6037612e3b079b8bd48"],
  ],
];

describe.each(CASES)("%s", (_name, operations, onPath, inFileObject) => {
  test.each([
    ["path", onPath],
    ["file-object", inFileObject],
  ] as const)("%s", async (driver, [size, sha256]) => {
    const plan = planHdf5(operations, { driver });
    expect(plan.size).toBe(size);
    expect(plan.doubts).toEqual([]);
    const hash = createHash("sha256");
    for await (const piece of streamHdf5(plan)) hash.update(piece);
    expect(hash.digest("hex")).toBe(sha256);
  });
});
