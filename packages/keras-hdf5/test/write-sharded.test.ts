// Sharded weights: where Keras parts them, what the index says, and what is left when writing fails.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { fc, test } from "@fast-check/vitest";
import { MemoryFolder, type Sink } from "@modelbytes/bytes";
import {
  type KerasVarsGroup,
  openShardedKerasWeights,
  toKerasWeights,
  writeShardedKerasWeights,
} from "@modelbytes/keras-hdf5";
import { type Tensor, tensor } from "@modelbytes/tensor";
import { afterAll, describe, expect } from "vitest";
import { floats } from "./made-model.ts";

const INDEX = "model.weights.json";

async function written(groups: Iterable<KerasVarsGroup>, maxShardBytes: number): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  await writeShardedKerasWeights({ folder, name: INDEX }, { groups }, { maxShardBytes });
  return folder;
}

function textOf(folder: MemoryFolder): string {
  return new TextDecoder().decode(folder.files.get(INDEX));
}

test("the index is as Python writes it", async () => {
  const groups = [
    { path: "", name: "model" },
    { path: "layers/schön𝒳", name: "dense", vars: Object.entries([floats(2), floats(1)]) },
    { path: "layers/flag", vars: Object.entries([tensor("bool", [3], Uint8Array.of(1, 0, 1))]) },
    { path: "optimizer", name: "adam", vars: Object.entries([floats(3), floats(2)]) },
  ];
  expect(textOf(await written(groups, 12))).toBe(`{
    "metadata": {
        "total_size": 32.375
    },
    "weight_map": {
        "/layers/sch\\u00f6n\\ud835\\udcb3/vars": [
            "model_00000.weights.h5"
        ],
        "/layers/flag/vars": "model_00001.weights.h5",
        "/optimizer/vars": [
            "model_00002.weights.h5",
            "model_00003.weights.h5"
        ]
    }
}`);
  expect(textOf(await written([{ path: "", name: "model" }], 12))).toBe(`{
    "metadata": {
        "total_size": 0
    },
    "weight_map": {}
}`);
});

test("weights without a value have an index of nothing, and one shard", async () => {
  const folder = await written([{ path: "", name: "model" }], 12);
  expect([...folder.files.keys()]).toEqual(["model_00000.weights.h5", INDEX]);
  await using file = await openShardedKerasWeights(folder.file(INDEX), { folder });
  expect(file.entries.size).toBe(0);
});

const anyGroups = fc
  .array(
    fc.tuple(
      fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
      fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 5 }),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((list) =>
    list.map(([name, sizes], index) => ({
      path: `layers/dense_${index}`,
      name,
      vars: Object.entries(sizes.map((size) => floats(size))),
    })),
  );

test.prop([anyGroups, fc.integer({ min: 24, max: 60 })], { numRuns: 50 })(
  "shards are as full as may be, and together what was written",
  async (groups, limit) => {
    const folder = await written(groups, limit);
    const sizes = groups.flatMap(({ vars }) => vars.map(([, { data }]) => data.byteLength));
    fc.pre(sizes.length > 0);
    await using file = await openShardedKerasWeights(folder.file(INDEX), { folder });
    for await (const problem of file.verify()) expect.fail(problem.message);
    const found = [...(await toKerasWeights(file)).groups];
    const listed = (all: Iterable<KerasVarsGroup>) =>
      [...all].map(({ path, name, vars = [] }) => [path, name, [...vars].map(([key]) => key)]);
    expect(listed(found)).toEqual(listed(groups));

    const full: number[] = [0];
    for (const size of sizes) {
      const last = full.at(-1) ?? 0;
      if (last + size > limit) full.push(size);
      else full[full.length - 1] = last + size;
    }
    expect(file.parts.length).toBe(full.length);
    const again = new MemoryFolder();
    await writeShardedKerasWeights({ folder: again, name: INDEX }, file);
    expect([...again.files.keys()]).toEqual([...folder.files.keys()]);
    for (const [name, bytes] of folder.files)
      expect(Buffer.compare(bytes, again.files.get(name) ?? bytes.subarray(1))).toBe(0);
  },
);

