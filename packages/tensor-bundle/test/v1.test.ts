import { readdirSync, readFileSync } from "node:fs";
import {
  BytesSource,
  ByteWriter,
  CorruptError,
  encodeName,
  ModelbytesError,
  NotFoundError,
  type Source,
  UnsupportedError,
} from "@modelbytes/bytes";
import { DTYPES, type DType, select, type Tensor, toBytes } from "@modelbytes/tensor";
import { encodeTensorShape, encodeTensorSlice, type TensorSlice } from "@modelbytes/tf-proto";
import snappy from "snappyjs";
import { describe, expect, test } from "vitest";
import { crc32c, mask } from "../src/crc32c/crc32c.ts";
import { partitionKey } from "../src/partition-key.ts";
import { BlockWriter } from "../src/table/block-writer.ts";
import { encodeFooter, encodeHandle } from "../src/table/footer.ts";
import { Table } from "../src/table/table.ts";
import { TableWriter } from "../src/table/table-writer.ts";
import { CheckpointV1 } from "../src/v1/checkpoint-v1.ts";
import { attempt, flipped, resealed } from "./damage.ts";
import { describeTensor, FIXTURES, fixturesOf } from "./fixtures.ts";

const fixtures = fixturesOf("tensor-bundle-v1");

/** The shards of a fixture; its prefix is a pattern where there are several. */
function shardsOf(name: string): [string, Uint8Array][] {
  const files = readdirSync(`${FIXTURES}${name}`).filter((file) => !/\.json$|^checkpoint$/.test(file));
  return files.sort().map((file) => [file, new Uint8Array(readFileSync(`${FIXTURES}${name}/${file}`))]);
}

const open = (shards: readonly (readonly [string, Uint8Array])[]): Promise<CheckpointV1> =>
  CheckpointV1.open({ prefix: "model", shards: shards.map(([name, bytes]) => new BytesSource(bytes, name)) });

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of from) all.push(each);
  return all;
}

test("there are fixtures", () => {
  expect(fixtures.length).toBeGreaterThan(0);
});

describe.each(fixtures)("%s, written by TensorFlow", (name, { tensors }) => {
  test("entries are in the order of their names", async () => {
    await using checkpoint = await open(shardsOf(name));
    expect([...checkpoint.entries.keys()]).toEqual(Object.keys(tensors));
    expect(checkpoint.format).toBe("tensor-bundle-v1");
  });

  test("every tensor is read", async () => {
    await using checkpoint = await open(shardsOf(name));
    for (const [tensor, { dtype, shape, sha256 }] of Object.entries(tensors)) {
      expect(checkpoint.entries.get(tensor)).toMatchObject({ dtype, shape });
      expect(describeTensor(await checkpoint.read(tensor)), tensor).toEqual({ dtype, shape, sha256 });
    }
  });

  test("streaming gives the same, and verifying is silent", async () => {
    await using checkpoint = await open(shardsOf(name));
    const progress: number[] = [];
    const onProgress = ({ bytes, total }: { bytes: number; total: number }) => progress.push(bytes / total);
    const streamed = (await collect(checkpoint.stream({ onProgress }))).map(([key, tensor]) => [
      key,
      describeTensor(tensor),
    ]);
    const expected = Object.entries(tensors).map(([key, { dtype, shape, sha256 }]) => [key, { dtype, shape, sha256 }]);
    expect(new Map(streamed.map(([key, value]) => [key, value]))).toEqual(
      new Map(expected.map(([key, value]) => [key, value])),
    );
    expect(progress.at(-1)).toBe(1);
    expect(await collect(checkpoint.verify())).toEqual([]);
  });

  test("a part is what the whole tensor has there", async () => {
    await using checkpoint = await open(shardsOf(name));
    for (const [tensor, { shape }] of checkpoint.entries) {
      const whole = await checkpoint.read(tensor);
      for (const selection of selections(shape)) {
        const part = await checkpoint.read(tensor, { select: selection });
        expect(part.shape).toEqual(select(selection, shape).shape);
        expect(elementsOf(part)).toEqual(pick(elementsOf(whole), shape, select(selection, shape)));
      }
    }
  });
});

