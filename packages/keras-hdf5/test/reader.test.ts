// Files that Keras wrote, and what it says of them.

import { type KerasHdf5, type KerasWeight, openKerasHdf5, openShardedKerasWeights } from "@modelbytes/keras-hdf5";
import { describe, expect, test } from "vitest";
import { describeTensor, describeText, type Expected, fixtures } from "./fixtures.ts";

async function open(path: string): Promise<KerasHdf5> {
  return await (path.endsWith(".json") ? openShardedKerasWeights(path) : openKerasHdf5(path));
}

async function tensorsOf(file: KerasHdf5): Promise<Record<string, object>> {
  const tensors: Record<string, object> = {};
  for await (const [key, tensor] of file.stream()) tensors[key] = describeTensor(tensor);
  return tensors;
}

function namesOf(weights: readonly KerasWeight[]): string[] {
  return weights.map(({ name }) => name);
}

/** The keys that Keras would write, in the order of its lists. */
function listedKeys({ kind, layers = [], top_level = [], optimizer = [] }: Expected): string[] {
  const base = kind === "model" ? "model_weights/" : "";
  return [
    ...layers.flatMap(([layer, weights]) => weights.map((weight) => `${base}${layer}/${weight}`)),
    ...top_level.map((weight) => `${base}top_level_model_weights/${weight}`),
    ...optimizer.map((weight) => `optimizer_weights/${weight}`),
  ];
}

test.each(fixtures().filter(([, , { layers }]) => layers !== undefined))(
  "%s: layers and weights are named as the model names them",
  async (_, path, expected) => {
    await using file = await open(path);
    expect(file.layers.map(({ name, weights }) => [name, namesOf(weights)])).toEqual(expected.layers);
    expect(namesOf(file.topLevelWeights)).toEqual(expected.top_level);
    expect(namesOf(file.optimizerWeights)).toEqual(expected.optimizer);
    expect([...file.entries.keys()]).toEqual(listedKeys(expected));
    const { kerasVersion, backend, modelConfig, trainingConfig } = file.metadata;
    const metadata = {
      keras_version: kerasVersion,
      backend,
      model_config: modelConfig,
      training_config: trainingConfig,
    };
    const found = Object.entries(metadata).flatMap(([name, text]) =>
      text === undefined ? [] : [[name, describeText(text)]],
    );
    expect(Object.fromEntries(found)).toEqual(expected.metadata);
  },
);

describe.each(fixtures())("%s", (_, path, expected) => {
  test("every tensor has the values that Keras gave it", async () => {
    await using file = await open(path);
    expect(file.kind).toBe(expected.kind);
    expect(await tensorsOf(file)).toEqual(expected.tensors);
    expect(file.unlisted).toEqual([]);
    expect([...file.unreadable.keys()]).toEqual([]);
    for (const [key, { dtype, shape, byteLength }] of file.entries) {
      const tensor = await file.read(key);
      expect([key, dtype, shape]).toEqual([key, tensor.dtype, tensor.shape]);
      if (tensor.dtype !== "string" && tensor.dtype !== "variant") expect(byteLength).toBe(tensor.data.byteLength);
    }
  });

  test("every readable name leads to its tensor", async () => {
    await using file = await open(path);
    for (const [key, variable] of Object.entries(expected.names ?? {})) {
      const owner = variable.slice(0, variable.lastIndexOf("/"));
      const name = file.entries.get(key)?.name ?? "";
      if (name.includes("/")) expect(`/${owner}`.endsWith(`/${name.slice(0, name.lastIndexOf("/"))}`), name).toBe(true);
    }
    expect(new Set([...file.entries.values()].map(({ name }) => name)).size).toBe(file.entries.size);
    for (const [key, { name }] of file.entries) expect(file.keyOf(name)).toBe(key);
  });

  test("is sound", async () => {
    await using file = await open(path);
    const problems: string[] = [];
    for await (const { code, tensor } of file.verify()) problems.push(`${code} ${tensor}`);
    // Keras 3 writes bfloat16 to .h5 in a form that it cannot read
    const isOld = file.kind === "model" || file.kind === "weights";
    const unmarked = [...file.entries].filter(([, { dtype }]) => dtype === "bfloat16" && isOld);
    expect(problems).toEqual(unmarked.map(([key]) => `unmarked ${key}`));
  });
});
