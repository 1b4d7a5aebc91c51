// Weights for models of Keras 2, written from nothing: `model.load_weights` finds each of them, and what it saves again is the same.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromNumbers, type RealDType } from "@modelbytes/tensor";
import { type CheckpointNode, type CheckpointObject, writeCheckpoint } from "@modelbytes/tensor-bundle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

/** A model whose weights all have values of their own, as Keras 2 sees it, and these values by name. */
class Model {
  readonly values: Record<string, number[]> = {};
  #next = 0;

  weight(fullName: string, shape: readonly number[], dtype: RealDType = "float32"): CheckpointObject {
    const count = shape.reduce((product, size) => product * size, 1);
    const numbers = Array.from({ length: count }, () => ++this.#next);
    this.values[`${fullName}:0`] = numbers;
    return { value: fromNumbers(dtype, shape, numbers), fullName };
  }

  dense(name: string, inputs: number, units: number): { kernel: CheckpointObject; bias: CheckpointObject } {
    return { kernel: this.weight(`${name}/kernel`, [inputs, units]), bias: this.weight(`${name}/bias`, [units]) };
  }
}

/** Every layer is `layer-N`, and before that `layer_with_weights-M` if it has weights. */
function layers(...all: readonly { readonly children: CheckpointNode; readonly weights: boolean }[]): {
  children: [string, CheckpointNode][];
} {
  let withWeights = 0;
  const children = all.flatMap(({ children: layer, weights }, index): [string, CheckpointNode][] => [
    ...(weights ? [[`layer_with_weights-${withWeights++}`, layer] satisfies [string, CheckpointNode]] : []),
    [`layer-${index}`, layer],
  ]);
  return { children };
}

const weighted = (children: Record<string, CheckpointNode>) => ({ children: { children }, weights: true });
const weightless = () => ({ children: new Map<string, CheckpointNode>(), weights: false });

const NORMALIZATION = ["gamma", "beta", "moving_mean", "moving_variance"];

const MODELS: Readonly<Record<string, (model: Model) => CheckpointNode>> = {
  sequential: (model) => {
    const hidden = weighted(model.dense("hidden", 3, 4));
    const statistics = NORMALIZATION.map((name) => [name, model.weight(`normalization/${name}`, [4])] as const);
    const normalization = weighted({ axis: [], ...Object.fromEntries(statistics) });
    const inner = layers(weighted(model.dense("inner_dense", 4, 3)));
    return layers(hidden, weightless(), normalization, { children: inner, weights: true });
  },
  functional: (model) => {
    const cell = "recurrent/gru_cell";
    const weights = {
      kernel: model.weight(`${cell}/kernel`, [2, 9]),
      recurrent_kernel: model.weight(`${cell}/recurrent_kernel`, [3, 9]),
      bias: model.weight(`${cell}/bias`, [2, 9]),
    };
    const recurrent = weighted({ cell: { children: weights }, state_spec: [] });
    return layers(weightless(), weightless(), recurrent, weightless(), weighted(model.dense("score", 6, 1)));
  },
  compiled: (model) => {
    const only = model.dense("only", 3, 2);
    const optimizer = {
      children: {
        iter: model.weight("SGD/iter", [], "int64"),
        decay: model.weight("SGD/decay", []),
        learning_rate: model.weight("SGD/learning_rate", []),
        momentum: model.weight("SGD/momentum", []),
      },
      slots: {
        momentum: new Map([
          [only.kernel, model.weight("SGD/only/kernel/momentum", [3, 2])],
          [only.bias, model.weight("SGD/only/bias/momentum", [2])],
        ]),
      },
    };
    return { children: [...layers(weighted(only)).children, ["optimizer", optimizer]] };
  },
  /** Only what has to be there: no layers without weights, no names. */
  bare: (model) => {
    const statistics = NORMALIZATION.map((name) => [name, model.weight(`normalization/${name}`, [4]).value] as const);
    const inner = { children: { "layer_with_weights-0": { children: model.dense("inner_dense", 4, 3) } } };
    return {
      children: {
        "layer_with_weights-0": { children: model.dense("hidden", 3, 4) },
        "layer_with_weights-1": new Map(statistics.flatMap(([name, value]) => (value ? [[name, value] as const] : []))),
        "layer_with_weights-2": inner,
      },
    };
  },
};

describe.runIf(hasPython())("weights for Keras 2", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-keras-2-"));
  const written = new Map<string, Model>();
  let loaded: Record<string, Record<string, number[]>> = {};

  beforeAll(async () => {
    for (const [name, make] of Object.entries(MODELS)) {
      const model = new Model();
      const root = make(model);
      mkdirSync(join(folder, name));
      await writeCheckpoint(join(folder, name, "weights"), root, { attached: { root } });
      written.set(name, model);
    }
    const python = await interpreter("tensorflow-2.12");
    loaded = JSON.parse(await runPython(python, "fixtures/tensor-bundle/keras_2_weights.py", folder));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(Object.keys(MODELS))("%s: every weight is loaded", (name) => {
    expect(loaded[name]).toEqual(written.get(name)?.values);
  });

  test.each(["sequential", "functional", "compiled"])("%s: saved again, the same bytes", (name) => {
    for (const end of [".index", ".data-00000-of-00001"]) {
      const [ours, again] = ["weights", "again"].map((prefix) => readFileSync(join(folder, name, prefix + end)));
      expect(ours?.toString("hex")).toBe(again?.toString("hex"));
    }
  });
});