/** A few parts of any shape: all, one element's row, an inner range, nothing. */
function selections(shape: readonly number[]): (readonly [number, number])[][] {
  return [
    shape.map((size): [number, number] => [0, size]),
    shape.map((size): [number, number] => [size >> 1, size]),
    shape.map((size): [number, number] => [Math.min(1, size), Math.max(Math.min(1, size), size - 1)]),
    shape.map((): [number, number] => [0, 0]),
  ];
}

/** Every element as text. */
function elementsOf(tensor: Tensor): string[] {
  if (tensor.dtype === "string" || tensor.dtype === "variant")
    return tensor.data.map((bytes) => Buffer.from(bytes).toString("hex"));
  const bytes = Buffer.from(toBytes(tensor));
  const { itemsize } = DTYPES[tensor.dtype];
  return Array.from({ length: bytes.length / itemsize }, (_, at) =>
    bytes.toString("hex", at * itemsize, (at + 1) * itemsize),
  );
}

/** The elements of a region, one by one: the slow way that cannot be wrong. */
function pick(
  all: readonly string[],
  shape: readonly number[],
  { start, count }: { readonly start: readonly number[]; readonly count: readonly number[] },
): string[] {
  const inside = (at: number) => {
    let rest = at;
    return [...shape.keys()].reverse().every((dim) => {
      const index = rest % (shape[dim] ?? 1);
      rest = Math.floor(rest / (shape[dim] ?? 1));
      return index >= (start[dim] ?? 0) && index < (start[dim] ?? 0) + (count[dim] ?? 0);
    });
  };
  return all.filter((_, at) => inside(at));
}

// A writer of V1 tables, for what TensorFlow does not write.

function field(number: number, bytes: Uint8Array): Uint8Array {
  return new ByteWriter()
    .varint(number * 8 + 2)
    .varint(bytes.length)
    .bytes(bytes)
    .finish();
}

function message(...fields: readonly Uint8Array[]): Uint8Array {
  const to = new ByteWriter();
  for (const each of fields) to.bytes(each);
  return to.finish();
}

interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly slice?: TensorSlice;
  readonly dtype?: DType;
  /** The TensorProto. */
  readonly data: Uint8Array;
  /** Whether the meta lists it. */
  readonly lists?: boolean;
  /** Whether its values are there. */
  readonly stored?: boolean;
}

const floats = (...values: number[]) => field(5, new Uint8Array(Float32Array.from(values).buffer));
const int32s = (...values: number[]) => {
  const to = new ByteWriter();
  for (const value of values) to.varint(value);
  return field(7, to.finish());
};

function sliceOf({ shape, slice }: Part): TensorSlice {
  return slice ?? shape.map(() => null);
}

function metaOf(parts: readonly Part[], versions: string = "0801"): Uint8Array {
  const metas = parts.map((part) => {
    const dtype = Uint8Array.of(0x18, DTYPES[part.dtype ?? "float32"].number);
    const slice = field(4, encodeTensorSlice(sliceOf(part)));
    return field(1, message(field(1, encodeName(part.name)), field(2, encodeTensorShape(part.shape)), dtype, slice));
  });
  return field(1, message(...metas, field(2, Buffer.from(versions, "hex"))));
}

function savedValue(part: Part): Uint8Array {
  const slice = field(2, encodeTensorSlice(sliceOf(part)));
  return field(2, message(field(1, encodeName(part.name)), slice, field(3, part.data)));
}

function writeV1(
  parts: readonly Part[],
  settings?: ConstructorParameters<typeof TableWriter>[0],
  versions?: string,
): Uint8Array {
  const table = new TableWriter(settings);
  table.add(
    new Uint8Array(0),
    metaOf(
      parts.filter(({ lists }) => lists !== false),
      versions,
    ),
  );
  const stored = parts.filter((part) => part.stored !== false);
  const entries = stored.map((part) => ({ key: partitionKey(part.name, sliceOf(part)), value: savedValue(part) }));
  entries.sort((a, b) => Buffer.compare(a.key, b.key));
  for (const { key, value } of entries) table.add(key, value);
  return table.finish();
}

