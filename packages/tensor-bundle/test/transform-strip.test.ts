import { tensor } from "@modelbytes/tensor";
import type { StoredStream } from "@modelbytes/tensor-bundle";
import type { ObjectGraph } from "@modelbytes/tf-proto";
import { describe, expect, test } from "vitest";
import { headOf } from "../src/transform/heads.ts";
import { renameTensors } from "../src/transform/rename.ts";
import { stripOptimizer } from "../src/transform/strip.ts";
import { digest, filesOfStream, openFixture, values, written } from "./transformed.ts";

/** Keys by the local names that lead to them, by way of `through`. */
function keysThrough({ nodes }: ObjectGraph, through: string): Record<string, string> {
  const start = nodes[0]?.children.find(({ localName }) => localName === through)?.nodeId;
  const paths = new Map(start === undefined ? [] : [[start, through] as const]);
  const found: [string, string][] = [];
  for (const [id, path] of paths) {
    for (const { checkpointKey } of nodes[id]?.attributes ?? []) found.push([path, checkpointKey]);
    for (const { nodeId, localName } of nodes[id]?.children ?? []) {
      if (!paths.has(nodeId)) paths.set(nodeId, `${path}/${localName}`);
    }
  }
  return Object.fromEntries(found);
}

describe("with an object graph", () => {
  test("Keras 3: the model's weights stay, under the model's paths", async () => {
    const { bundle } = await openFixture("objects-keras-3-optimizer");
    const graph = await bundle.objectGraph();
    if (graph === undefined) throw new Error("no graph");
    await using result = await written(stripOptimizer(bundle.stream(), graph));
    const before = keysThrough(graph, "model");
    const stripped = await result.objectGraph();
    const after = keysThrough(stripped ?? { nodes: [] }, "model");
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const [path, key] of Object.entries(after)) {
      expect(key).toBe(`${path}/.ATTRIBUTES/VARIABLE_VALUE`);
      expect(await result.read(key)).toEqual(await bundle.read(before[path] ?? ""));
    }
    const counter = "save_counter/.ATTRIBUTES/VARIABLE_VALUE";
    expect(Object.keys(await values(result)).sort()).toEqual([...Object.values(after), counter].sort());
    expect(stripped?.nodes.length).toBe(graph.nodes.length);
    expect(stripped?.nodes[2]).toMatchObject({ attributes: [], children: [], hasCheckpointValues: false });
  });

  test.each(["keras-2-adam-slots", "keras-2-adam-variables"])(
    "%s: no slot and no scalar of the optimizer",
    async (name) => {
      const { bundle } = await openFixture(name);
      const graph = await bundle.objectGraph();
      await using result = await written(stripOptimizer(bundle.stream(), graph));
      const before = await values(bundle);
      const left = Object.entries(before).filter(([key]) => !/\.OPTIMIZER_SLOT|(^|\/)optimizer\//.test(key));
      expect(await values(result)).toEqual(Object.fromEntries(left));
      expect(left.length).toBeLessThan(Object.keys(before).length);
      const after = await result.objectGraph();
      expect(after?.nodes.flatMap(({ slotVariables }) => slotVariables)).toEqual([]);
      const again = stripOptimizer(result.stream(), after);
      expect(digest(await filesOfStream(again))).toEqual(digest(await filesOfStream(result.stream())));
    },
  );

  test("a checkpoint without an optimizer stays as it is, tables and all", async () => {
    for (const name of ["objects-tree", "objects-states", "partitioned-sharded-variable", "objects-empty"]) {
      const { bundle } = await openFixture(name);
      const stripped = stripOptimizer(bundle.stream(), await bundle.objectGraph());
      expect(digest(await filesOfStream(stripped))).toEqual(digest(await filesOfStream(bundle.stream())));
    }
  });

  test("partitions and tables that were stored under the optimizer's path follow", async () => {
    for (const [name, child, left] of [
      ["partitioned-sharded-variable", "table", "twin/.ATTRIBUTES/VARIABLE_VALUE"],
      ["objects-states", "table", "twin/.ATTRIBUTES/table-keys"],
    ] as const) {
      const { bundle } = await openFixture(name);
      const graph = await bundle.objectGraph();
      const [root, ...others] = graph?.nodes ?? [];
      if (root === undefined) throw new Error("no root");
      // a second edge to the object, and the first one is the optimizer's
      const { nodeId = 0 } = root.children.find(({ localName }) => localName === child) ?? {};
      const twin = { nodes: [{ ...root, children: [...root.children, { nodeId, localName: "twin" }] }, ...others] };
      const renaming = (key: string) => key.replace(new RegExp(`^${child}/`), "optimizer/");
      const stream = renameTensors(bundle.stream(), renaming);
      const renamed = {
        nodes: twin.nodes.map((node) => ({
          ...node,
          children: node.children.map((c) => (c.localName === child ? { ...c, localName: "optimizer" } : c)),
          attributes: node.attributes.map((a) => ({ ...a, checkpointKey: renaming(a.checkpointKey) })),
        })),
      };
      const names: string[] = [];
      for await (const { name: key } of stripOptimizer(stream, renamed).heads()) names.push(key);
      expect(names).toContain(left);
      expect(names.filter((key) => key.startsWith("optimizer/"))).toEqual([]);
    }
  });
});

