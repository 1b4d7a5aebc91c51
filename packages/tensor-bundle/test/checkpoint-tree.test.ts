import { readdirSync, readFileSync } from "node:fs";
import { fc, test as property } from "@fast-check/vitest";
import { MemoryFolder } from "@modelbytes/bytes";
import { fromNumbers, type Tensor, tensor } from "@modelbytes/tensor";
import { openBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import type { CheckpointNode, CheckpointObject } from "../src/checkpoint-node.ts";
import { checkpointParts, keywords, type WriteCheckpointOptions, writeCheckpoint } from "../src/checkpoint-tree.ts";
import { FIXTURES, fixturesOf } from "./fixtures.ts";
import { treeOf } from "./object-tree.ts";

async function written(root: CheckpointNode, options?: WriteCheckpointOptions): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  await writeCheckpoint({ folder, prefix: "model" }, root, options);
  return folder;
}

/** The files of a fixture's checkpoint in hexadecimal, as those of a checkpoint called `model`. */
function fixture(name: string, prefix: string): Record<string, string> {
  const names = readdirSync(FIXTURES + name).filter((file) => file.startsWith(`${prefix}.`));
  return Object.fromEntries(
    names.map((file) => [file.replace(prefix, "model"), readFileSync(`${FIXTURES}${name}/${file}`).toString("hex")]),
  );
}

function hexOf({ files }: MemoryFolder): Record<string, string> {
  return Object.fromEntries([...files].sort().map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")]));
}

/** Checkpoints with objects; but how MaxShardSizePolicy cuts tensors is no matter of the objects. */
const withObjects = fixturesOf("tensor-bundle").filter(
  ([name, { objectGraph }]) => objectGraph !== undefined && !name.startsWith("max-shard-size"),
);

describe("a checkpoint of TensorFlow, from nothing but its objects, is written again byte for byte", () => {
  test.each(withObjects)("%s", async (name, { prefix }) => {
    await using bundle = await openBundle(`${FIXTURES}${name}/${prefix}`);
    expect(hexOf(await written(await treeOf(bundle)))).toEqual(fixture(name, prefix));
  });
});

/** float32 values `start`, `start` + `step`, …, as the scripts of the fixtures fill variables. */
function floats(shape: readonly number[], start = 0, step = 1): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const numbers = Array.from({ length: count }, (_, at) => start + at * step);
  return fromNumbers("float32", shape, numbers);
}

function variable(fullName: string, ...shape: readonly number[]): CheckpointObject {
  return { value: floats(shape), fullName };
}

/** The objects of objects.py, spelled as there. */
function outer(): Record<string, CheckpointNode> {
  const inner = () => ({ children: { weight: variable("weight", 2, 2), bias: variable("bias", 2) } });
  const second = inner();
  return {
    second,
    first: inner(),
    list: [variable("in_list", 1), inner(), [variable("deep")]],
    tuple: [variable("in_tuple", 3)],
    dict: new Map([
      ["b", variable("b", 1)],
      ["a", variable("a", 2)],
      ["x/y", variable("slash")],
      [".S", variable("dot")],
      ["..", variable("dots")],
      ["naïve 😀", variable("unicode")],
    ]),
    shared: second.children.weight,
    empty: {},
  };
}