/** The same table with its data blocks compressed. */
async function compressed(file: Uint8Array): Promise<Uint8Array> {
  const table = await Table.open(new BytesSource(file, "model"));
  const to = new ByteWriter();
  const write = (block: Uint8Array, type: 0 | 1) => {
    const handle = { offset: to.length, size: block.length };
    to.bytes(block).uint8(type);
    to.uint32(mask(crc32c(to.peek(handle.offset))));
    return handle;
  };
  const index = new BlockWriter(1);
  for (const block of table.blocks) {
    const { bytes } = await table.readBlock(block);
    const value = new ByteWriter();
    encodeHandle(value, write(snappy.compress(bytes), 1));
    index.add(block.separator, value.finish());
  }
  const metaindex = write(new BlockWriter(1).finish(), 0);
  return to.bytes(encodeFooter({ metaindex, index: write(index.finish(), 0) })).finish();
}

const rows = (start: number, length: number): TensorSlice => [{ start, length }, null];

describe("checkpoints that TensorFlow would not write, or would refuse", () => {
  test("every small block size and restart interval", async () => {
    const parts = Array.from({ length: 40 }, (_, at) => ({ name: `t${at}`, shape: [2], data: floats(at, -at) }));
    for (const blockSize of [1, 30, 100, 1000]) {
      const file = writeV1(parts, { blockSize, restartInterval: 3 });
      await using checkpoint = await open([["model", file]]);
      for (const { name } of parts) {
        expect((await checkpoint.read(name, { dtype: "float32" })).data[0]).toBe(Number(name.slice(1)));
      }
      expect(await collect(checkpoint.verify())).toEqual([]);
    }
  });

  test("Snappy blocks, which the builds of 2016 wrote", async () => {
    const part = { name: "x", shape: [1000], data: floats(...Array.from({ length: 1000 }, () => 1.5)) };
    const plain = writeV1([part]);
    const file = await compressed(plain);
    expect(file.length).toBeLessThan(plain.length / 4);
    await using checkpoint = await open([["model", file]]);
    expect((await checkpoint.read("x", { dtype: "float32" })).data).toEqual(new Float32Array(1000).fill(1.5));
    expect(await collect(checkpoint.verify())).toEqual([]);
  });

  test("values that repeat the field instead of packing it", async () => {
    const unpacked = Uint8Array.of(0x38, 3, 0x38, 4);
    await using checkpoint = await open([
      ["model", writeV1([{ name: "x", shape: [2], dtype: "int32", data: unpacked }])],
    ]);
    expect((await checkpoint.read("x", { dtype: "int32" })).data).toEqual(Int32Array.of(3, 4));
  });

  test("parts of a bool, a string and a complex tensor are joined", async () => {
    const bools = (...values: number[]) => field(11, Uint8Array.from(values));
    const strings = (...values: string[]) => message(...values.map((value) => field(8, encodeName(value))));
    const complex = (...values: number[]) => field(9, new Uint8Array(Float32Array.from(values).buffer));
    const file = writeV1([
      { name: "b", shape: [3, 1], dtype: "bool", slice: rows(2, 1), data: bools(1) },
      { name: "b", shape: [3, 1], dtype: "bool", slice: rows(0, 2), data: bools(0, 1) },
      { name: "c", shape: [2, 1], dtype: "complex64", slice: rows(1, 1), data: complex(3, 4) },
      { name: "c", shape: [2, 1], dtype: "complex64", slice: rows(0, 1), data: complex(1, 2) },
      { name: "s", shape: [2, 2], dtype: "string", slice: rows(1, 1), data: strings("c", "") },
      { name: "s", shape: [2, 2], dtype: "string", slice: rows(0, 1), data: strings("a", "bb") },
    ]);
    await using checkpoint = await open([["model", file]]);
    expect((await checkpoint.read("b", { dtype: "bool" })).data).toEqual(Uint8Array.of(0, 1, 1));
    expect((await checkpoint.read("c", { dtype: "complex64" })).data).toEqual(Float32Array.of(1, 2, 3, 4));
    const { data } = await checkpoint.read("s", { dtype: "string", select: [null, 0] });
    expect(data.map((bytes) => Buffer.from(bytes).toString())).toEqual(["a", "c"]);
    expect(checkpoint.entries.get("s")?.slices).toHaveLength(2);
    expect([...checkpoint.entries.values()].map(({ byteLength }) => byteLength)).toEqual([3, 16, undefined]);
  });

  test("the same tensor asked for twice is streamed twice", async () => {
    await using checkpoint = await open([["model", writeV1([{ name: "x", shape: [], data: floats(7) }])]]);
    const streamed = await collect(checkpoint.stream({ names: ["x", "x"] }));
    expect(streamed.map(([, tensor]) => elementsOf(tensor))).toEqual([["0000e040"], ["0000e040"]]);
  });

  test("a checkpoint without tensors", async () => {
    await using checkpoint = await open([["model", writeV1([])]]);
    expect(checkpoint.entries.size).toBe(0);
    expect(await collect(checkpoint.verify())).toEqual([]);
  });
});

