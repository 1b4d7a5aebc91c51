// Every fixture as TensorFlow's own protobuf classes see it.

import { createHash } from "node:crypto";
import { NotFoundError } from "@modelbytes/bytes";
import { bodyOf, constantOf, kindOf, openSavedModel, type SignatureTensor } from "@modelbytes/saved-model";
import { stringifyMessage } from "@modelbytes/tf-proto";
import { SavedModel, StringValue } from "@modelbytes/tf-proto/messages";
import { describe, expect, test } from "vitest";
import { directoryOf, type ExpectedInfo, type ExpectedVariable, hashOf, MODELS } from "./fixtures.ts";

function info(
  tensor: SignatureTensor,
  expected: ExpectedInfo,
): Pick<ExpectedInfo, "dtype" | "shape"> & { names: string[] } {
  const shape = tensor.shape === undefined ? null : tensor.shape.map((size) => size ?? -1);
  const dtype = tensor.dtype === "invalid" ? null : tensor.dtype;
  const names = tensor.parts === undefined ? [tensor.name] : [...tensor.parts.values()];
  return { dtype, shape, names: expected.tensor === undefined ? names : [tensor.name] };
}

function expectedNames({ tensor, sparse, components }: ExpectedInfo): string[] {
  if (components !== undefined) return components.flatMap(expectedNames);
  return sparse === undefined ? [tensor ?? ""] : [...sparse];
}

/** A variable's path as this library spells it. */
function pathText({ path = [], name = "" }: ExpectedVariable): string {
  if (!("slot" in path)) return path.join("/") || name;
  return [...path.optimizer, path.variable.join("/"), path.slot].join("/");
}

describe.each(MODELS)("%s", (_, directory, expected) => {
  test("tags, signatures, nodes, functions, assets, ops", async () => {
    await using model = await openSavedModel(directory);
    expect(model.metaGraphs).toHaveLength(expected.metaGraphs.length);
    for (const [index, metaGraph] of model.metaGraphs.entries()) {
      const wanted = expected.metaGraphs[index];
      if (wanted === undefined) throw new Error("too many MetaGraphs");
      expect(metaGraph.tags).toEqual(wanted.tags ?? []);
      expect([...metaGraph.signatures.keys()].sort()).toEqual(Object.keys(wanted.signatures).sort());
      for (const [key, { inputs, outputs, methodName }] of metaGraph.signatures) {
        const signature = wanted.signatures[key];
        expect(methodName).toBe(signature?.method);
        for (const [found, given] of [[inputs, signature?.inputs] as const, [outputs, signature?.outputs] as const]) {
          expect([...found.keys()].sort()).toEqual(Object.keys(given ?? {}).sort());
          for (const [name, tensor] of found) {
            const one = given?.[name];
            if (one === undefined) throw new Error(`no tensor ${name}`);
            expect(info(tensor, one)).toEqual({ dtype: one.dtype, shape: one.shape, names: expectedNames(one) });
          }
        }
      }
      expect(metaGraph.nodes.size).toBe(wanted.nodes);
      expect([...metaGraph.functions.keys()].sort()).toEqual(Object.keys(wanted.functions).sort());
      expect(metaGraph.assets.map(({ filename }) => filename)).toEqual((wanted.assets ?? []).map(({ file }) => file));
      expect(metaGraph.strippedOps).toEqual(wanted.strippedOps ?? []);
    }
  });

  test("constants of the graph and of all functions", async () => {
    await using model = await openSavedModel(directory);
    for (const [index, metaGraph] of model.metaGraphs.entries()) {
      for (const { in: body, node: name, dtype, shape, sha256 } of expected.metaGraphs[index]?.constants ?? []) {
        if (sha256 === undefined) continue;
        const tree = metaGraph.functions.get(body);
        const node = (tree === undefined ? metaGraph.nodes : bodyOf(tree)).get(name);
        const tensor = node && constantOf(node);
        expect(tensor && { dtype: tensor.dtype, shape: tensor.shape, sha256: hashOf(tensor) }).toEqual({
          dtype,
          shape,
          sha256,
        });
      }
    }
  });

  test("objects, variables and their values", async () => {
    await using model = await openSavedModel(directory);
    const weights = await model.weights();
    const values = new Map<string, string>();
    for await (const [key, tensor] of weights?.stream() ?? []) values.set(key, hashOf(tensor));
    expect([...values].sort()).toEqual(
      Object.entries(expected.bundle ?? {})
        .map(([key, { sha256 }]) => [key, sha256])
        .sort(),
    );
    for (const [index, metaGraph] of model.metaGraphs.entries()) {
      const wanted = expected.metaGraphs[index];
      const objects = metaGraph.objectGraph?.nodes.map((node) => kindOf(node));
      expect(objects).toEqual(wanted?.objects?.map(({ kind }) => kind));
      const variables = await model.variables(metaGraph);
      if (wanted?.variables === undefined) continue;
      expect(
        variables.map(({ nodeId, name, key, fullName, dtype, shape, trainable }) => ({
          nodeId,
          name,
          key,
          fullName,
          dtype,
          shape,
          trainable,
        })),
      ).toEqual(
        wanted.variables.map((each) => ({
          nodeId: each.node,
          name: pathText(each),
          key: each.key,
          fullName: each.name ?? "",
          dtype: each.dtype,
          shape: each.shape?.map((size) => (size < 0 ? null : size)) ?? undefined,
          trainable: each.trainable,
        })),
      );
      for (const { key, name, sha256 } of wanted.variables) {
        if (sha256 !== undefined && key !== undefined) expect([name, values.get(key)]).toEqual([name, sha256]);
      }
    }
  });

  test("what a TF1 model restores", async () => {
    await using model = await openSavedModel(directory);
    for (const [index, metaGraph] of model.metaGraphs.entries()) {
      const { restored, objects } = expected.metaGraphs[index] ?? {};
      if (objects !== undefined || restored === undefined || metaGraph.saver === undefined) continue;
      const variables = await model.variables(metaGraph);
      const found = variables.map(({ name, key, slice }) => [name, slice === undefined ? { key } : { key, slice }]);
      expect(found.sort()).toEqual(Object.entries(restored).sort());
    }
  });

  test("as text, what Python prints", async () => {
    await using model = await openSavedModel(directory);
    const text = stringifyMessage(SavedModel, model.tree.decode(), { anyTypes: [StringValue] });
    expect(createHash("sha256").update(text).digest("hex")).toBe(expected.pbtxt);
  });
});

