import { fc, test as property } from "@fast-check/vitest";
import { tensor } from "@modelbytes/tensor";
import { OBJECT_GRAPH_KEY, type Part, type StoredStream } from "@modelbytes/tensor-bundle";
import type { ObjectGraph } from "@modelbytes/tf-proto";
import { describe, expect, test } from "vitest";
import { keepTensors, withoutObjectGraph } from "../src/transform/keep.ts";
import { renameTensors } from "../src/transform/rename.ts";
import { unplaced } from "../src/transform/unplaced.ts";
import { fixturesOf } from "./fixtures.ts";
import { asModel, digest, filesOfStream, openFixture, values, written } from "./transformed.ts";

/** Fixtures of dense bundles that TensorFlow wrote. */
const REWRITTEN =
  /^(aligned|gaps|sign-extended|small-blocks|blocks-of|long-restarts|snappy|partitioned-bad|whole-slice)/;
const dense = fixturesOf("tensor-bundle")
  .map(([name]) => name)
  .filter((name) => !REWRITTEN.test(name));

/** The attributes of a graph with the path of local names that leads to each, and its slots. */
function described({ nodes }: ObjectGraph): { values: Record<string, string>; slots: string[]; without: number } {
  const paths = new Map<number, string>([[0, ""]]);
  for (const [id, path] of paths) {
    for (const { nodeId, localName } of nodes[id]?.children ?? []) {
      if (!paths.has(nodeId)) paths.set(nodeId, `${path}/${localName}`);
    }
  }
  const found: [string, string][] = [];
  const slots: string[] = [];
  for (const [id, { attributes, slotVariables }] of nodes.entries()) {
    for (const { checkpointKey } of attributes) found.push([checkpointKey, paths.get(id) ?? "(slot)"]);
    for (const { slotName, slotVariableNodeId } of slotVariables) slots.push(`${slotName} ${slotVariableNodeId}`);
  }
  return {
    values: Object.fromEntries(found),
    slots,
    without: nodes.filter(({ hasCheckpointValues }) => hasCheckpointValues === false).length,
  };
}

async function graphOf(stream: StoredStream): Promise<ReturnType<typeof described>> {
  await using bundle = await written(stream);
  const graph = await bundle.objectGraph();
  if (graph === undefined) throw new Error("no object graph");
  return described(graph);
}

const swapped = (name: string) => [...name].map((c) => (c === "a" ? "e" : c === "e" ? "a" : c)).join("");

describe("what changes nothing gives the same bytes", () => {
  test.each(dense)("%s: keeping all, renaming there and back", async (name) => {
    const { bundle, prefix, files } = await openFixture(name);
    const own = asModel(files, prefix);
    const shards = String(bundle.header.numShards).padStart(5, "0");
    for (const file of own.keys()) if (!file.endsWith(".index") && !file.endsWith(`-of-${shards}`)) own.delete(file);
    expect(digest(await filesOfStream(keepTensors(bundle.stream(), () => true)))).toEqual(digest(own));
    const there = renameTensors(bundle.stream(), (key) => `new/${key}`);
    const back = renameTensors(there, (key) => key.slice("new/".length));
    expect(digest(await filesOfStream(back))).toEqual(digest(own));
  });

  test.each(dense)("%s: the heads are those of the parts", async (name) => {
    const { bundle } = await openFixture(name);
    const stream = renameTensors(
      keepTensors(bundle.stream(), (key) => !key.includes("b")),
      (key) => `x${key}`,
    );
    const heads: unknown[] = [];
    for await (const { name, dtype, shape, placement } of stream.heads()) heads.push([name, dtype, shape, placement]);
    const parts: unknown[] = [];
    for await (const [name, { dtype, shape }, placement] of stream.parts()) parts.push([name, dtype, shape, placement]);
    expect(heads).toEqual(parts);
  });
});