describe("spelled by hand, the bytes of the fixture", () => {
  test("objects-tree: tf.train.Checkpoint(model=…, step=…, also=…).save(…)", async () => {
    const step = { value: tensor("int64", [], BigInt64Array.of(0n)), fullName: "step" };
    const root = keywords({ step, model: { children: outer() }, also: variable("also", 2) });
    expect(hexOf(await written(root, { saveCounter: 1 }))).toEqual(fixture("objects-tree", "model-1"));
  });

  test("objects-attached: tf.train.Checkpoint(root, zero=…, first=…, also=…).save(…)", async () => {
    const root = { children: outer() };
    const { first, second } = root.children;
    if (first === undefined || second === undefined) return expect.unreachable();
    const attached = keywords({ zero: variable("zero", 2), root, first, also: [second, root] });
    expect(hexOf(await written(root, { attached, saveCounter: 1n }))).toEqual(fixture("objects-attached", "model-1"));
  });

  test("objects-root-variable, objects-empty", async () => {
    const root: CheckpointObject = { value: tensor("float32", [], Float32Array.of(3)), fullName: "root" };
    expect(hexOf(await written(root, { attached: { root } }))).toEqual(fixture("objects-root-variable", "model"));
    expect(hexOf(await written({}))).toEqual(fixture("objects-empty", "model"));
  });

  test("keras-2-weights: model.save_weights(…)", async () => {
    let at = 0;
    const weight = (fullName: string, ...shape: readonly number[]) => {
      return { value: floats(shape, -at++, 0.25), fullName };
    };
    const dense = (name: string, inputs: number, units: number) => {
      return { children: { kernel: weight(`${name}/kernel`, inputs, units), bias: weight(`${name}/bias`, units) } };
    };
    const sequential = (layers: readonly CheckpointNode[]) =>
      layers.flatMap((layer, index): [string, CheckpointNode][] => [
        [`layer_with_weights-${index}`, layer],
        [`layer-${index}`, layer],
      ]);
    const hidden = dense("hidden", 3, 4);
    const statistics = ["gamma", "beta", "moving_mean", "moving_variance"];
    const normalization = new Map<string, CheckpointNode>([
      ["axis", []],
      ...statistics.map((name) => [name, weight(`normalization/${name}`, 4)] as const),
    ]);
    const inner = { children: sequential([dense("inner_dense", 4, 3)]) };
    const root = { children: sequential([hidden, normalization, inner, dense("output", 3, 2)]) };
    expect(hexOf(await written(root, { attached: { root } }))).toEqual(fixture("keras-2-weights", "weights"));
  });

  test("objects-slots: optimizers with slot variables", async () => {
    const named = (fullName: string, value: number, ...shape: readonly number[]) => {
      return { value: floats(shape, value, 0), fullName };
    };
    const weights = [variable("weight", 2, 2), variable("weight", 2, 2)] as const;
    const biases = [variable("bias", 2), variable("bias", 2)] as const;
    const momentum: CheckpointObject = {
      slots: {
        momentum: new Map([
          [weights[0], named("weight/sgd", 1.5, 2, 2)],
          [biases[1], named("bias/sgd", 0.5, 2)],
        ]),
      },
    };
    const adam: CheckpointObject = {
      children: keywords({ beta2_power: squared("beta2_power", 0.999), beta1_power: squared("beta1_power", 0.9) }),
      slots: new Map([
        [
          "m",
          new Map([
            [biases[0], named("bias/adam", 2.5, 2)],
            [weights[1], named("weight/adam", 4.5, 2, 2)],
          ]),
        ],
        [
          "v",
          new Map([
            [biases[0], named("bias/adam_1", 3.5, 2)],
            [weights[1], named("weight/adam_1", 5.5, 2, 2)],
          ]),
        ],
      ]),
    };
    const model = new Map([
      ["second", { children: { weight: weights[1], bias: biases[1] } }],
      ["first", { children: { weight: weights[0], bias: biases[0] } }],
    ]);
    const root = keywords({ model, zoo: adam, optimizers: [momentum, new Map([["a/b", adam]])] });
    expect(hexOf(await written(root, { saveCounter: 1 }))).toEqual(fixture("objects-slots", "ckpt-1"));
  });
});

/** The square of a number, as a float32. */
function squared(fullName: string, base: number): CheckpointObject {
  return { value: tensor("float32", [], Float32Array.of(Math.fround(base) ** 2)), fullName };
}

