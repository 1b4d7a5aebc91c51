import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fc, test as property } from "@fast-check/vitest";
import { MemoryFolder } from "@modelbytes/bytes";
import { DTYPES, type DType, elementCount, isVarying, type Tensor, tensor } from "@modelbytes/tensor";
import { openBundle, type Part, writeBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { filesOf } from "./damage.ts";
import { FIXTURES, fixturesOf } from "./fixtures.ts";

/** Writes a bundle into memory and reads everything back, in the order of the data files. */
async function roundTrip(parts: Iterable<Part>, options?: Parameters<typeof writeBundle>[2]) {
  const folder = new MemoryFolder();
  await writeBundle({ folder, prefix: "model" }, parts, options);
  await using bundle = await openBundle(folder, { prefix: "model" });
  for await (const problem of bundle.verify()) expect.fail(problem.message);
  const tensors: [string, Tensor][] = [];
  for await (const named of bundle.stream()) tensors.push(named);
  return { folder, tensors, entries: bundle.entries };
}

const dtypes = Object.values(DTYPES).map(({ name }) => name);
const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });

const tensorOf = (dtype: DType, dims: readonly number[]): fc.Arbitrary<Tensor> => {
  const count = elementCount(dims);
  if (isVarying(dtype)) {
    const element = fc.uint8Array({ maxLength: 20 });
    return fc.array(element, { minLength: count, maxLength: count }).map((data) => ({ dtype, shape: dims, data }));
  }
  const row = DTYPES[dtype];
  const length = count * row.itemsize;
  return fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => bytes.map((byte) => (row.bits < 8 ? byte & ((1 << (row.bits - 1)) - 1) : byte)))
    .map((bytes) => row.view(dims, new Uint8Array(bytes).buffer, 0));
};

const named = fc
  .tuple(fc.constantFrom(...dtypes), shape)
  .chain(([dtype, dims]) =>
    fc.tuple(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), tensorOf(dtype, dims)),
  );
const model = fc.uniqueArray(named, { selector: ([name]) => name, maxLength: 12 });

describe("what is written", () => {
  property.prop([model])("is read again: names, dtypes, shapes, bits and order", async (tensors) => {
    const { tensors: read } = await roundTrip(tensors);
    const withBytes = ([, { data }]: [string, Tensor]) => data.length > 0;
    expect(new Map(read)).toEqual(new Map(tensors));
    expect(read.filter(withBytes).map(([name]) => name)).toEqual(tensors.filter(withBytes).map(([name]) => name));
  });

  property.prop([model, fc.integer({ min: 1, max: 4 }), fc.constantFrom(1, 8, 42, 64)])(
    "is read again from any shards, at any alignment, and copied to the same bytes",
    async (tensors, shards, alignment) => {
      const { folder, entries } = await roundTrip(tensors, { shards, alignment });
      for (const { offset } of entries.values()) expect(offset % alignment).toBe(0);
      await using bundle = await openBundle(folder, { prefix: "model" });
      const copy = new MemoryFolder();
      await writeBundle({ folder: copy, prefix: "model" }, bundle.stream());
      expect(copy.files).toEqual(folder.files);
    },
  );

  test("is TensorFlow's index of 12,000 tensors, byte for byte", async () => {
    const { recipes } = JSON.parse(readFileSync(`${FIXTURES}recipes.json`, "utf8"));
    const { folder } = await roundTrip(
      (function* (): Generator<Part> {
        for (let n = 0; n < 12_000; n++) {
          const key = `model/layer_${String(n).padStart(5, "0")}/dense/kernel/.ATTRIBUTES/VARIABLE_VALUE`;
          yield [key, tensor("float32", [3], Float32Array.of(n, n + 0.25, n + 0.5))];
        }
      })(),
    );
    for (const [file, { sha256 }] of [
      ["model.index", recipes["12000-tensors"].index],
      ["model.data-00000-of-00001", recipes["12000-tensors"].data],
    ]) {
      expect(
        createHash("sha256")
          .update(folder.files.get(file) ?? "")
          .digest("hex"),
      ).toBe(sha256);
    }
  });

  test("may come in pieces, larger than memory", async () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, at) => at * 7);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      const same = new Uint8Array(1_000_000); // one buffer, used again
      for (let start = 0; start < bytes.length; start += same.length) {
        same.set(bytes.subarray(start, start + same.length));
        yield same;
      }
    }
    const { tensors } = await roundTrip([["t", { dtype: "uint8", shape: [3, 1_000_000], pieces: pieces() }]]);
    expect(tensors.map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([["t", "uint8", [3, 1_000_000]]]);
    expect(tensors.map(([, { data }]) => bytes.every((byte, at) => data[at] === byte))).toEqual([true]);
  });
});

