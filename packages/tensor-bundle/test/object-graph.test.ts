import { decodeVariant, openBundle, pathOfKey, readableNames } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { FIXTURES, fixturesOf } from "./fixtures.ts";

describe.each(fixturesOf("tensor-bundle").filter(([, { objectGraph }]) => objectGraph !== undefined))(
  "%s",
  (name, { prefix, objectGraph }) => {
    test("has the object graph that Python TensorFlow reads", async () => {
      await using bundle = await openBundle(`${FIXTURES}${name}/${prefix}`);
      const graph = await bundle.objectGraph();
      const nodes = graph?.nodes.map(({ children, attributes, slotVariables }) => ({
        children: Object.fromEntries(children.map(({ localName, nodeId }) => [localName, nodeId])),
        attributes: attributes.map(({ name: of, fullName, checkpointKey }) => ({
          name: of,
          fullName,
          key: checkpointKey,
        })),
        slots: slotVariables.map((slot) => ({
          variable: slot.originalVariableNodeId,
          name: slot.slotName,
          node: slot.slotVariableNodeId,
        })),
      }));
      expect(nodes).toEqual(objectGraph);
    });

    test("gives each key a name of its own", async () => {
      await using bundle = await openBundle(`${FIXTURES}${name}/${prefix}`);
      const graph = (await bundle.objectGraph()) ?? { nodes: [] };
      const names = readableNames(graph, bundle.entries.keys());
      expect([...names.keys()]).toEqual([...bundle.entries.keys()]);
      expect(new Set(names.values()).size).toBe(names.size);
    });
  },
);

test("Keras 3 weights that sit under the optimizer are called by what they are", async () => {
  await using bundle = await openBundle(`${FIXTURES}demo`);
  const names = readableNames((await bundle.objectGraph()) ?? { nodes: [] }, bundle.entries.keys());
  expect(names.get("optimizer/_trainable_variables/0/.ATTRIBUTES/VARIABLE_VALUE")).toMatch(/embedding\/embeddings$/);
  expect(names.get("optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE")).toBe("adam/iteration");
});

test("names that are given twice are told apart by their paths", async () => {
  await using bundle = await openBundle(`${FIXTURES}objects-tree/model-1`);
  const names = readableNames((await bundle.objectGraph()) ?? { nodes: [] }, bundle.entries.keys());
  expect(names.get("model/first/weight/.ATTRIBUTES/VARIABLE_VALUE")).toBe("model/first/weight");
  expect(names.get("model/dict/x.Sy/.ATTRIBUTES/VARIABLE_VALUE")).toBe("slash");
});

test.each([
  ["model/d/x.Sy/.ATTRIBUTES/VARIABLE_VALUE", "model/d/x/y"],
  ["model/d/..S/.ATTRIBUTES/VARIABLE_VALUE", "model/d/.S"],
  ["tab/.ATTRIBUTES/table-keys", "tab/table-keys"],
  ["/.ATTRIBUTES/VARIABLE_VALUE", "/.ATTRIBUTES/VARIABLE_VALUE"],
  ["scope/b_var", "scope/b_var"],
])("the key %s spells %s", (key, path) => expect(pathOfKey(key)).toBe(path));

test("variants are the messages that TensorFlow made", async () => {
  await using bundle = await openBundle(`${FIXTURES}variants/model`);
  const types = new Set<string>();
  for (const [name, { dtype }] of bundle.entries) {
    if (dtype !== "variant") continue;
    for (const element of (await bundle.read(name, { dtype: "variant" })).data)
      types.add(decodeVariant(element).typeName);
  }
  expect(types).toContain("tensorflow::TensorList");
});
