// Edited SavedModels, judged by TensorFlow: its loaders take them, and signatures give the same numbers.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  addMetaGraph,
  dropSignature,
  openSavedModel,
  renameSignature,
  setTags,
  stripDebugInfo,
  stripTraining,
  verifySavedModel,
  writeSavedModel,
  writeVariables,
} from "@modelbytes/saved-model";
import { tensor } from "@modelbytes/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

const MODELS = [
  "multi",
  "tables",
  "args",
  "control-flow",
  "gradients",
  "sharded",
  "keras-3-export",
  "v1-assets",
  "v1-several",
];

const FIXTURES = new URL("../../../fixtures/saved-model/", import.meta.url).pathname;
const FOLDER = mkdtempSync(join(tmpdir(), "modelbytes-edited-"));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

interface Loader {
  readonly error?: string;
  readonly message?: string;
  readonly signatures?: Readonly<Record<string, object>>;
  readonly variables?: Readonly<Record<string, object>>;
}

interface Verdict {
  readonly folder: string;
  readonly metaGraphs: readonly {
    readonly tags: readonly string[];
    readonly python: Loader;
    readonly v1: Loader;
    readonly c: Loader;
  }[];
}

let python = "";

async function judge(...folders: readonly string[]): Promise<Verdict[]> {
  const lines = await runPython(python, "fixtures/saved-model/judge.py", ...folders);
  return lines
    .trim()
    .split("\n")
    .map((line): Verdict => JSON.parse(line));
}

async function problemsOf(directory: string): Promise<string[]> {
  await using model = await openSavedModel(directory);
  const problems: string[] = [];
  for await (const { message } of verifySavedModel(model)) problems.push(message);
  return problems;
}

describe.runIf(hasPython())("edited SavedModels", () => {
  beforeAll(async () => {
    python = await interpreter("tensorflow-2.21");
  });

  test.each(MODELS)("%s, stripped: the same signatures, the same numbers, in all loaders", async (name) => {
    const target = join(FOLDER, `stripped-${name}`);
    await using model = await openSavedModel(join(FIXTURES, name, "model"));
    for (const metaGraph of model.metaGraphs) {
      stripTraining(metaGraph);
      stripDebugInfo(metaGraph);
    }
    await writeSavedModel(target, model, { debugInfo: false });
    expect(await problemsOf(target)).toEqual([]);
    const [before, after] = await judge(join(FIXTURES, name, "model"), target);
    expect(after?.metaGraphs.map(({ tags, python: { signatures }, v1, c }) => ({ tags, signatures, v1, c }))).toEqual(
      before?.metaGraphs.map(({ tags, python: { signatures }, v1, c }) => ({ tags, signatures, v1, c })),
    );
  });

  test("random models, stripped, give the same numbers", async () => {
    const folder = join(FOLDER, "random");
    await runPython(python, "fixtures/saved-model/random_model.py", "--seeds", "0:5", folder);
    const names = readdirSync(folder).sort();
    expect(names.length).toBe(5);
    for (const name of names) {
      await using model = await openSavedModel(join(folder, name, "model"));
      for (const metaGraph of model.metaGraphs) {
        stripTraining(metaGraph);
        stripDebugInfo(metaGraph);
      }
      await writeSavedModel(join(FOLDER, `stripped-${name}`), model, { debugInfo: false });
    }
    const before = await judge(...names.map((name) => join(folder, name, "model")));
    const after = await judge(...names.map((name) => join(FOLDER, `stripped-${name}`)));
    const signaturesOf = (verdicts: readonly Verdict[]) =>
      verdicts.map(({ metaGraphs }) =>
        metaGraphs.map(({ python: loaded, v1 }) => [loaded.error, loaded.signatures, v1]),
      );
    expect(signaturesOf(after)).toEqual(signaturesOf(before));
  });

  test("renamed, dropped, retagged, with new values", async () => {
    const target = join(FOLDER, "edited");
    await using model = await openSavedModel(join(FIXTURES, "multi/model"));
    const metaGraph = model.metaGraph(["serve"]);
    renameSignature(metaGraph, "double", "twice");
    dropSignature(metaGraph, "strings");
    setTags(metaGraph, ["serve", "edited"]);
    const old = await (await model.weights())?.read("w", { dtype: "float32" });
    const value = tensor("float32", old?.shape ?? [], new Float32Array(4).fill(7));
    await writeSavedModel(target, model, { values: new Map([["w", value]]) });
    expect(await problemsOf(target)).toEqual([]);
    const [verdict] = await judge(target);
    const [judged] = verdict?.metaGraphs ?? [];
    expect(judged?.tags).toEqual(["serve", "edited"]);
    for (const loader of [judged?.python, judged?.v1]) {
      expect(Object.keys(loader?.signatures ?? {}).sort()).toEqual(
        [...metaGraph.signatures.keys()].filter((key) => !key.startsWith("__")).sort(),
      );
      expect(loader?.variables).toMatchObject({ w: { values: [7, 7, 7, 7] } });
    }
    expect(judged?.c.error).toBeUndefined();
  });

  test("two MetaGraphs in one model", async () => {
    const target = join(FOLDER, "two");
    await using model = await openSavedModel(join(FIXTURES, "minimal-v1-constant/model"));
    await using other = await openSavedModel(join(FIXTURES, "v1-no-variables/model"));
    setTags(other.metaGraph(), ["serve", "gpu"]);
    addMetaGraph(model, other.metaGraph());
    await writeSavedModel(target, model);
    const [verdict] = await judge(target);
    expect(verdict?.metaGraphs.map(({ tags, v1, c }) => [tags, v1.error, c.error])).toEqual([
      [["serve"], undefined, undefined],
      [["serve", "gpu"], undefined, undefined],
    ]);
  });

  test("a new model of variables loads everywhere, with its values", async () => {
    const target = join(FOLDER, "variables");
    const kernel = tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4));
    const step = tensor("int64", [], BigInt64Array.of(5n));
    await writeVariables(target, { children: { dense: { children: { kernel } }, step, list: [kernel] } });
    expect(await problemsOf(target)).toEqual([]);
    const [verdict] = await judge(target);
    const [judged] = verdict?.metaGraphs ?? [];
    expect(judged?.python.variables).toMatchObject({ "dense/kernel": { values: [1, 2, 3, 4] }, step: { values: [5] } });
    expect(Object.values(judged?.v1.variables ?? {})).toHaveLength(2);
    expect(judged?.c.error).toBeUndefined();
  });
});
