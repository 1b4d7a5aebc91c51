import { readFileSync } from "node:fs";
import { tensor } from "@modelbytes/tensor";
import { openBundle, type Part, type StoredStream } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import type { HeadedStream } from "../src/transform/heads.ts";
import { headOf } from "../src/transform/heads.ts";
import { withoutObjectGraph } from "../src/transform/keep.ts";
import { mergeBundles } from "../src/transform/merge.ts";
import { renameTensors } from "../src/transform/rename.ts";
import { shardBySize } from "../src/transform/shard-by-size.ts";
import { splitTensors } from "../src/transform/split.ts";
import { unplaced } from "../src/transform/unplaced.ts";
import { filesOf } from "./damage.ts";
import { FIXTURES } from "./fixtures.ts";
import { asModel, digest, filesOfStream, openFixture, values, written } from "./transformed.ts";

/** Parts as a stream, over `numShards` files. */
function streamOf(parts: readonly Part[], { numShards = 1, bigEndian = false, producer = 1 } = {}): HeadedStream {
  const version = { producer, minConsumer: 0, badConsumers: [] };
  return {
    layout: { header: { numShards, bigEndian, version }, partitioned: new Map(), shardSizes: async () => [] },
    async *parts() {
      yield* parts;
    },
    async *heads() {
      for (const part of parts) yield headOf(part);
    },
  };
}

/** The order in which a tf.train.Checkpoint saved: that of the object graph, which the keys of these fixtures agree with. */
async function inSavedOrder(
  name: string,
): Promise<{ stream: StoredStream; expected: Record<string, string>; limit: number }> {
  const { bundle, prefix, files } = await openFixture(name);
  const { maxShardSize: limit } = JSON.parse(readFileSync(`${FIXTURES}${name}/expected.json`, "utf8"));
  const graph = await bundle.objectGraph();
  const keys = graph?.nodes.flatMap(({ attributes }) => attributes.map(({ checkpointKey }) => checkpointKey)) ?? [];
  const parts: Part[] = [];
  for (const key of [...keys, "_CHECKPOINTABLE_OBJECT_GRAPH"]) parts.push([key, await bundle.read(key)]);
  return { stream: streamOf(parts), expected: digest(asModel(files, prefix)), limit };
}

describe("data files of limited size", () => {
  test.each(["max-shard-size", "max-shard-size-large"])("%s: TensorFlow's bytes", async (name) => {
    const { stream, expected, limit } = await inSavedOrder(name);
    expect(digest(await filesOfStream(await shardBySize(stream, limit)))).toEqual(expected);
    const unheaded = { layout: stream.layout, parts: () => stream.parts() };
    expect(digest(await filesOfStream(await shardBySize(unheaded, limit)))).toEqual(expected);
  });

  const floats = (shape: readonly number[]) => {
    const count = shape.reduce((product, length) => product * length, 1);
    return tensor(
      "float32",
      shape,
      Float32Array.from({ length: count }, (_, index) => index),
    );
  };

  test("partitions are cut into smaller ones, tensors without elements stay", async () => {
    const source = streamOf([
      ["grid", floats([8, 6])],
      ["empty", floats([0, 3])],
      ["row", floats([7])],
    ]);
    const split = splitTensors(source, (name) => (name === "grid" ? { axis: 0, parts: 2 } : undefined));
    await using before = await written(split);
    await using result = await written(await shardBySize(before.stream(), 50));
    expect(await values(result)).toEqual(await values(before));
    const sizes = await result.stream().layout.shardSizes({});
    expect(Math.max(...sizes)).toBeLessThanOrEqual(50);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
    expect(result.entries.get("grid")?.slices?.length).toBeGreaterThan(2);
  });

  test("a file that is exactly full makes no empty one behind it", async () => {
    await using result = await written(await shardBySize(streamOf([["a", floats([5])]]), 4));
    expect(result.header.numShards).toBe(5);
    await using one = await written(await shardBySize(streamOf([["a", floats([5])]]), 20));
    expect(one.header.numShards).toBe(1);
    await using none = await written(await shardBySize(streamOf([]), 20));
    expect(none.header.numShards).toBe(1);
  });

  test("large scalars come last, even alone", async () => {
    const text = (length: number) => tensor("string", [], [new Uint8Array(length)]);
    await using result = await written(
      await shardBySize(
        streamOf([
          ["s", text(9)],
          ["t", text(2)],
          ["u", text(8)],
        ]),
        4,
      ),
    );
    expect([...result.entries].map(([name, { shardId }]) => [name, shardId])).toEqual([
      ["s", 1],
      ["t", 0],
      ["u", 2],
    ]);
    await using alone = await written(await shardBySize(streamOf([["s", text(9)]]), 4));
    expect(alone.header.numShards).toBe(1);
  });

  test.each([
    ["a tensor whose slices do not fit", [2, 2], 7],
    ["no size", [1], 0],
    ["a negative size", [1], -1],
    ["no number", [1], Number.NaN],
  ] as const)("%s: refused", async (_, shape, size) => {
    await expect(shardBySize(streamOf([["a", floats(shape)]]), size)).rejects.toThrow(RangeError);
  });
});

