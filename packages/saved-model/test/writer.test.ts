import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryFolder, NotFoundError, type Sink, type WritableFolder } from "@modelbytes/bytes";
import {
  addMetaGraph,
  dropMetaGraph,
  dropSignature,
  openSavedModel,
  renameSignature,
  type SavedModel,
  setTags,
  stripDebugInfo,
  stripTraining,
  verifySavedModel,
  writeSavedModel,
  writeVariables,
} from "@modelbytes/saved-model";
import { tensor } from "@modelbytes/tensor";
import { afterAll, describe, expect, test } from "vitest";
import { directoryOf, filesIn, MODELS } from "./fixtures.ts";

const TEMPORARY = await mkdtemp(join(tmpdir(), "modelbytes-saved-model-"));
afterAll(() => rm(TEMPORARY, { recursive: true, force: true }));

/** A model's files after a write into memory. */
async function written(model: SavedModel, options: Parameters<typeof writeSavedModel>[2] = {}): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  await writeSavedModel(folder, model, options);
  return folder;
}

async function problemsOf(folder: MemoryFolder): Promise<string[]> {
  await using model = await openSavedModel(folder);
  const problems: string[] = [];
  for await (const problem of verifySavedModel(model)) problems.push(problem.message);
  return problems;
}

describe.each(MODELS)("%s", (name, directory) => {
  test("a copy is the same files", async () => {
    await using model = await openSavedModel(directory);
    const target = join(TEMPORARY, name);
    await writeSavedModel(target, model);
    expect([...filesIn(target).keys()].sort()).toEqual([...filesIn(directory).keys()].sort());
    for (const [path, bytes] of filesIn(directory)) expect(filesIn(target).get(path)?.equals(bytes), path).toBe(true);
  });

  test("edits and their undo leave the same bytes", async () => {
    await using model = await openSavedModel(directory);
    const before = Buffer.from(model.tree.encode());
    for (const metaGraph of model.metaGraphs) {
      const { tags } = metaGraph;
      if (metaGraph.tree.has("metaInfoDef")) {
        setTags(metaGraph, ["other", ...tags]);
        setTags(metaGraph, tags);
      }
      for (const key of metaGraph.signatures.keys()) {
        renameSignature(metaGraph, key, `${key} renamed`);
        expect(model.tree.changed).toBe(true);
        renameSignature(metaGraph, `${key} renamed`, key);
      }
    }
    expect(before.equals(model.tree.encode())).toBe(true);
  });

  test("stripped of training and debugging it is sound and not larger", async () => {
    await using model = await openSavedModel(directory);
    const size = model.tree.encode().length;
    for (const metaGraph of model.metaGraphs) {
      stripTraining(metaGraph);
      stripDebugInfo(metaGraph);
    }
    expect(model.tree.encode().length).toBeLessThanOrEqual(size);
    expect(await problemsOf(await written(model, { debugInfo: false }))).toEqual([]);
  });
});