describe("what is refused", () => {
  test.each<[string, KerasVarsGroup[], number, string]>([
    [
      "a variable larger than a shard",
      [{ path: "a", vars: [["0", floats(500)]] }],
      1024,
      "The size of 0 is 1.95 KB which exceeds the maximum shard size 1.00 KB. You can increase",
    ],
    [
      "dtypes without a size",
      [{ path: "a", vars: [["0", tensor("complex64", [], new Float32Array(2))]] }],
      1024,
      "Invalid dtype: complex64",
    ],
    ["no room at all", [], 0, "0 bytes"],
    ["no number", [], Number.NaN, "NaN bytes"],
  ])("%s", async (_, groups, limit, message) => {
    await expect(written(groups, limit)).rejects.toThrow(message);
  });

  test("a name that Keras would not find", async () => {
    const folder = new MemoryFolder();
    await expect(writeShardedKerasWeights({ folder, name: "a.json" }, { groups: [] })).rejects.toThrow(RangeError);
  });
});

describe("files", () => {
  const scratch = mkdtempSync(join(tmpdir(), "modelbytes-sharded-"));
  afterAll(() => rmSync(scratch, { recursive: true }));
  const groups = [{ path: "", vars: Object.entries([floats(2), floats(2)]) }];

  test("by path and by URL; folders are made", async () => {
    const byPath = await writeShardedKerasWeights(join(scratch, "new", INDEX), { groups }, { maxShardBytes: 8 });
    expect(readdirSync(join(scratch, "new")).sort()).toEqual([INDEX, ...byPath.shards].sort());
    const url = pathToFileURL(join(scratch, "a b", "é.weights.json"));
    await writeShardedKerasWeights(url, { groups });
    expect(readdirSync(join(scratch, "a b"))).toEqual(["é.weights.json", "é_00000.weights.h5"]);
  });
});

describe("a failure", () => {
  const last: KerasVarsGroup = {
    path: "b",
    vars: [
      [
        "0",
        {
          dtype: "float32",
          shape: [2],
          read: async (): Promise<Tensor> => {
            throw new Error("in the last shard");
          },
        },
      ],
    ],
  };
  const groups = [{ path: "a", vars: Object.entries([floats(2)]) }, last];

  test("in the middle leaves what was there", async () => {
    const folder = await written([{ path: "a", vars: Object.entries([floats(2)]) }], 8);
    const before = new Map(folder.files);
    await expect(writeShardedKerasWeights({ folder, name: INDEX }, { groups }, { maxShardBytes: 8 })).rejects.toThrow(
      "in the last shard",
    );
    expect(folder.files).toEqual(before);
  });

  test("at the end leaves no index of other shards", async () => {
    class Failing extends MemoryFolder {
      override sink(path: string): Sink {
        const sink = super.sink(path);
        if (!path.includes("00001")) return sink;
        return { ...sink, close: () => Promise.reject(new Error("the disk is full")) };
      }
    }
    const folder = new Failing();
    const sound = [{ path: "a", vars: Object.entries([floats(2), floats(2)]) }];
    await expect(
      writeShardedKerasWeights({ folder, name: INDEX }, { groups: sound }, { maxShardBytes: 8 }),
    ).rejects.toThrow("full");
    expect([...folder.files.keys()]).toEqual(["model_00000.weights.h5"]);
  });

  test("or a signal ends it", async () => {
    const folder = new MemoryFolder();
    const options = { signal: AbortSignal.abort(new Error("enough")), maxShardBytes: 8 };
    await expect(writeShardedKerasWeights({ folder, name: INDEX }, { groups: [] }, options)).rejects.toThrow("enough");
    expect(folder.files.size).toBe(0);
  });
});