describe("merging", () => {
  test.each(["merged", "merged-again", "merged-one"])("%s: TensorFlow's bytes", async (name) => {
    const files = filesOf(name);
    const { merged }: { merged: string[] } = JSON.parse(readFileSync(`${FIXTURES}${name}/expected.json`, "utf8"));
    const parts = await Promise.all(merged.map((prefix) => openBundle(`${FIXTURES}${name}/${prefix}`)));
    const stream = await mergeBundles(parts.map((part) => part.stream()));
    expect(digest(await filesOfStream(stream))).toEqual(digest(files));
    for (const part of parts) await part.close();
  });

  const scalar = (value: number) => tensor("int8", [], Int8Array.of(value));
  const at = (shardId: number) => ({ shardId });

  test("files are numbered as keys refer to them, those without a key last", async () => {
    const first = streamOf(
      [
        ["z", scalar(1), at(1)],
        ["a", scalar(2), at(2)],
      ],
      { numShards: 3 },
    );
    const second = streamOf([["k", scalar(3), at(0)]]);
    await using result = await written(await mergeBundles([first, second]));
    const places = [...result.entries].map(([name, { shardId }]) => [name, shardId]);
    expect([result.header.numShards, places]).toEqual([
      4,
      [
        ["a", 0],
        ["k", 2],
        ["z", 1],
      ],
    ]);
  });

  test("partitions of one tensor in both are one tensor", async () => {
    const rows = [0, 1].map((start) =>
      streamOf([
        [
          "t",
          tensor("int8", [1, 2], Int8Array.of(start, start)),
          { partition: { shape: [2, 2], slice: [{ start, length: 1 }, null] } },
        ],
      ]),
    );
    await using result = await written(await mergeBundles(rows.toReversed()));
    expect((await result.read("t")).data).toEqual(Int8Array.of(0, 0, 1, 1));
    expect(result.entries.get("t")?.slices?.map(([rows]) => rows?.start)).toEqual([1, 0]);
  });

  test.each<[string, HeadedStream[]]>([
    ["nothing", []],
    ["a key in both", [streamOf([["a", scalar(1)]]), streamOf([["a", scalar(2)]])]],
    ["another endianness", [streamOf([]), streamOf([], { bigEndian: true })]],
    ["another version", [streamOf([]), streamOf([], { producer: 0 })]],
    [
      "a tensor and a partition",
      [
        streamOf([["a", scalar(1)]]),
        streamOf([
          ["a", tensor("int8", [1], Int8Array.of(1)), { partition: { shape: [2], slice: [{ start: 0, length: 1 }] } }],
        ]),
      ],
    ],
  ])("%s: refused", async (_, streams) => {
    await expect(mergeBundles(streams)).rejects.toThrow(RangeError);
  });

  test("two object-based checkpoints have two graphs: one has to go", async () => {
    const { bundle } = await openFixture("objects-tree");
    const other = renameTensors(bundle.stream(), (name) => `other/${name}`);
    await expect(mergeBundles([bundle.stream(), other])).rejects.toThrow(RangeError);
    await using result = await written(await mergeBundles([bundle.stream(), withoutObjectGraph(other)]));
    expect(result.entries.size).toBe(2 * bundle.entries.size - 1);
  });

  test("inputs may be transformed themselves, and the result be distributed anew", async () => {
    const { bundle } = await openFixture("partitioned");
    const halves = splitTensors(
      renameTensors(bundle.stream(), (name) => `x/${name}`),
      (_, shape) => ((shape[0] ?? 0) > 1 ? { axis: 0, parts: 2 } : undefined),
    );
    const merged = await mergeBundles([bundle.stream(), halves]);
    await using result = await written(unplaced(merged), { shards: 2 });
    const before = await values(bundle);
    const renamed = Object.entries(before).map(([name, value]) => [`x/${name}`, value]);
    expect(await values(result)).toEqual({ ...before, ...Object.fromEntries(renamed) });
    await using same = await written(merged);
    expect(same.header.numShards).toBe(2);
  });
});
