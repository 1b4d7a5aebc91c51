import { MemoryFolder } from "@modelbytes/bytes";
import { type Tensor, tensor } from "@modelbytes/tensor";
import {
  type CheckpointNode,
  OBJECT_GRAPH_KEY,
  openBundle,
  type Part,
  writeBundle,
  writeCheckpoint,
} from "@modelbytes/tensor-bundle";
import { expect, test } from "vitest";
import { writeVariablesOf } from "../src/new-model.ts";
import { openSavedModel } from "../src/saved-model.ts";
import { verifySavedModel } from "../src/verify.ts";

const END = "/.ATTRIBUTES/VARIABLE_VALUE";

function scalar(value: number): Tensor {
  return tensor("float32", [], Float32Array.of(value));
}

/** A checkpoint in memory. */
async function checkpoint(content: readonly Part[] | CheckpointNode) {
  const target = { folder: new MemoryFolder(), prefix: "model" };
  if (isParts(content)) await writeBundle(target, content);
  else await writeCheckpoint(target, content);
  return await openBundle(target.folder, { prefix: "model" });
}

function isParts(content: readonly Part[] | CheckpointNode): content is readonly Part[] {
  return Array.isArray(content);
}

/** The variables of the SavedModel that a checkpoint becomes, by name: their keys and values. It has to be sound. */
async function variablesOf(content: readonly Part[] | CheckpointNode): Promise<Record<string, unknown>> {
  await using bundle = await checkpoint(content);
  const folder = new MemoryFolder();
  await writeVariablesOf(folder, bundle.stream());
  await using model = await openSavedModel(folder);
  for await (const problem of verifySavedModel(model)) expect.fail(problem.message);
  const weights = await model.weights();
  const found: Record<string, unknown> = {};
  for (const { name, key = "" } of await model.variables(model.metaGraph())) {
    found[name] = [key, (await weights?.read(key, { dtype: "float32" }))?.data[0]];
  }
  return found;
}

test("the objects of a checkpoint", async () => {
  const kernel = { value: scalar(1), fullName: "dense/kernel" };
  const optimizer = { children: { rate: scalar(3) }, slots: { m: new Map([[kernel, scalar(2)]]) } };
  expect(
    await variablesOf({ children: { dense: { children: { kernel } }, optimizer, empty: { children: {} } } }),
  ).toEqual({
    "dense/kernel": [`dense/kernel${END}`, 1],
    "optimizer/rate": [`optimizer/rate${END}`, 3],
    "optimizer/m/dense/kernel": [`dense/kernel/.OPTIMIZER_SLOT/optimizer/m${END}`, 2],
  });
});

test("the names of a checkpoint, cut at slashes but not inside of variables", async () => {
  const names = ["dense/kernel", "dense/kernel/Adam", "dense/a.b", "dense", "x//y", "z/.S"];
  const found = await variablesOf(names.map((name, at): Part => [name, scalar(at)]));
  expect(found).toEqual({
    "dense/kernel": [`dense/kernel${END}`, 0],
    "dense/kernel/Adam": [`dense/kernel/Adam${END}`, 1],
    "dense/a.b": [`dense/a..b${END}`, 2],
    dense: [`dense${END}`, 3],
    "x//y": [`x//y${END}`, 4],
    "z/.S": [`z/..S${END}`, 5],
  });
});

test("keys without an object graph stay", async () => {
  expect(await variablesOf([[`a/b${END}`, scalar(1)]])).toEqual({ "a/b": [`a/b${END}`, 1] });
});

test("a name of very many parts", async () => {
  const found = await variablesOf([["a/".repeat(5000), scalar(1)]]);
  expect(Object.keys(found)).toEqual(["a/".repeat(5000)]);
});

test("large tensors, partitions and data files are those of the checkpoint", async () => {
  const partition = (start: number) => ({ shape: [4], slice: [{ start, length: 2 }] });
  const half = (value: number) => tensor("float32", [2], Float32Array.of(value, value));
  const folder = new MemoryFolder();
  const parts: Part[] = [
    ["v", half(1), { partition: partition(0), shardId: 0 }],
    ["v", half(2), { partition: partition(2), shardId: 1 }],
  ];
  const target = { folder: new MemoryFolder(), prefix: "model" };
  await writeBundle(target, parts, { shards: 2 });
  await using bundle = await openBundle(target.folder, { prefix: "model" });
  await writeVariablesOf(folder, bundle.stream());
  await using model = await openSavedModel(folder);
  for await (const problem of verifySavedModel(model)) expect.fail(problem.message);
  expect((await (await model.weights())?.read("v"))?.data).toEqual(Float32Array.of(1, 1, 2, 2));
  expect([...folder.files.keys()].filter((path) => path.includes("data")).sort()).toEqual([
    "variables/variables.data-00000-of-00002",
    "variables/variables.data-00001-of-00002",
  ]);
});

test.each([
  ["a table", { children: { table: { attributes: [{ name: "table", value: [["-keys", scalar(1)]] }] } } }, TypeError],
  ["names that are not UTF-8", [["\udcff", scalar(1)]], /UTF-8/],
  ["an object graph that is none", [[OBJECT_GRAPH_KEY, scalar(1)]], /the object graph is no string, but float32/],
] satisfies [string, readonly Part[] | CheckpointNode, object][])(
  "%s is refused, and leaves what was there",
  async (_, content, error) => {
    const folder = new MemoryFolder();
    await using sound = await checkpoint([["a", scalar(1)]]);
    await writeVariablesOf(folder, sound.stream());
    const before = new Map(folder.files);
    await using bundle = await checkpoint(content);
    await expect(writeVariablesOf(folder, bundle.stream())).rejects.toThrow(error);
    expect(folder.files).toEqual(before);
  },
);