describe("edits", () => {
  test("a renamed and a dropped signature, in both of their places, with a new fingerprint", async () => {
    await using model = await openSavedModel(directoryOf("multi"));
    const metaGraph = model.metaGraph(["serve"]);
    renameSignature(metaGraph, "double", "twice");
    dropSignature(metaGraph, "strings");
    const folder = await written(model, { uuid: "00000000000000000042" });
    expect(await problemsOf(folder)).toEqual([]);
    await using edited = await openSavedModel(folder);
    const keys = [...edited.metaGraph().signatures.keys()];
    expect([keys.includes("twice"), keys.includes("double"), keys.includes("strings")]).toEqual([true, false, false]);
    expect((await edited.fingerprint())?.uuid).toBe("00000000000000000042");
    expect(() => renameSignature(metaGraph, "nothing", "x")).toThrow(NotFoundError);
    expect(() => renameSignature(metaGraph, "twice", "count")).toThrow(RangeError);
  });

  test("new values, by key or by name; all else stays", async () => {
    await using model = await openSavedModel(directoryOf("multi"));
    const weights = await model.weights();
    const bias = await weights?.read("bias", { dtype: "float32" });
    const values = new Map([["bias", tensor("float32", bias?.shape ?? [], Float32Array.of(40, 50))]]);
    const folder = await written(model, { values });
    expect(await problemsOf(folder)).toEqual([]);
    await using edited = await openSavedModel(folder);
    const found = await (await edited.weights())?.read("bias/.ATTRIBUTES/VARIABLE_VALUE");
    expect([...(found?.data ?? [])]).toEqual([40, 50]);
    expect(Buffer.from(edited.tree.encode()).equals(model.tree.encode())).toBe(true);
    const wrong = new Map([["bias", tensor("float32", [3], new Float32Array(3))]]);
    await expect(written(model, { values: wrong })).rejects.toThrow(RangeError);
    const unknown = new Map([["nothing", tensor("float32", [3], new Float32Array(3))]]);
    await expect(written(model, { values: unknown })).rejects.toThrow(NotFoundError);
  });

  test("a sharded variable takes its value in parts", async () => {
    await using model = await openSavedModel(directoryOf("sharded"));
    const weights = await model.weights();
    const old = await weights?.read("table", { dtype: "float32" });
    const value = tensor(
      "float32",
      old?.shape ?? [],
      (old?.data ?? new Float32Array(0)).map((_, index) => index),
    );
    const folder = await written(model, { values: new Map([["table", value]]) });
    expect(await problemsOf(folder)).toEqual([]);
    await using edited = await openSavedModel(folder);
    expect((await (await edited.weights())?.read("table"))?.data).toEqual(value.data);
  });

  test("assets are replaced, and nothing leads out of their folder", async () => {
    await using model = await openSavedModel(directoryOf("assets"));
    const folder = await written(model, { assets: new Map([["words.txt", new TextEncoder().encode("new")]]) });
    expect(new TextDecoder().decode(folder.files.get("assets/words.txt"))).toBe("new");
    await expect(written(model, { assets: new Map([["../x", new Uint8Array(0)]]) })).rejects.toThrow(RangeError);
  });

  test("a MetaGraph of another model, and away again", async () => {
    await using model = await openSavedModel(directoryOf("minimal-v1-constant"));
    await using other = await openSavedModel(directoryOf("v1-no-variables"));
    const before = Buffer.from(model.tree.encode());
    expect(() => addMetaGraph(model, other.metaGraph(["serve"]))).toThrow(RangeError);
    setTags(other.metaGraph(["serve"]), ["serve", "gpu"]);
    addMetaGraph(model, other.metaGraph(["serve", "gpu"]));
    const folder = await written(model);
    expect(await problemsOf(folder)).toEqual([]);
    await using both = await openSavedModel(folder);
    expect(both.metaGraphs.map(({ tags }) => tags)).toEqual([["serve"], ["serve", "gpu"]]);
    dropMetaGraph(both, both.metaGraph(["serve", "gpu"]));
    expect(before.equals(both.tree.encode())).toBe(true);
  });

  test("text stays text", async () => {
    await using model = await openSavedModel(directoryOf("v1-text"));
    setTags(model.metaGraph(), ["edited"]);
    const folder = await written(model);
    expect([...folder.files.keys()].filter((path) => path.startsWith("saved_model."))).toEqual(["saved_model.pbtxt"]);
    await using edited = await openSavedModel(folder);
    expect(edited.metaGraph().tags).toEqual(["edited"]);
  });
});

describe("writing over another model", () => {
  /** Fails at the `count`-th write or close. */
  function failing(folder: WritableFolder, count: number): WritableFolder {
    let left = count;
    const step = () => {
      if (left-- === 0) throw new Error("the disk is full");
    };
    return {
      name: folder.name,
      file: (path) => folder.file(path),
      list: (options) => folder.list(options),
      remove: (path) => folder.remove(path),
      sink: (path): Sink => {
        const sink = folder.sink(path);
        return {
          name: sink.name,
          write: async (bytes) => {
            step();
            await sink.write(bytes);
          },
          close: () => sink.close(),
          abort: (reason) => sink.abort(reason),
        };
      },
    };
  }

  test("nothing of the old one is left that the new one has not", async () => {
    const folder = new MemoryFolder();
    await using old = await openSavedModel(directoryOf("tables"));
    await writeSavedModel(folder, old);
    await using model = await openSavedModel(directoryOf("minimal-v1-constant"));
    await writeSavedModel(folder, model);
    expect([...folder.files.keys()]).toEqual(["saved_model.pb"]);
  });

  test("whichever write fails, the old one is whole", async () => {
    await using old = await openSavedModel(directoryOf("multi"));
    await using model = await openSavedModel(directoryOf("gradients"));
    setTags(model.metaGraph(), ["edited"]);
    const value = await (await model.weights())?.read("weight");
    const values = new Map(value === undefined ? [] : [["weight", value]]);
    for (let count = 0; ; count++) {
      const folder = new MemoryFolder();
      await writeSavedModel(folder, old);
      const before = new Map(folder.files);
      try {
        await writeSavedModel(failing(folder, count), model, { values });
        expect(count).toBeGreaterThan(3);
        break;
      } catch (error) {
        expect(String(error)).toContain("the disk is full");
      }
      expect([...folder.files.keys()]).toEqual([...before.keys()]);
      for (const [path, bytes] of before) expect(folder.files.get(path), path).toBe(bytes);
    }
  });
});

test("a new model of variables reads back, and is sound", async () => {
  const folder = new MemoryFolder();
  const kernel = tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4));
  await writeVariables(folder, {
    children: { dense: { children: { kernel: { value: kernel, fullName: "dense/kernel" } } }, "odd na/me": [kernel] },
  });
  expect(await problemsOf(folder)).toEqual([]);
  await using model = await openSavedModel(folder);
  const variables = await model.variables(model.metaGraph(["serve"]));
  expect(variables.map(({ name, fullName }) => [name, fullName])).toEqual([
    ["dense/kernel", "dense/kernel"],
    ["odd na/me/0", "0"],
  ]);
  expect((await (await model.weights())?.read("dense/kernel"))?.data).toEqual(kernel.data);
});