describe("renaming", () => {
  test("the object graph follows: keys, local names, and no other path", async () => {
    const { bundle } = await openFixture("objects-tree");
    const before = await graphOf(bundle.stream());
    const renamed = renameTensors(bundle.stream(), (key) => key.replace("model/first/weight", "model/erster/gewicht"));
    await expect(graphOf(renamed)).rejects.toThrow(RangeError); // "first" leads to the bias as well, which stays
    const rename = (key: string) => key.replace("model/first/", "model/erster/").replace("/shared/", "/common/");
    const after = await graphOf(renameTensors(bundle.stream(), rename));
    const expected = Object.entries(before.values).map(([key, path]) => [rename(key), rename(`${path}/`).slice(0, -1)]);
    expect(after.values).toEqual(Object.fromEntries(expected));
    expect(after.values).not.toEqual(before.values);
  });

  test("a path of another length changes keys alone", async () => {
    const { bundle } = await openFixture("objects-tree");
    const before = await graphOf(bundle.stream());
    const after = await graphOf(renameTensors(bundle.stream(), (key) => `outer/${key}`));
    const expected = Object.entries(before.values).map(([key, path]) => [`outer/${key}`, path]);
    expect(after.values).toEqual(Object.fromEntries(expected));
  });

  test("escaped names stay escaped in keys and plain in the graph", async () => {
    const { bundle } = await openFixture("objects-tree");
    const after = await graphOf(renameTensors(bundle.stream(), (key) => key.replace("x.Sy", "u..v.Sw")));
    const [found] = Object.entries(after.values).filter(([key]) => key.includes("u..v.Sw"));
    expect(found?.[1]).toBe("/model/dict/u.v/w");
  });

  test("tables and iterators follow, whose keys in the graph are only how those in the bundle begin", async () => {
    const { bundle } = await openFixture("objects-states");
    const rename = (key: string) => key.replace(/^table\//, "lookup/").replace(/^iterator\//, "reader/");
    const stream = renameTensors(bundle.stream(), rename);
    const after = await graphOf(stream);
    expect(after.values).toMatchObject({
      "lookup/.ATTRIBUTES/table": "/lookup",
      "reader/.ATTRIBUTES/ITERATOR": "/reader",
      "words/.ATTRIBUTES/table": "/words",
    });
    await using result = await written(stream);
    expect([...result.entries.keys()]).toEqual(expect.arrayContaining(["lookup/.ATTRIBUTES/table-keys"]));
    const one = renameTensors(bundle.stream(), (key) => (key === "table/.ATTRIBUTES/table-keys" ? "keys" : key));
    await expect(written(one)).rejects.toThrow(RangeError);
    const apart = (key: string) =>
      key.startsWith("table/") ? `${key.endsWith("keys")}/${key.split("/").at(-1)}` : key;
    await expect(written(renameTensors(bundle.stream(), apart))).rejects.toThrow(RangeError);
  });

  test("slot variables follow the variable and take the new name of the slot", async () => {
    const { bundle } = await openFixture("keras-2-adam-slots");
    const before = await graphOf(bundle.stream());
    const rename = (key: string) => key.replace(/\/m\/\.ATTRIBUTES/, "/momentum/.ATTRIBUTES");
    const after = await graphOf(renameTensors(bundle.stream(), rename));
    expect(after.slots).toEqual(before.slots.map((slot) => slot.replace(/^m /, "momentum ")));
    expect(after.slots).not.toEqual(before.slots);
    expect(Object.keys(after.values)).toEqual(Object.keys(before.values).map(rename));
  });

  test.each([
    ["all names become one", () => "same"],
    ["two names become one", (key: string) => key.replace(/^also|^step/, "both")],
    ["two children get one name", (key: string) => key.replace("model/first/", "model/second/")],
  ])("%s: refused", async (_, rename) => {
    const { bundle } = await openFixture("objects-tree");
    await expect(filesOfStream(renameTensors(bundle.stream(), rename))).rejects.toThrow(RangeError);
  });

  property.prop([fc.constantFrom("partitioned", "objects-tree", "objects-keras-3-optimizer", "merged")], {
    numRuns: 8,
  })("keeps every value", async (name) => {
    const { bundle } = await openFixture(name);
    await using result = await written(renameTensors(bundle.stream(), (key) => `${swapped(key)}`));
    const expected = Object.entries(await values(bundle)).map(([key, value]) => [swapped(key), value]);
    expect(await values(result)).toEqual(Object.fromEntries(expected));
  });
});

describe("keeping some", () => {
  test("dropped values leave the graph, slots with them, and flags are computed again", async () => {
    const { bundle } = await openFixture("keras-2-adam-slots");
    const graph = await graphOf(bundle.stream());
    const isSlot = (key: string) => key.includes(".OPTIMIZER_SLOT");
    const after = await graphOf(keepTensors(bundle.stream(), (key) => !isSlot(key)));
    expect(graph.slots.length).toBeGreaterThan(0);
    expect(after.slots).toEqual([]);
    expect(Object.keys(after.values)).toEqual(Object.keys(graph.values).filter((key) => !isSlot(key)));
    const none = await graphOf(keepTensors(bundle.stream(), () => false));
    expect([none.values, none.slots]).toEqual([{}, []]);
  });

  test("an object with nothing left below says so, where the file says it at all", async () => {
    const { bundle } = await openFixture("objects-tree");
    const count = (await bundle.objectGraph())?.nodes.length;
    expect((await graphOf(keepTensors(bundle.stream(), () => false))).without).toBe(count);
  });

  test("part of a partitioned tensor's names are all of its partitions", async () => {
    const { bundle } = await openFixture("partitioned");
    await using result = await written(keepTensors(bundle.stream(), (key) => key === "grid"));
    expect([...result.entries.keys()]).toEqual(["grid"]);
    const { grid } = await values(bundle);
    expect(await values(result)).toEqual({ grid });
  });

  test("without the object graph it is a name-based checkpoint", async () => {
    const { bundle } = await openFixture("objects-tree");
    const stream = withoutObjectGraph(bundle.stream());
    await using result = await written(stream);
    expect(await result.objectGraph()).toBeUndefined();
    expect(await values(result)).toEqual(await values(bundle));
    for await (const { name } of stream.heads()) expect(name).not.toBe(OBJECT_GRAPH_KEY);
  });

  test("a graph that is not last comes last", async () => {
    const { bundle } = await openFixture("objects-root-variable");
    const parts: Part[] = [];
    for await (const part of unplaced(bundle.stream()).parts()) parts.push(part);
    const stream = { layout: unplaced(bundle.stream()).layout, parts: () => toAsync(parts.toReversed()) };
    const renamed = await graphOf(renameTensors(stream, (key) => key.replace("VARIABLE_VALUE", "VALUE")));
    expect(renamed.values).toEqual({ "/.ATTRIBUTES/VALUE": "" });
  });

  test("a tensor that only has the graph's name is a tensor", async () => {
    const stream = { layout: unplaced((await openFixture("golden-one")).bundle.stream()).layout };
    const parts: Part[] = [[OBJECT_GRAPH_KEY, tensor("int8", [1], Int8Array.of(1))]];
    await using result = await written(keepTensors({ ...stream, parts: () => toAsync(parts) }, () => false));
    expect(result.entries.size).toBe(0);
  });
});

async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