test("readable names stand for keys", async () => {
  await using model = await openSavedModel(directoryOf("nested"));
  const weights = await model.weights();
  const names = [...(weights?.names ?? [])];
  expect(new Set(names.map(([, name]) => name)).size).toBe(names.length);
  for (const [key, name] of names) expect(weights?.keyOf(name)).toBe(key);
  expect(() => weights?.keyOf("nothing")).toThrow(NotFoundError);
});

test("a TF1 Hub module has no saver: its keys are the names of its variables", async () => {
  await using model = await openSavedModel(directoryOf("v1-hub"));
  const variables = await model.variables(model.metaGraph([]));
  expect(variables.map(({ name, key }) => [name, key]).sort()).toEqual([
    ["scope/b", "scope/b"],
    ["w", "w"],
  ]);
});

test("Keras 3 exports hold each variable twice", async () => {
  await using model = await openSavedModel(directoryOf("keras-3-export"));
  const variables = await model.variables(model.metaGraph());
  const copies = variables.filter(({ duplicateOf }) => duplicateOf !== undefined);
  expect(copies.length).toBeGreaterThan(0);
  for (const { name, duplicateOf } of copies)
    expect([name, duplicateOf?.startsWith("variables/")]).toEqual([name, true]);
});

test("MetaGraphs are chosen by their set of tags", async () => {
  await using model = await openSavedModel(directoryOf("v1-several"));
  expect(model.metaGraph(["gpu", "serve", "gpu"]).tags).toEqual(["serve", "gpu"]);
  expect(() => model.metaGraph(["tpu"])).toThrow("[train], [serve], [serve, gpu]");
  expect(() => model.metaGraph()).toThrow(NotFoundError);
});