describe("any objects", () => {
  /** Objects 0 to n − 1, each with children of any number, and its number as a value where it has one. */
  const graphs = fc.integer({ min: 1, max: 12 }).chain((count) =>
    fc.array(
      fc.record({
        hasValue: fc.boolean(),
        children: fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), fc.nat(count - 1)), {
          selector: ([name]) => name,
          maxLength: 4,
        }),
      }),
      { minLength: count, maxLength: count },
    ),
  );

  property.prop([graphs])(
    "are found again along their names, in the order in which they were reached",
    async (nodes) => {
      const objects = nodes.map(({ hasValue }, id) => ({
        children: [] as [string, CheckpointNode][],
        ...(hasValue && { value: tensor("int32", [], Int32Array.of(id)), fullName: `v${id}` }),
      }));
      for (const [id, { children }] of nodes.entries()) {
        for (const [name, child] of children) objects[id]?.children.push([name, objects[child] ?? {}]);
      }
      const folder = await written(objects[0] ?? {}).catch((error: unknown) => {
        // a child of no name: its key may be that of the root
        expect(error).toBeInstanceOf(RangeError);
        expect(nodes.some(({ children }) => children.some(([name]) => name === ""))).toBe(true);
        fc.pre(false);
        throw error;
      });
      await using bundle = await openBundle(folder, { prefix: "model" });
      const graph = await bundle.objectGraph();
      const seen = new Map([[0, 0]]); // number here → number in the graph
      for (const [here, there] of seen) {
        const node = graph?.nodes[there];
        expect(node?.children.map(({ localName }) => localName)).toEqual(nodes[here]?.children.map(([name]) => name));
        for (const [at, [, child]] of (nodes[here]?.children ?? []).entries()) {
          const id = node?.children[at]?.nodeId ?? -1;
          expect(seen.get(child) ?? seen.size).toBe(id);
          seen.set(child, id);
        }
        const key = node?.attributes[0]?.checkpointKey;
        expect(key !== undefined).toBe(nodes[here]?.hasValue);
        if (key !== undefined) expect((await bundle.read(key)).data).toEqual(Int32Array.of(here));
      }
      expect(graph?.nodes.length).toBe(seen.size);
      const below = (id: number, known = new Set<number>()): Set<number> => {
        if (known.has(id)) return known;
        known.add(id);
        for (const [, child] of nodes[id]?.children ?? []) below(child, known);
        return known;
      };
      for (const [here, there] of seen) {
        const hasValues = [...below(here)].some((id) => nodes[id]?.hasValue);
        expect(graph?.nodes[there]?.hasCheckpointValues).toBe(hasValues);
      }
    },
  );

  test("keywords are sorted by code points, as in Python", () => {
    const scalar = tensor("int8", [], Int8Array.of(0));
    const sorted = keywords({ "😀": scalar, "\uffee": scalar, b: scalar, "10": scalar, B: scalar, _: scalar });
    expect([...sorted.keys()]).toEqual(["10", "B", "_", "b", "\uffee", "😀"]);
  });

  test("one tensor in two places is one variable; in an object of its own it is another", () => {
    const zero = tensor("int8", [], Int8Array.of(0));
    const keys = [...checkpointParts({ children: { a: zero, b: [zero, { value: zero }] } })].map(([key]) => key);
    const suffix = "/.ATTRIBUTES/VARIABLE_VALUE";
    expect(keys).toEqual([`a${suffix}`, `b/1${suffix}`, "_CHECKPOINTABLE_OBJECT_GRAPH"]);
  });

  test("a hundred thousand objects in and beside each other take no stack, and a circle has an end", () => {
    let deep: CheckpointNode = tensor("int8", [], Int8Array.of(0));
    const wide = new Array<CheckpointNode>(100_000).fill(deep);
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect([...checkpointParts([wide, deep])]).toHaveLength(2);
    const circle = new Map<string, CheckpointNode>();
    circle.set("self", new Map([["back", circle]]));
    expect([...checkpointParts(circle)]).toHaveLength(1);
  });
});

