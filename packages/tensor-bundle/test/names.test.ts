import { encodeName, type Source, toSource } from "@modelbytes/bytes";
import { openBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { Table } from "../src/table/table.ts";
import { buildIndex, type EntryWish, graphOf } from "./build.ts";
import { filesOf, flipped } from "./damage.ts";
import { describeTensor, FIXTURES, fixturesOf } from "./fixtures.ts";

describe.each(fixturesOf("tensor-bundle").filter(([name]) => name !== "partitioned-bad"))(
  "%s",
  (name, { prefix, tensors }) => {
    test("opened for one tensor it has this one", async () => {
      for (const [key, { dtype, shape, sha256 }] of Object.entries(tensors).slice(0, 5)) {
        await using bundle = await openBundle(`${FIXTURES}${name}/${prefix}`, { names: [key] });
        expect([...bundle.entries.keys()]).toEqual([key]);
        expect([key, describeTensor(await bundle.read(key))]).toEqual([key, { dtype, shape, sha256 }]);
        for await (const problem of bundle.verify()) expect.fail(problem.message);
      }
    });
  },
);

describe("a bundle that is opened for some tensors", () => {
  const settings = { blockSize: 1, restartInterval: 1 };

  test("has them in the order of the index, and those that are there", async () => {
    await using bundle = await openBundle(
      { index: buildIndex({ a: {}, b: {}, c: {} }, { settings }), data: [] },
      { names: ["c", "x", "a"] },
    );
    expect([...bundle.entries.keys()]).toEqual(["a", "c"]);
    await expect(bundle.read("x")).rejects.toMatchObject({ name: "NotFoundError", code: "no-tensor" });
    await expect(bundle.read("b")).rejects.toThrow(RangeError);
    await expect(bundle.read("b")).rejects.toThrow("`names`");
  });

  test("for none has a header", async () => {
    await using bundle = await openBundle({ index: buildIndex({ a: {} }, { shards: 3 }), data: [] }, { names: [] });
    expect(bundle.header.numShards).toBe(3);
    expect(bundle.entries.size).toBe(0);
  });

  test("has an object graph if that is among them, and looks for no value of it", async () => {
    const { entry, data } = graphOf(["a", "gone"]);
    const index = buildIndex({ _CHECKPOINTABLE_OBJECT_GRAPH: entry, a: { shape: [0], size: 0 } });
    await using without = await openBundle({ index, data: [data] }, { names: ["a"] });
    expect(await without.objectGraph()).toBeUndefined();
    await using bundle = await openBundle({ index, data: [data] }, { names: ["_CHECKPOINTABLE_OBJECT_GRAPH"] });
    expect((await bundle.objectGraph())?.nodes.length).toBe(1);
    for await (const problem of bundle.verify()) expect.fail(problem.message);
  });

  test("knows nothing of damage elsewhere, and all of damage where they would be", async () => {
    const files = filesOf("blocks-of-1000");
    files.set("model.index", flipped(files.get("model.index") ?? new Uint8Array(0), 2129, 0xff));
    await using bundle = await openBundle(files, { prefix: "model", names: ["model/layers/999/dense/kernel"] });
    expect(bundle.damage).toEqual([]);
    const names = ["model/layers/050/dense/kernel"];
    await expect(openBundle(files, { prefix: "model", names })).rejects.toMatchObject({ code: "block-checksum" });
    await using damaged = await openBundle(files, { prefix: "model", names, tolerant: true });
    await expect(damaged.read("model/layers/050/dense/kernel")).rejects.toMatchObject({ code: "block-checksum" });
  });

  test("lists what is unreadable among them alone", async () => {
    const index = buildIndex({ a: {}, bad: { dtype: 99 }, other: { dtype: 98 } });
    await using bundle = await openBundle({ index, data: [] }, { names: ["bad", "a"] });
    expect([...bundle.unreadable.keys()]).toEqual(["bad"]);
    expect([...bundle.entries.keys()]).toEqual(["a"]);
  });

  test("takes two blocks of a large index, and of a partitioned tensor those of its partitions", async () => {
    const entries: Record<string, EntryWish> = {};
    for (let n = 0; n < 150_000; n++)
      entries[`model/layer_${String(n).padStart(6, "0")}/kernel/values`] = { offset: 4 * n };
    const bytes = buildIndex(entries);
    const { blocks } = await Table.open(toSource(bytes));
    expect(blocks.length).toBeGreaterThan(10);
    const reads: number[] = [];
    const source = toSource(bytes);
    const index: Source = {
      name: "index",
      size: async () => bytes.length,
      read: async (offset, length) => {
        reads.push(length);
        return await source.read(offset, length);
      },
    };
    const name = "model/layer_100000/kernel/values";
    await using bundle = await openBundle({ index, data: [] }, { names: [name] });
    expect(bundle.entries.get(name)?.offset).toBe(400_000);
    expect(reads.length).toBe(4); // the footer, the index block, the first block and the one with the key
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(600_000);
    const last = blocks.at(-1)?.separator ?? encodeName("");
    await using none = await openBundle({ index, data: [] }, { names: [`${new TextDecoder().decode(last)}~`] });
    expect(none.entries.size).toBe(0);
  });
});