describe("partitions that are told apart only by where they are", () => {
  const partitioned = fixturesOf("tensor-bundle").filter(([name]) =>
    [
      "partitioned",
      "saver-partitioned",
      "merged",
      "max-shard-size",
      "partitioned-sharded-variable",
      "saver-sharded",
    ].includes(name),
  );
  test.each(partitioned)("%s: listed as TensorFlow lists them", async (name, { prefix }) => {
    const files = filesOf(name);
    await using bundle = await openBundle(files, { prefix });
    const folder = new MemoryFolder();
    const { numShards } = bundle.header;
    await writeBundle({ folder, prefix }, bundle.stream().parts(), { shards: numShards });
    expect(Buffer.from(folder.files.get(`${prefix}.index`) ?? []).toString("hex")).toBe(
      Buffer.from(files.get(`${prefix}.index`) ?? []).toString("hex"),
    );
  });

  test("one that is all of its tensor is stored as the tensor", async () => {
    const whole = tensor("int8", [2], Int8Array.of(1, 2));
    const slice = [{ start: 0, length: 2 }];
    const { entries } = await roundTrip([["t", whole, { partition: { shape: [2], slice } }]]);
    expect(entries.get("t")).not.toHaveProperty("slices");
  });
});

describe("a caller's mistake is refused before a file shows", () => {
  const scalar = tensor("int8", [], Int8Array.of(1));
  const half = tensor("int8", [1], Int8Array.of(1));
  const part = (start: number, shape = [2]) => ({ partition: { shape, slice: [{ start, length: 1 }] } });
  test.each<[string, Part[]]>([
    [
      "a name twice",
      [
        ["a", scalar],
        ["a", scalar],
      ],
    ],
    ["no name", [["", scalar]]],
    [
      "a partition twice",
      [
        ["a", half, part(0)],
        ["a", half, part(0)],
      ],
    ],
    [
      "a tensor and a partition of one name",
      [
        ["a", half, part(0)],
        ["a", scalar],
      ],
    ],
    [
      "a partition and a tensor of one name",
      [
        ["a", scalar],
        ["a", half, part(0)],
      ],
    ],
    [
      "partitions of two shapes",
      [
        ["a", half, part(0)],
        ["a", half, part(1, [3])],
      ],
    ],
    ["a partition outside its tensor", [["a", half, part(2)]]],
    ["a partition of another rank", [["a", scalar, part(0)]]],
    ["a shard that is not there", [["a", scalar, { shardId: 1 }]]],
    ["pieces that are too short", [["a", { dtype: "int32", shape: [2], pieces: [new Uint8Array(4)] }]]],
    [
      "pieces that are too long",
      [["a", { dtype: "int32", shape: [], pieces: [new Uint8Array(4), new Uint8Array(1)] }]],
    ],
  ])("%s", async (_, parts) => {
    const folder = new MemoryFolder();
    await expect(writeBundle({ folder, prefix: "model" }, parts)).rejects.toThrow(RangeError);
    expect(folder.files.size).toBe(0);
  });
});
