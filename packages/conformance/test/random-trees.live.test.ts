// Python TensorFlow writes random trees of objects and says what is in them; from that alone we write the same files, and Python
// restores ours. MODELBYTES_SEEDS=100:1000 takes other seeds.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DType, fromBytes, isVarying, type Tensor } from "@modelbytes/tensor";
import { type CheckpointNode, keywords, writeCheckpoint } from "@modelbytes/tensor-bundle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_SEEDS = "0:100" } = process.env;
const [first = 0, end = 0] = MODELBYTES_SEEDS.split(":").map(Number);
const SEEDS = Array.from({ length: end - first }, (_, index) => first + index);
const SCRIPT = "fixtures/tensor-bundle/random_trees.py";

type NamedNumbers = readonly (readonly [name: string, node: number])[];

interface Described {
  readonly children: NamedNumbers;
  readonly dtype?: DType;
  readonly shape?: readonly number[];
  readonly data?: string | readonly string[];
  readonly fullName?: string;
  readonly slots?: readonly (readonly [name: string, variables: readonly (readonly [number, number])[]])[];
}

/** A line of random_trees.py. */
interface Tree {
  readonly seed: number;
  readonly saved: boolean;
  readonly nodes: readonly Described[];
  readonly keywords?: NamedNumbers;
  readonly root?: number;
  readonly attached?: NamedNumbers;
}

function tensorOf({ dtype = "float32", shape = [], data = [] }: Described): Tensor {
  const elements = [data].flat().map((text) => new Uint8Array(Buffer.from(text, "base64")));
  if (isVarying(dtype)) return { dtype, shape, data: elements };
  return fromBytes(dtype, shape, elements[0] ?? new Uint8Array(0));
}

/** The root of a described tree, and what is attached to it. */
function treeOf(tree: Tree): { root: CheckpointNode; attached: ReadonlyMap<string, CheckpointNode> } {
  const objects = tree.nodes.map((node) => ({
    children: [] as [string, CheckpointNode][],
    ...(node.dtype !== undefined && { value: tensorOf(node), fullName: node.fullName }),
    slots: [] as [string, Map<CheckpointNode, CheckpointNode>][],
  }));
  const at = (number: number) => {
    const object = objects[number];
    if (object === undefined) throw new Error(`there is no node ${number}`);
    return object;
  };
  for (const [number, { children, slots = [] }] of tree.nodes.entries()) {
    for (const [name, child] of children) at(number).children.push([name, at(child)]);
    for (const [name, variables] of slots) {
      at(number).slots.push([name, new Map(variables.map(([variable, slot]) => [at(variable), at(slot)]))]);
    }
  }
  const sorted = (named: NamedNumbers = []) =>
    keywords(Object.fromEntries(named.map(([name, number]) => [name, at(number)])));
  if (tree.root === undefined) return { root: sorted(tree.keywords), attached: new Map() };
  const root = at(tree.root);
  return { root, attached: keywords({ ...Object.fromEntries(sorted(tree.attached)), root }) };
}

function filesIn(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name !== "checkpoint")
      .map((name) => [name, readFileSync(join(folder, name)).toString("hex")]),
  );
}

describe.runIf(hasPython())("random trees of objects", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-trees-"));
  const trees = new Map<number, Tree>();
  let python = "";

  beforeAll(async () => {
    python = await interpreter("tensorflow-2.21");
    const lines = await runPython(python, SCRIPT, "write", "--seeds", MODELBYTES_SEEDS, folder);
    for (const line of lines.trimEnd().split("\n")) {
      const tree: Tree = JSON.parse(line);
      trees.set(tree.seed, tree);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(SEEDS)("seed %i: the files that TensorFlow wrote, byte for byte", async (seed) => {
    const tree = trees.get(seed);
    if (tree === undefined) return expect.unreachable();
    const { root, attached } = treeOf(tree);
    mkdirSync(join(folder, `${seed}/ours`), { recursive: true });
    const prefix = join(folder, `${seed}/ours/model${tree.saved ? "-1" : ""}`);
    await writeCheckpoint(prefix, root, { attached, ...(tree.saved && { saveCounter: 1 }) });
    expect(filesIn(join(folder, `${seed}/ours`))).toEqual(filesIn(join(folder, `${seed}/python`)));
  });

  test("Python restores all of ours, and finds every value", async () => {
    const lines = await runPython(python, SCRIPT, "check", "--seeds", MODELBYTES_SEEDS, folder);
    const checked: { seed: number; compared: number }[] = lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(checked.map(({ seed }) => seed)).toEqual(SEEDS);
    const compared = checked.reduce((sum, each) => sum + each.compared, 0);
    expect(compared).toBeGreaterThan(SEEDS.length);
  });

  test.runIf(SEEDS.length >= 50)("together they had optimizers, roots, shared objects and circles", () => {
    const all = [...trees.values()].flatMap(({ nodes }) => nodes);
    const children = [...trees.values()].map(({ nodes }) => nodes.flatMap((node) => node.children.map(([, id]) => id)));
    const found = {
      optimizers: all.some(({ slots = [] }) => slots.some(([, variables]) => variables.length > 1)),
      roots: [...trees.values()].some(({ root }) => root !== undefined),
      shared: children.some((ids) => new Set(ids).size < ids.length),
      circles: [...trees.values()].some(({ nodes }) =>
        nodes.some((node, number) => node.children.some(([, id]) => id <= number && nodes[id]?.dtype === undefined)),
      ),
    };
    expect(found).toEqual({ optimizers: true, roots: true, shared: true, circles: true });
  });
});