describe("by name", () => {
  const stream = (shapes: Record<string, readonly number[]>): StoredStream => ({
    layout: {
      header: { numShards: 1, bigEndian: false, version: undefined },
      partitioned: new Map(),
      shardSizes: async () => [],
    },
    async *parts() {
      for (const [name, shape] of Object.entries(shapes)) {
        const count = shape.reduce((product, length) => product * length, 1);
        yield [name, tensor("int8", shape, new Int8Array(count))];
      }
    },
  });
  const left = async (shapes: Record<string, readonly number[]>) => {
    const names: string[] = [];
    for await (const part of stripOptimizer(stream(shapes), undefined).parts()) names.push(headOf(part).name);
    return names;
  };

  // what TensorFlow 2.21 names the variables of its optimizers
  test.each([
    ["Adam", ["beta1_power", "beta2_power"], ["w/Adam", "w/Adam_1", "net/b/Adam", "net/b/Adam_1"]],
    ["Adam twice", ["beta1_power_1", "beta2_power_1"], ["w/Adam_2", "w/Adam_3", "net/b/Adam_2"]],
    ["Adam in a scope", ["train/beta1_power"], ["train/w/Adam", "train/w/Adam_1", "train/net/b/Adam"]],
    ["RMSProp", [], ["w/RMSProp", "w/RMSProp_1", "w/RMSProp_2", "net/b/RMSProp"]],
    ["others", [], ["w/Momentum", "w/Adagrad", "w/AdagradDA", "w/AdagradDA_1", "w/Adadelta", "w/Adadelta_1"]],
    ["more", [], ["w/Ftrl", "w/Ftrl_1", "w/ProximalAdagrad", "w/adam_m", "w/adam_v"]],
    [
      "Keras",
      ["Adam/iter", "Adam/beta_1", "training/Adam/decay"],
      ["Adam/w/m", "Adam/w/v", "training/Adam/net/b/vhat"],
    ],
    ["Keras's others", ["SGD/momentum", "Nadam/momentum_cache"], ["SGD/w/momentum", "RMSprop/w/mg", "Ftrl/w/linear"]],
  ])("%s", async (_, scalars, slots) => {
    const model = { w: [2, 3], "net/b": [3], global_step: [] };
    const shapeOf = (slot: string) => (/(^|\/)b\//.test(slot) ? [3] : [2, 3]);
    const named = [
      ...scalars.map((name) => [name, []] as const),
      ...slots.map((name) => [name, shapeOf(name)] as const),
    ];
    expect(await left({ ...Object.fromEntries(named), ...model })).toEqual(Object.keys(model));
  });

  test("what only looks like it stays", async () => {
    const shapes = {
      w: [2, 3],
      "w/Adam": [3], // another shape
      "v/Adam": [2, 3], // no variable v
      Adam: [2, 3],
      beta1_power: [1], // no scalar
      "w/ExponentialMovingAverage": [2, 3],
      "w/m": [2, 3], // not in the scope of an optimizer
      "Adam/kernel": [2, 3],
      "w/Adam_0": [2, 3], // no number that TensorFlow gives
      global_step: [],
    };
    expect(await left(shapes)).toEqual(Object.keys(shapes));
  });

  test("partitions of a slot are as large as those of its variable", async () => {
    const { bundle } = await openFixture("saver-partitioned");
    const [[name = ""] = []] = [...bundle.entries].filter(([, { slices }]) => slices !== undefined);
    const slot = renameTensors(bundle.stream(), (key) => `${key}/Momentum`);
    const both: StoredStream = {
      layout: { ...bundle.stream().layout, partitioned: new Map() },
      async *parts() {
        yield* slot.parts();
        yield* bundle.stream().parts();
      },
    };
    await using result = await written(stripOptimizer(both, undefined));
    expect(result.entries.has(name)).toBe(true);
    expect(await values(result)).toEqual(await values(bundle));
  });
});
