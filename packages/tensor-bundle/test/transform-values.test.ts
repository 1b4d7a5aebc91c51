import { fc, test as property } from "@fast-check/vitest";
import { cast, isFloat, type Tensor, tensor } from "@modelbytes/tensor";
import { type Bundle, openBundle, type Part, type StoredStream } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { castTensors } from "../src/transform/cast.ts";
import { joinPartitions } from "../src/transform/join.ts";
import { keepTensors } from "../src/transform/keep.ts";
import { renameTensors } from "../src/transform/rename.ts";
import { type Cut, splitTensors } from "../src/transform/split.ts";
import { unplaced } from "../src/transform/unplaced.ts";
import { fixturesOf } from "./fixtures.ts";
import { digest, filesOfStream, openFixture, values, written } from "./transformed.ts";

const readable = fixturesOf("tensor-bundle")
  .map(([name]) => name)
  .filter((name) => name !== "partitioned-bad");

/** A bundle of these parts. */
async function bundleOf(parts: readonly Part[]): Promise<Bundle> {
  return await written(streamOf(parts));
}

function streamOf(parts: readonly Part[]): StoredStream {
  const version = { producer: 1, minConsumer: 0, badConsumers: [] };
  const header = { numShards: 1, bigEndian: false, version };
  return {
    layout: { header, partitioned: new Map(), shardSizes: async () => [] },
    async *parts() {
      yield* parts;
    },
  };
}

const halves = tensor(
  "float16",
  [5, 3],
  Uint16Array.from({ length: 15 }, (_, at) => 0x3c00 + at * 77),
);
const whole = tensor("float32", [2, 2], Float32Array.of(1 + 2 ** -10, -0, Number.NaN, 1e30));

describe("casting", () => {
  test("is numpy's, and leaves what is in its dtype already", async () => {
    const parts: Part[] = [
      ["h", halves],
      ["w", whole],
      ["n", tensor("int8", [1], Int8Array.of(3))],
    ];
    const source = await bundleOf(parts);
    const target = (_: string, dtype: Tensor["dtype"]) => (isFloat(dtype) ? "bfloat16" : dtype);
    const result = await written(castTensors(source.stream(), target));
    expect(await result.read("h")).toEqual(cast(halves, "bfloat16"));
    expect(await result.read("w")).toEqual(cast(whole, "bfloat16"));
    expect(await result.read("n")).toEqual(tensor("int8", [1], Int8Array.of(3)));
  });

  test.each(["float64", "float32", "float16", "bfloat16"] as const)(
    "to %s: partitions, big-endian files",
    async (to) => {
      for (const name of ["partitioned", "big-endian"]) {
        const { bundle } = await openFixture(name);
        const only = (dtype: Tensor["dtype"]) =>
          ["float64", "float32", "float16", "bfloat16"].includes(dtype) ? to : dtype;
        const result = await written(castTensors(bundle.stream(), (_, dtype) => only(dtype)));
        expect(result.header.bigEndian).toBe(bundle.header.bigEndian);
        for (const [key, { dtype }] of bundle.entries) {
          const before = await bundle.read(key);
          expect(await result.read(key)).toEqual(only(dtype) === dtype ? before : cast(before, to));
        }
      }
    },
  );

  test.each([
    ["from", "n", "float32"],
    ["to", "h", "int32"],
  ] as const)("%s what is no float is refused", async (_, name, dtype) => {
    const source = streamOf([
      ["h", halves],
      ["n", tensor("int8", [1], Int8Array.of(3))],
    ]);
    const stream = castTensors(source, (key, own) => (key === name ? dtype : own));
    await expect(filesOfStream(stream)).rejects.toThrow(TypeError);
  });

  test("tensors in pieces are put together", async () => {
    const bytes = new Uint8Array(whole.data.buffer);
    const pieces = [bytes.subarray(0, 3), bytes.subarray(3)];
    const part: Part = ["w", { dtype: "float32", shape: [2, 2], pieces }];
    const result = await written(castTensors(streamOf([part]), () => "float64"));
    expect(await result.read("w")).toEqual(cast(whole, "float64"));
    for (const wrong of [[bytes.subarray(3)], [bytes, bytes]]) {
      const stream = streamOf([["w", { dtype: "float32", shape: [2, 2], pieces: wrong }]]);
      await expect(filesOfStream(castTensors(stream, () => "float64"))).rejects.toThrow(RangeError);
    }
  });
});

