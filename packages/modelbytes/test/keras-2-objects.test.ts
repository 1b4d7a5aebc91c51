// Checkpoints of Keras 2 call a layer by its number among those with variables, `layer_with_weights-0`, and by that among all, `layer-1`.
// Conversions find the variables by either, also below the root, and where nothing else is known of them.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CheckpointNode, writeCheckpoint } from "@modelbytes/tensor-bundle";
import { architectureTexts, matchArchitecture, namedTensors, openModel } from "modelbytes";
import { describe, expect, onTestFinished, test } from "vitest";
import { modelbytesHere, temporaryDirectory } from "./command.ts";

/** A Dense layer of so many inputs and units, whose values begin with a number; its variables have no names. */
function dense(inputs: number, units: number, first: number): CheckpointNode {
  const values = (shape: readonly number[], from: number): CheckpointNode => ({
    value: {
      dtype: "float32",
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => from + at),
    },
  });
  return { children: { kernel: values([inputs, units], first), bias: values([units], first + 50) } };
}

const ONE = dense(3, 2, 100);
const TWO = dense(2, 2, 200);
const NOTHING: CheckpointNode = { children: { states: [] } };

/** As Keras 2 writes it: input, dense, dropout, dense. */
const BOTH: Readonly<Record<string, CheckpointNode>> = {
  "layer-0": NOTHING,
  "layer_with_weights-0": ONE,
  "layer-1": ONE,
  "layer-2": NOTHING,
  "layer_with_weights-1": TWO,
  "layer-3": TWO,
};

/** The names under which a checkpoint has the layers. */
const GRAPHS: Readonly<Record<string, Readonly<Record<string, CheckpointNode>>>> = {
  both: BOTH,
  "layer-N first": {
    "layer-0": NOTHING,
    "layer-1": ONE,
    "layer_with_weights-0": ONE,
    "layer-2": NOTHING,
    "layer-3": TWO,
    "layer_with_weights-1": TWO,
  },
  "layer-N alone": { "layer-0": NOTHING, "layer-1": ONE, "layer-2": NOTHING, "layer-3": TWO },
  "layer_with_weights-N alone": { "layer_with_weights-0": ONE, "layer_with_weights-1": TWO },
  "below the root": {
    optimizer: NOTHING,
    model: { children: { "layer-1": ONE, "layer_with_weights-0": ONE, "layer_with_weights-1": TWO, "layer-3": TWO } },
  },
};

function layer(className: string, name: string, config: object, before: string | undefined): object {
  const inbound = before === undefined ? [] : [[[before, 0, 0, {}]]];
  return { class_name: className, name, config: { name, ...config }, inbound_nodes: inbound };
}

/** The architecture of these layers, with another class in the place of the dropout. */
async function architecture(folder: string, className = "Dropout"): Promise<string> {
  const layers = [
    layer("InputLayer", "in", { batch_input_shape: [null, 3], dtype: "float32" }, undefined),
    layer("Dense", "first", { units: 2, use_bias: true }, "in"),
    layer(className, "between", { rate: 0.5 }, "first"),
    layer("Dense", "second", { units: 2, use_bias: true }, "between"),
  ];
  const config = { name: "m", layers, input_layers: [["in", 0, 0]], output_layers: [["second", 0, 0]] };
  const path = join(folder, "architecture.json");
  await writeFile(
    path,
    JSON.stringify({ class_name: "Functional", config, keras_version: "2.15.0", backend: "tensorflow" }),
  );
  return path;
}

describe.each(Object.entries(GRAPHS))("%s", (_, children) => {
  test("each variable finds its layer", async () => {
    const folder = await temporaryDirectory(onTestFinished);
    await mkdir(join(folder, "ckpt"));
    await writeCheckpoint(join(folder, "ckpt/w"), new Map(Object.entries(children)));
    const config = await architecture(folder);
    const verified = await modelbytesHere("verify", join(folder, "ckpt/w"), "--architecture", config);
    expect(verified).toMatchObject({ code: 0, stderr: "" });
    for (const name of ["new.weights.h5", "new.h5", "new.keras"]) {
      const to = join(folder, name);
      const converted = await modelbytesHere("convert", join(folder, "ckpt/w"), to, "--architecture", config);
      expect([name, converted.code]).toEqual([name, 0]);
      await using model = await openModel(to);
      const tensors = await namedTensors(model);
      const firsts = await Promise.all(tensors.map(async ({ read }) => (await read()).data[0]));
      expect(firsts).toEqual([100, 150, 200, 250]);
      const names = tensors.map((tensor) => tensor.name);
      if (name !== "new.weights.h5")
        expect(names).toEqual(["first/kernel", "first/bias", "second/kernel", "second/bias"]);
    }
  });
});

test("numbers among all layers count where it is not known which have variables", async () => {
  const folder = await temporaryDirectory(onTestFinished);
  await mkdir(join(folder, "ckpt"));
  const own = { children: { scale: { value: { dtype: "float32", shape: [], data: Float32Array.of(1) } } } } as const;
  const children: Record<string, CheckpointNode> = {
    "layer_with_weights-0": ONE,
    "layer-1": ONE,
    "layer_with_weights-1": own,
    "layer-2": own,
    "layer_with_weights-2": TWO,
    "layer-3": TWO,
  };
  await writeCheckpoint(join(folder, "ckpt/w"), new Map(Object.entries(children)));
  await using config = await openModel(await architecture(folder, "Mine"));
  await using model = await openModel(join(folder, "ckpt/w"));
  const texts = await architectureTexts(config);
  if (texts === undefined) throw new Error("no architecture");
  const { problems, notes } = await matchArchitecture(model, texts);
  expect(problems).toEqual([]);
  expect(notes).toEqual([
    expect.stringContaining("layer_with_weights-1/scale () of the file is not in the architecture"),
  ]);
});

test("an architecture that is given makes the objects of a checkpoint that has names alone", async () => {
  const folder = await temporaryDirectory(onTestFinished);
  await mkdir(join(folder, "ckpt"));
  const config = await architecture(folder);
  await writeCheckpoint(join(folder, "ckpt/w"), new Map(Object.entries(BOTH)));
  const convert = (from: string, to: string) => modelbytesHere("convert", from, to, "--architecture", config);
  expect((await convert(join(folder, "ckpt/w"), join(folder, "named.weights.h5"))).code).toBe(0);
  const whole = await modelbytesHere(
    "convert",
    join(folder, "named.weights.h5"),
    join(folder, "a.h5"),
    "--architecture",
    config,
  );
  expect(whole.code).toBe(0);
  const names = await modelbytesHere("convert", join(folder, "a.h5"), join(folder, "a.npz"), "--strip", "architecture");
  expect(names.code).toBe(0);
  expect((await modelbytesHere("convert", join(folder, "a.npz"), join(folder, "names/w"))).code).toBe(0);
  const { code, stderr } = await convert(join(folder, "names/w"), join(folder, "objects/w"));
  expect([code, stderr]).toEqual([0, "note: the keys are those of Keras 2, whose load_weights finds them\n"]);
  const { stdout } = await modelbytesHere("inspect", join(folder, "objects/w"), "--json");
  const keys: readonly string[] = JSON.parse(stdout).tensors.map(({ name }: { name: string }) => name);
  expect(keys).toContain("layer_with_weights-1/kernel/.ATTRIBUTES/VARIABLE_VALUE");
});