describe("errors", () => {
  const one: Part = { name: "x", shape: [2, 2], data: floats(1, 2, 3, 4) };
  const top: Part = { name: "x", shape: [2, 2], slice: rows(0, 1), data: floats(1, 2) };
  const bottom: Part = { name: "x", shape: [2, 2], slice: rows(1, 1), data: floats(3, 4) };

  test.each<[string, (readonly Part[])[], string]>([
    ["another shape in another shard", [[top], [{ ...bottom, shape: [3, 2] }]], "v1-conflict"],
    ["another dtype in another shard", [[top], [{ ...bottom, dtype: "int32" }]], "v1-conflict"],
    ["the same tensor in two shards", [[one], [one]], "partition-overlap"],
    ["parts that overlap", [[top, { ...bottom, slice: rows(0, 2) }]], "partition-overlap"],
    ["scalars twice", [[{ ...one, shape: [] }], [{ ...one, shape: [] }]], "partition-overlap"],
    ["a part outside its tensor", [[{ ...top, slice: rows(1, 2) }]], "partition-extent"],
    ["a part of another rank", [[{ ...top, slice: [null] }]], "partition-extent"],
    ["a part with a start and no length", [[{ ...top, slice: rows(1, -1) }]], "partition-extent"],
    ["a negative dimension", [[{ ...one, shape: [-1, 2] }]], "shape"],
    ["dimensions whose product overflows", [[{ ...one, shape: [2 ** 31, 2 ** 31] }]], "shape"],
  ])("opening throws for %s", async (_, shards, code) => {
    const files = shards.map((parts, index): [string, Uint8Array] => [`shard-${index}`, writeV1(parts)]);
    await expect(open(files)).rejects.toMatchObject({ name: "CorruptError", code });
  });

  test.each<[string, readonly Part[], string]>([
    ["parts that do not cover it", [top], "partition-coverage"],
    ["too few values", [{ ...one, data: floats(1, 2, 3) }], "size"],
    ["too many values", [{ ...one, data: floats(1, 2, 3, 4, 5) }], "size"],
    ["values of another dtype", [{ ...one, data: int32s(1, 2, 3, 4) }], "size"],
    ["values that are missing", [{ ...one, stored: false }], "partition-missing"],
    ["a value that is no message", [{ ...one, data: Uint8Array.of(0x0b) }], "protobuf"],
    ["packed floats of five bytes", [{ ...one, data: field(5, new Uint8Array(5)) }], "protobuf"],
    ["a claim of a terabyte", [{ ...one, shape: [2 ** 20, 2 ** 20] }], "size"],
    [
      "a second part of a terabyte",
      [
        { ...top, shape: [2 ** 38, 2] },
        { ...bottom, shape: [2 ** 38, 2], slice: rows(1, 2 ** 38 - 1) },
      ],
      "size",
    ],
  ])("reading and verifying give the error of %s", async (_, parts, code) => {
    await using checkpoint = await open([["model", writeV1([...parts, { name: "y", shape: [], data: floats(1) }])]]);
    await expect(checkpoint.read("x")).rejects.toMatchObject({
      name: "CorruptError",
      code,
      file: "model",
      tensor: "x",
    });
    await expect(collect(checkpoint.stream())).rejects.toMatchObject({ code });
    const problems = await collect(checkpoint.verify());
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    expect((await checkpoint.read("y", { dtype: "float32" })).data).toEqual(Float32Array.of(1));
  });

  test("a part of what is stored can be read where the rest is missing", async () => {
    await using checkpoint = await open([["model", writeV1([top])]]);
    expect((await checkpoint.read("x", { dtype: "float32", select: [0] })).data).toEqual(Float32Array.of(1, 2));
  });

  test("values that the meta does not list", async () => {
    await using checkpoint = await open([["model", writeV1([{ ...one, lists: false }])]]);
    expect((await collect(checkpoint.verify())).map(({ code }) => code)).toEqual(["orphan-partition"]);
  });

  test("values under the key of another tensor", async () => {
    const table = new TableWriter();
    table.add(new Uint8Array(0), metaOf([one]));
    table.add(partitionKey("x", [null, null]), savedValue({ ...one, name: "y" }));
    await using checkpoint = await open([["model", table.finish()]]);
    await expect(checkpoint.read("x")).rejects.toMatchObject({ name: "CorruptError", code: "v1-value", tensor: "x" });
    expect((await collect(checkpoint.verify())).map(({ code }) => code)).toEqual(["v1-value"]);
  });

  test.each([
    ["nothing", []],
    ["an empty value", [["", ""]]],
    ["data where the meta has to be", [["", "1200"]]],
    ["another first key", [["x", "0a00"]]],
  ])("a table of %s is no V1 checkpoint", async (_, entries) => {
    const table = new TableWriter();
    for (const [key = "", value = ""] of entries) table.add(encodeName(key), new Uint8Array(Buffer.from(value, "hex")));
    const file = table.finish();
    await expect(open([["model", file]])).rejects.toMatchObject({ name: "CorruptError", code: "v1-meta" });
  });

  test.each<[string, string, typeof CorruptError | typeof UnsupportedError]>([
    ["a min_consumer of 2", "08011002", UnsupportedError],
    ["readers of version 1 forbidden", "08011801", UnsupportedError],
    ["a producer of −1", "08ffffffffffffffffff01", CorruptError],
  ])("versions: %s", async (_, versions, kind) => {
    const file = writeV1([one], undefined, versions);
    await expect(open([["model", file]])).rejects.toMatchObject({ name: kind.name, code: "version" });
  });

  test("a name that is not there, a dtype that it has not, a selection outside", async () => {
    await using checkpoint = await open([["model", writeV1([one])]]);
    await expect(checkpoint.read("nope")).rejects.toThrow(NotFoundError);
    await expect(checkpoint.read("x", { dtype: "int32" })).rejects.toThrow(TypeError);
    await expect(checkpoint.read("x", { select: [[0, 3]] })).rejects.toThrow(RangeError);
    await expect(collect(checkpoint.stream({ names: ["nope"] }))).rejects.toThrow(NotFoundError);
  });

  test("the index of a tensor bundle is no V1 checkpoint", async () => {
    const index = new Uint8Array(readFileSync(`${FIXTURES}golden-mixed/model.index`));
    await expect(open([["model.index", index]])).rejects.toMatchObject({ name: "CorruptError", code: "v1-meta" });
    await expect(open([["zeros", new Uint8Array(100)]])).rejects.toMatchObject({ code: "magic" });
  });

  test("sources are closed, also when opening fails", async () => {
    let closed = 0;
    const source = (bytes: Uint8Array): Source => {
      const inner = new BytesSource(bytes, "model");
      const close = async () => {
        closed++;
      };
      return { name: "model", size: () => inner.size(), read: (offset, length) => inner.read(offset, length), close };
    };
    await (await CheckpointV1.open({ prefix: "model", shards: [source(writeV1([one]))] })).close();
    expect(closed).toBe(1);
    await expect(
      CheckpointV1.open({ prefix: "model", shards: [source(writeV1([one])), source(new Uint8Array(3))] }),
    ).rejects.toThrow(CorruptError);
    expect(closed).toBe(3);
  });
});

