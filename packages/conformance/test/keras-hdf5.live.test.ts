// Random models, saved by Keras in every form: what we read is what `get_weights` gives, and fits the architecture.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KerasWeight, openKerasHdf5, type VerifyOptions } from "@modelbytes/keras-hdf5";
import { afterAll, describe, expect, test } from "vitest";
import { describeTensor, type ExpectedTensor } from "../../keras-hdf5/test/fixtures.ts";
import { hasPython, interpreter, runPython } from "./python.ts";

interface Saved {
  readonly file: string;
  readonly weights: readonly ExpectedTensor[];
  readonly layers: readonly (readonly [name: string, weights: readonly ExpectedTensor[]])[];
}

const MODELS = 12;

/** In an order that does not depend on the file's. */
function sorted(tensors: Iterable<ExpectedTensor>): string[] {
  return [...tensors].map((tensor) => JSON.stringify(tensor)).sort();
}

describe.runIf(hasPython())("random models", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-keras-hdf5-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(["tensorflow-2.21", "tensorflow-2.15", "tensorflow-2.12"])("of Keras in %s", async (environment) => {
    const python = await interpreter(environment);
    const seed = Math.floor(Math.random() * 1e6);
    const lines = await runPython(python, "fixtures/keras-hdf5/random_models.py", folder, `${seed}`, `${MODELS}`);
    const files: Saved[] = lines
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    expect(files.length).toBeGreaterThan(MODELS);
    /** The architectures of the models by their seeds: files of weights alone come behind them. */
    const architectures = new Map<string, VerifyOptions>();
    for (const { file, weights, layers } of files) {
      await using opened = await openKerasHdf5(file);
      const { modelConfig, kerasVersion } = opened.metadata;
      const [, model = ""] = /(\d+)[^/]*$/.exec(file) ?? [];
      if (opened.kind === "model") architectures.set(model, { modelConfig, kerasVersion });
      const described = new Map<string, ExpectedTensor>();
      for await (const [key, tensor] of opened.stream()) described.set(key, describeTensor(tensor));
      const valuesOf = (list: readonly KerasWeight[]) => list.map(({ key }) => described.get(key));
      const problems: string[] = [];
      for await (const { message } of opened.verify(architectures.get(model))) problems.push(message);
      expect([file, problems]).toEqual([file, []]);
      expect(opened.unlisted).toEqual([]);
      const ofLayers = [...opened.entries].filter(([, { role }]) => role === "layer" || role === "top-level");
      const found = ofLayers.flatMap(([key]) => described.get(key) ?? []);
      expect([file, sorted(found)]).toEqual([file, sorted(weights)]);
      if (opened.kind === "keras-weights") continue;
      expect(opened.layers.map((layer) => [layer.name, valuesOf(layer.weights)])).toEqual(layers);
    }
  });
});