describe("registered savers", () => {
  const value = tensor("uint8", [], Uint8Array.of(1));
  const saved = (name: string, key: string): CheckpointObject => ({ registeredSaver: { name, parts: [[key, value]] } });
  const tree = keywords({
    a: value,
    b: saved("P.B", "b"),
    c: { children: { d: saved("P.D", "d"), e: saved("P.B", "e") } },
  });

  test("each has a data file of its own, before that of all others", async () => {
    const folder = new MemoryFolder();
    await writeCheckpoint({ folder, prefix: "model" }, tree);
    await using bundle = await openBundle(folder, { prefix: "model" });
    const shards = [...bundle.entries].map(([name, { shardId }]) => [name, shardId]);
    expect(Object.fromEntries(shards)).toEqual({
      "a/.ATTRIBUTES/VARIABLE_VALUE": 2,
      b: 0,
      e: 0,
      d: 1,
      _CHECKPOINTABLE_OBJECT_GRAPH: 2,
    });
    const nodes = (await bundle.objectGraph())?.nodes ?? [];
    expect(nodes.map(({ registeredSaver }) => registeredSaver)).toEqual([
      ...[undefined, undefined, { name: "P.B", objectName: "b" }, undefined],
      ...[
        { name: "P.D", objectName: "c/d" },
        { name: "P.B", objectName: "c/e" },
      ],
    ]);
    expect(nodes.map(({ hasCheckpointValues }) => hasCheckpointValues)).toEqual(nodes.map(() => true));
  });

  test("with a number of data files, all are distributed over these", async () => {
    const folder = new MemoryFolder();
    await writeCheckpoint({ folder, prefix: "model" }, tree, { shards: 1 });
    expect([...folder.files.keys()]).toEqual(["model.data-00000-of-00001", "model.index"]);
    expect([...checkpointParts(tree)].map(([name]) => name).slice(0, 3)).toEqual(["b", "e", "d"]);
  });

  test("an object that has one has no values beside it", () => {
    const both = { ...saved("P.B", "b"), value };
    expect(() => checkpointParts(keywords({ both }))).toThrow(TypeError);
  });
});

describe("refused before anything is written", () => {
  const one = tensor("int8", [], Int8Array.of(1));
  const other = () => ({ value: one });
  const slot = (variable: CheckpointNode, value: CheckpointNode) => ({ slots: { m: new Map([[variable, value]]) } });
  const shared = other();
  const weight = other();
  test.each<[string, CheckpointNode, WriteCheckpointOptions?]>([
    [
      "two children of one name",
      {
        children: [
          ["a", one],
          ["a", other()],
        ],
      },
    ],
    ["another child of the root is attached", { children: { a: one } }, { attached: { a: other() } }],
    ["the root has a save_counter already", { children: { save_counter: one } }, { saveCounter: 1 }],
    ["a child that has the root's key", { value: one, children: { "": other() } }],
    ["a slot of a variable outside the tree", { children: { optimizer: slot(other(), other()) } }],
    ["a slot variable that is in the tree", { children: { weight, shared, optimizer: slot(weight, shared) } }],
    ["a slot variable of two optimizers", { children: { weight, a: slot(weight, shared), b: slot(weight, shared) } }],
    ["a slot variable with children", { children: { weight, optimizer: slot(weight, [other()]) } }],
  ])("%s", async (_, root, options) => {
    const folder = new MemoryFolder();
    await expect(writeCheckpoint({ folder, prefix: "model" }, root, options)).rejects.toThrow(RangeError);
    expect(folder.files.size).toBe(0);
  });

  test("what is no object", () => {
    const wrong: CheckpointNode = JSON.parse('{ "children": { "a": 3 } }');
    expect(() => checkpointParts(wrong)).toThrow(TypeError);
  });
});