test("opening a large file reads little, and reading a tensor only its blocks", async () => {
  const million = new Uint8Array(4_000_000);
  const parts = Array.from({ length: 8 }, (_, at) => ({ name: `t${at}`, shape: [1_000_000], data: field(5, million) }));
  const file = new BytesSource(writeV1(parts), "model");
  const read: number[] = [];
  const source: Source = {
    name: "model",
    size: () => file.size(),
    read: (offset, length) => {
      read.push(length);
      return file.read(offset, length);
    },
  };
  await using checkpoint = await CheckpointV1.open({ prefix: "model", shards: [source] });
  expect(read.reduce((sum, length) => sum + length, 0)).toBeLessThan(2000);
  read.length = 0;
  expect((await checkpoint.read("t3")).shape).toEqual([1_000_000]);
  expect(read).toHaveLength(1);
  expect(read[0]).toBeLessThan(4_001_000);
  read.length = 0;
  for await (const [name] of checkpoint.stream()) expect(name).toMatch(/^t\d$/);
  expect(read).toHaveLength(8);
});

describe("damage", () => {
  /** What every tensor holds, or the code of its error. */
  async function contents(
    shards: readonly (readonly [string, Uint8Array])[],
  ): Promise<Map<string, string> | ModelbytesError> {
    const checkpoint = await attempt(() => open(shards));
    if (checkpoint instanceof ModelbytesError) return checkpoint;
    const result = new Map<string, string>();
    for (const name of checkpoint.entries.keys()) {
      const tensor = await attempt(() => checkpoint.read(name));
      result.set(name, tensor instanceof ModelbytesError ? "error" : JSON.stringify(describeTensor(tensor)));
    }
    const problems = await attempt(() => collect(checkpoint.verify()));
    if ([...result.values()].includes("error")) expect(problems).not.toEqual([]);
    return result;
  }

  const [small = ["", new Uint8Array(0)] as const] = shardsOf("v1-slices");

  test("every byte flipped: an error, or the right values", async () => {
    const sound = await contents([small]);
    if (sound instanceof ModelbytesError) throw sound;
    for (let at = 0; at < small[1].length; at++) {
      for (const bits of [0x01, 0x80, 0xff]) {
        const damaged = await contents([[small[0], flipped(small[1], at, bits)]]);
        if (damaged instanceof ModelbytesError) continue;
        for (const [name, value] of damaged) if (value !== "error") expect(value, `byte ${at}`).toBe(sound.get(name));
        expect(damaged.size).toBe(sound.size);
      }
    }
  });

  test("cut at every length: an error", async () => {
    for (let length = 0; length < small[1].length; length++) {
      expect(await contents([[small[0], small[1].subarray(0, length)]])).toBeInstanceOf(ModelbytesError);
    }
  });

  test("every byte of the data block flipped under a checksum that holds: a typed error or values, never a hang", async () => {
    const [block] = (await Table.open(new BytesSource(small[1], "m"))).blocks;
    if (block === undefined) throw new Error("no block");
    for (let at = 0; at < block.size; at++) {
      for (const bits of [0x01, 0x80, 0xff]) {
        await contents([[small[0], resealed(flipped(small[1], at, bits), block)]]);
      }
    }
  });

  test("a damaged later block costs its own tensors only, and is told once", async () => {
    const parts = Array.from({ length: 6 }, (_, at) => ({ name: `t${at}`, shape: [4], data: floats(at, at, at, at) }));
    const file = writeV1(parts, { blockSize: 120, restartInterval: 16 });
    const { blocks } = await Table.open(new BytesSource(file, "m"));
    const last = blocks.at(-1);
    if (last === undefined || blocks.length < 3) throw new Error("blocks expected");
    await using checkpoint = await open([["model", flipped(file, last.offset + 3, 1)]]);
    expect((await collect(checkpoint.verify())).map(({ code, offset }) => [code, offset])).toEqual([
      ["block-checksum", last.offset],
    ]);
    await expect(checkpoint.read("t5")).rejects.toMatchObject({ code: "block-checksum" });
    expect((await checkpoint.read("t0", { dtype: "float32" })).data).toEqual(Float32Array.of(0, 0, 0, 0));
  });
});
