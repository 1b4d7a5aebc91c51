// Every file that opens can be written again: those of Keras byte for byte, others with the same contents.

import { readdirSync, readFileSync } from "node:fs";
import { CorruptError, MemoryFolder, MemorySink } from "@modelbytes/bytes";
import {
  type KerasHdf5,
  openKerasHdf5,
  openShardedKerasWeights,
  planKerasWeights,
  toKerasH5,
  toKerasWeights,
  type WriteKerasWeightsOptions,
  writeKerasH5,
  writeKerasWeights,
  writeShardedKerasWeights,
} from "@modelbytes/keras-hdf5";
import { describe, expect, test } from "vitest";
import { FIXTURES, fixtures } from "./fixtures.ts";
import { dataset, fileOf, group, names, text } from "./made-file.ts";
import { saidOf } from "./made-model.ts";

const MODEL = `${FIXTURES}keras-3-functional-model/model.h5`;
const WEIGHTS = `${FIXTURES}keras-3-functional-weights/model.weights.h5`;
const SHARDED = `${FIXTURES}keras-3-sharded`;

async function copyOf(file: KerasHdf5, options: WriteKerasWeightsOptions = {}): Promise<Uint8Array> {
  const sink = new MemorySink();
  const write = file.kind === "model" || file.kind === "weights" ? writeKerasH5 : writeKerasWeights;
  const { bytes } = await write(sink, file, options);
  expect(bytes).toBe(sink.bytes.length);
  return sink.bytes;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The path of each fixture in one file, and whether Keras wrote it, by way of h5py 3. */
const FILES = fixtures()
  .filter(([, path]) => path.endsWith(".h5"))
  .map(([name, path]) => [name, path, /^keras-(0|2\.1|3)/.test(name)] as const);

test.each(FILES.filter(([, , isKeras]) => isKeras))("%s is written as it is", async (name, path) => {
  await using file = await openKerasHdf5(path);
  const driver = name.includes("archived") ? "file-object" : "path";
  expect(isEqual(await copyOf(file, { driver }), readFileSync(path))).toBe(true);
});

test.each(FILES.filter(([, , isKeras]) => !isKeras))("%s gives a file of the same contents", async (_, path) => {
  await using file = await openKerasHdf5(path);
  const copy = await copyOf(file);
  expect(await saidOf(copy)).toEqual(await saidOf(readFileSync(path)));
  await using again = await openKerasHdf5(copy);
  expect(isEqual(await copyOf(again), copy)).toBe(true);
});

describe("shards", () => {
  test.each(["keras-3-sharded", "keras-3-one-shard"])("%s is parted again as it is", async (name) => {
    const folder = new MemoryFolder();
    await using file = await openShardedKerasWeights(`${FIXTURES}${name}/model.weights.json`);
    const { shards } = await writeShardedKerasWeights({ folder, name: "model.weights.json" }, file);
    const files = readdirSync(`${FIXTURES}${name}`).filter((each) => each !== "expected.json");
    expect([...folder.files.keys()].sort()).toEqual(files);
    for (const each of files) {
      expect([each, folder.files.get(each)]).toEqual([
        each,
        new Uint8Array(readFileSync(`${FIXTURES}${name}/${each}`)),
      ]);
    }
    expect(["model.weights.json", ...shards].sort()).toEqual(files);
  });

  test("are joined to the file that Keras writes, and that is parted as Keras does", async () => {
    await using file = await openShardedKerasWeights(`${SHARDED}/model.weights.json`);
    const joined = await copyOf(file);
    expect(isEqual(joined, readFileSync(WEIGHTS))).toBe(true);
    await using single = await openKerasHdf5(joined);
    const folder = new MemoryFolder();
    await writeShardedKerasWeights({ folder, name: "model.weights.json" }, single, { maxShardBytes: 2000 });
    for (const [name, bytes] of folder.files) expect(isEqual(bytes, readFileSync(`${SHARDED}/${name}`))).toBe(true);
    expect(folder.files.size).toBe(6);
  });
});

describe("without the optimizer", () => {
  test("a model has no training configuration either", async () => {
    await using file = await openKerasHdf5(MODEL);
    await using copy = await openKerasHdf5(await copyOf(file, { optimizer: false }));
    expect(copy.metadata).toEqual({ ...file.metadata, trainingConfig: undefined });
    expect(copy.layers).toEqual(file.layers);
    expect([file.optimizerWeights.length > 0, copy.optimizerWeights]).toEqual([true, []]);
    expect((await copy.hdf5.group("/")).links.has("optimizer_weights")).toBe(false);
  });

  test("weights have no group for it", async () => {
    await using file = await openKerasHdf5(WEIGHTS);
    await using copy = await openKerasHdf5(await copyOf(file, { optimizer: false }));
    expect(copy.layers).toEqual(file.layers);
    expect(copy.optimizerWeights).toEqual([]);
    expect((await copy.hdf5.group("/")).links.has("optimizer")).toBe(false);
  });
});

test("the layout inside of .keras is another, of the size that the plan gives", async () => {
  await using file = await openKerasHdf5(WEIGHTS);
  const plan = await planKerasWeights(file, { driver: "file-object" });
  const copy = await copyOf(file, { driver: "file-object" });
  expect([plan.driver, plan.size, plan.doubts]).toEqual(["file-object", copy.length, []]);
  expect(isEqual(copy, readFileSync(`${FIXTURES}keras-3-archived-weights/model.weights.h5`))).toBe(true);
});

test("a file that was changed in between", async () => {
  await using file = await openKerasHdf5(MODEL);
  const contents = await toKerasH5(file);
  const renamed = [...contents.layers].map((layer) => (layer.name === "conv" ? { ...layer, name: "first" } : layer));
  const sink = new MemorySink();
  await writeKerasH5(sink, { ...contents, layers: renamed, modelConfig: undefined });
  await using changed = await openKerasHdf5(sink.bytes);
  expect(changed.kind).toBe("weights");
  expect(changed.layers.map(({ name }) => name)).toEqual(
    file.layers.map(({ name }) => name.replace(/^conv$/, "first")),
  );
  expect(await changed.read("conv/kernel")).toEqual(await file.read("conv/kernel"));
});

test("groups come in the order in which they were made, or where nobody knows it, by number", async () => {
  const made = ["layers/dense_10", "layers/dense_2", "layers/dense_1", "layers/dense", ""];
  const bytes = await fileOf(...made.map((path) => dataset(`${path}/vars/0`)));
  const pathsOf = async (engine: "classic" | "h5wasm") => {
    await using file = await openKerasHdf5(bytes, { engine });
    return [...(await toKerasWeights(file)).groups].map(({ path }) => path);
  };
  expect(await pathsOf("classic")).toEqual(made);
  expect(await pathsOf("h5wasm")).toEqual(made.toReversed());
});

describe("what is refused", () => {
  test("the other form", async () => {
    await using model = await openKerasHdf5(MODEL);
    await using weights = await openKerasHdf5(WEIGHTS);
    await expect(toKerasWeights(model)).rejects.toThrow("toKerasH5");
    await expect(toKerasH5(weights)).rejects.toThrow("toKerasWeights");
    const sink = new MemorySink();
    await expect(writeKerasWeights(sink, model)).rejects.toThrow(TypeError);
    await sink.close();
    expect(sink.bytes.length).toBe(0);
  });

  test("a file of which a part is missing", async () => {
    const damaged = await fileOf(names("", "layer_names", ["a", "b"]), group("a"), names("a", "weight_names", []));
    await using file = await openKerasHdf5(damaged, { tolerant: true });
    await expect(copyOf(file)).rejects.toThrow(file.damage[0]);
    expect(file.damage[0]).toBeInstanceOf(CorruptError);
  });
});

test("what Keras does not read is copied, too", async () => {
  const list = [names("", "layer_names", ["a"]), group("a"), names("a", "weight_names", ["w"]), dataset("a/w", 2)];
  const odd = await fileOf(...list, dataset("other/thing", 3), text("", "training_config", "{}"));
  await using file = await openKerasHdf5(odd);
  expect(file.unlisted).toEqual(["other/thing"]);
  expect(await saidOf(await copyOf(file))).toEqual(await saidOf(odd));
  const weights = await fileOf(group("vars"), text("vars", "name", "é"), dataset("layers/a/vars/0"), dataset("b"));
  await using other = await openKerasHdf5(weights);
  expect(other.unlisted).toEqual(["b"]);
  expect(await saidOf(await copyOf(other))).toEqual(await saidOf(weights));
});