describe("splitting and joining", () => {
  test("the first partitions are the larger ones, with explicit extents", async () => {
    const source = await bundleOf([["h", halves]]);
    const result = await written(splitTensors(source.stream(), () => ({ axis: 0, parts: 3 })));
    expect(result.entries.get("h")?.slices).toEqual(
      [0, 2, 4].map((start) => [
        { start, length: start < 4 ? 2 : 1 },
        { start: 0, length: 3 },
      ]),
    );
    expect(await result.read("h")).toEqual(halves);
  });

  /** Along the longest dimension, into up to `most` parts. */
  const longest =
    (most: number) =>
    (_: string, shape: readonly number[]): Cut | undefined => {
      const axis = shape.indexOf(Math.max(...shape));
      return shape.length === 0 || shape.includes(0) ? undefined : { axis, parts: Math.min(most, shape[axis] ?? 1) };
    };

  test.each(readable)("%s: there and back is the same, and so is joining alone", async (name) => {
    const { bundle } = await openFixture(name);
    const joined = await written(joinPartitions(bundle.stream()));
    expect(await values(joined)).toEqual(await values(bundle));
    for (const { slices } of joined.entries.values()) expect(slices).toBeUndefined();
    const split = await written(splitTensors(bundle.stream(), longest(3)));
    expect(await values(split)).toEqual(await values(bundle));
    const files = await filesOfStream(joinPartitions(split.stream()));
    expect(await values(await openBundle(files, { prefix: "model" }))).toEqual(await values(bundle));
  });

  property.prop([fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat()])(
    "any cut there and back is the same bytes",
    async (shape, at, many) => {
      const axis = at % shape.length;
      const parts = 1 + (many % (shape[axis] ?? 1));
      const count = shape.reduce((product, length) => product * length, 1);
      const strings = Array.from({ length: count }, (_, index) => new Uint8Array(index));
      const source = await bundleOf([
        [
          "ints",
          tensor(
            "int16",
            shape,
            Int16Array.from({ length: count }, (_, index) => index),
          ),
        ],
        ["strings", tensor("string", shape, strings)],
        [
          "complex",
          tensor(
            "complex64",
            shape,
            Float32Array.from({ length: 2 * count }, (_, index) => index),
          ),
        ],
        [
          "nibbles",
          tensor(
            "int4",
            shape,
            Int8Array.from({ length: count }, (_, index) => (index % 16) - 8),
          ),
        ],
      ]);
      const split = await written(splitTensors(source.stream(), () => ({ axis, parts })));
      for (const { slices } of split.entries.values()) expect(slices?.length).toBe(parts === 1 ? undefined : parts);
      expect(digest(await filesOfStream(joinPartitions(split.stream())))).toEqual(
        digest(await filesOfStream(source.stream())),
      );
    },
  );

  test.each<[string, Cut]>([
    ["a dimension that is not there", { axis: 2, parts: 2 }],
    ["more parts than elements", { axis: 0, parts: 6 }],
    ["no part", { axis: 0, parts: 0 }],
    ["half a part", { axis: 0, parts: 1.5 }],
  ])("%s is refused", async (_, cut) => {
    await expect(filesOfStream(splitTensors(streamOf([["h", halves]]), () => cut))).rejects.toThrow(RangeError);
  });

  test("what is partitioned already is left alone", async () => {
    const { bundle } = await openFixture("partitioned-sharded-variable");
    const asked: string[] = [];
    const stream = splitTensors(bundle.stream(), (name) => void asked.push(name));
    await using result = await written(stream);
    expect(asked.join()).not.toContain("table");
    expect(await values(result)).toEqual(await values(bundle));
  });
});

describe("resharding", () => {
  test.each(readable)("%s: over one file, and over three", async (name) => {
    const { bundle } = await openFixture(name);
    const one = await written(unplaced(bundle.stream()));
    expect([one.header.numShards, await values(one)]).toEqual([1, await values(bundle)]);
    const three = await written(unplaced(bundle.stream()), { shards: 3 });
    expect([three.header.numShards, await values(three)]).toEqual([3, await values(bundle)]);
  });

  test("heads lose their place as well", async () => {
    const { bundle } = await openFixture("merged");
    for await (const { placement } of unplaced(bundle.stream()).heads()) expect(placement.shardId).toBeUndefined();
  });
});

describe("memory", () => {
  test("a part is written before the next is read, through all of them", async () => {
    let written = 0;
    const writtenBefore: number[] = [];
    const source: StoredStream = {
      ...streamOf([]),
      async *parts() {
        for (let number = 0; number < 40; number++) {
          writtenBefore.push(written);
          yield [`t${number}`, tensor("float32", [6, 4], new Float32Array(24).fill(number))];
        }
      },
    };
    const kept = keepTensors(source, (name) => name !== "t39");
    const renamed = renameTensors(kept, (name) => `new/${name}`);
    const cast = castTensors(renamed, () => "bfloat16");
    const stream = unplaced(splitTensors(cast, () => ({ axis: 1, parts: 2 })));
    await filesOfStream(stream, { onProgress: () => void written++ });
    expect(writtenBefore).toEqual(Array.from({ length: 40 }, (_, number) => 2 * number));
  });
});
