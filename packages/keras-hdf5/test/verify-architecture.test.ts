// Files against their own architectures: which layer, which weight, and what is wrong with it.

import { existsSync } from "node:fs";
import { openKerasHdf5, type VerifyOptions } from "@modelbytes/keras-hdf5";
import { type FixedDType, fromNumbers, type RealDType, type Tensor } from "@modelbytes/tensor";
import { describe, expect, test } from "vitest";
import { FIXTURES, fixtures } from "./fixtures.ts";
import { dataset, fileOf, group, names, text } from "./made-file.ts";

type Weights = Readonly<Record<string, Tensor<FixedDType>>>;
type Layers = readonly (readonly [name: string, weights: Weights])[];

const zeros = (shape: readonly number[], dtype: RealDType = "float32") =>
  fromNumbers(dtype, shape, new Float64Array(shape.reduce((product, size) => product * size, 1)));

const dense = (name: string, units: number, more: object = {}) => ({
  class_name: "Dense",
  config: { name, units, ...more },
});
const CONFIG = {
  class_name: "Sequential",
  config: {
    name: "sequential",
    layers: [
      { class_name: "InputLayer", config: { name: "input", batch_input_shape: [null, 3], dtype: "float32" } },
      dense("hidden", 4),
      { class_name: "Dropout", config: { name: "dropout", rate: 0.5 } },
      dense("out", 2, { use_bias: false }),
    ],
  },
};
const HIDDEN = ["hidden", { "hidden/kernel:0": zeros([3, 4]), "hidden/bias:0": zeros([4]) }] as const;
const DROPOUT = ["dropout", {}] as const;
const OUT = ["out", { "out/kernel:0": zeros([4, 2]) }] as const;
const LAYERS: Layers = [HIDDEN, DROPOUT, OUT];
const ADAM = { class_name: "Custom>Adam", config: { name: "Adam", learning_rate: 0.001 } };

/** A whole model of Keras 2.12. */
function modelOf(layers: Layers, config: unknown = CONFIG, optimizer: Weights = {}) {
  const listed = (path: string, weights: Weights) => [
    names(path, "weight_names", Object.keys(weights)),
    ...Object.entries(weights).map(([name, values]) => dataset(`${path}/${name}`, values)),
  ];
  return fileOf(
    text("", "keras_version", "2.12.0"),
    text("", "model_config", typeof config === "string" ? config : JSON.stringify(config)),
    text("", "training_config", JSON.stringify({ optimizer_config: ADAM, loss: "mse" })),
    group("model_weights"),
    names(
      "model_weights",
      "layer_names",
      layers.map(([name]) => name),
    ),
    text("model_weights", "keras_version", "2.12.0"),
    text("model_weights", "backend", "tensorflow"),
    ...layers.flatMap(([name, weights]) => [
      group(`model_weights/${name}`),
      ...listed(`model_weights/${name}`, weights),
    ]),
    group("optimizer_weights"),
    ...listed("optimizer_weights", optimizer),
  );
}

async function problemsOf(bytes: Uint8Array<ArrayBuffer>, options: VerifyOptions = {}): Promise<string[]> {
  await using file = await openKerasHdf5(bytes, { name: "made.h5" });
  const problems: string[] = [];
  for await (const { code, tensor, reason, file: of } of file.verify(options)) {
    expect([reason, of]).toEqual([expect.stringMatching(/./), "made.h5"]);
    problems.push(`${code} ${tensor}`);
  }
  return problems;
}

describe.each<readonly [string, Layers, readonly string[]]>([
  ["a sound model", LAYERS, []],
  ["a layer that is missing", [HIDDEN, DROPOUT], ["missing-layer out"]],
  ["a layer without weights that is missing", [HIDDEN, OUT], ["missing-layer dropout"]],
  ["a layer too many", [...LAYERS, ["more", { kernel: zeros([1]) }]], ["extra-layer model_weights/more"]],
  ["a layer without weights too many", [...LAYERS, ["flatten", {}]], ["extra-layer model_weights/flatten"]],
  ["a layer of another name", [HIDDEN, DROPOUT, ["last", OUT[1]]], ["renamed-layer out"]],
  ["another order", [OUT, DROPOUT, HIDDEN], ["layer-order model_weights/out"]],
  [
    "a weight that is missing",
    [["hidden", { "hidden/kernel:0": zeros([3, 4]) }], DROPOUT, OUT],
    ["missing-weight model_weights/hidden"],
  ],
  [
    "a weight too many",
    [HIDDEN, DROPOUT, ["out", { ...OUT[1], "out/bias:0": zeros([2]) }]],
    ["extra-weight model_weights/out/out/bias:0"],
  ],
  [
    "weights of a layer that has none",
    [HIDDEN, ["dropout", { rate: zeros([]) }], OUT],
    ["extra-weight model_weights/dropout/rate"],
  ],
  [
    "a weight of another shape",
    [HIDDEN, DROPOUT, ["out", { "out/kernel:0": zeros([2, 4]) }]],
    ["weight-shape model_weights/out/out/kernel:0"],
  ],
  [
    "a weight of another dtype",
    [HIDDEN, DROPOUT, ["out", { "out/kernel:0": zeros([4, 2], "float64") }]],
    ["weight-dtype model_weights/out/out/kernel:0"],
  ],
  [
    "weights in another order",
    [["hidden", { "hidden/bias:0": zeros([4]), "hidden/kernel:0": zeros([3, 4]) }], DROPOUT, OUT],
    ["weight-order model_weights/hidden"],
  ],
])("%s", (_, layers, problems) => {
  test("is told with its layer", async () => {
    expect(await problemsOf(await modelOf(layers))).toEqual(problems);
  });
});

describe("the optimizer", () => {
  const iteration = { "iteration:0": zeros([], "int64") };
  const slots = (kind: string) => ({
    [`Adam/${kind}/hidden/kernel:0`]: zeros([3, 4]),
    [`Adam/${kind}/hidden/bias:0`]: zeros([4]),
    [`Adam/${kind}/out/kernel:0`]: zeros([4, 2]),
  });
  const all = { ...slots("m"), ...slots("v") };
  const inOrder: Weights = Object.fromEntries(
    ["hidden/kernel:0", "hidden/bias:0", "out/kernel:0"].flatMap((name) =>
      ["m", "v"].flatMap((kind) => {
        const weight = Object.entries(all).find(([key]) => key === `Adam/${kind}/${name}`);
        return weight === undefined ? [] : [weight];
      }),
    ),
  );

  test.each<readonly [string, Weights, readonly string[]]>([
    ["that was used", { ...iteration, ...inOrder }, []],
    ["that was not", iteration, []],
    ["that lacks a slot", { ...iteration, ...slots("m") }, ["optimizer-count optimizer_weights/iteration:0"]],
    [
      "whose slots are in another order",
      { ...iteration, ...all },
      [
        "optimizer-shape optimizer_weights/Adam/m/hidden/bias:0",
        "optimizer-shape optimizer_weights/Adam/m/out/kernel:0",
        "optimizer-shape optimizer_weights/Adam/v/hidden/kernel:0",
        "optimizer-shape optimizer_weights/Adam/v/hidden/bias:0",
      ],
    ],
  ])("%s", async (_, optimizer, problems) => {
    expect(await problemsOf(await modelOf(LAYERS, CONFIG, optimizer))).toEqual(problems);
  });
});

describe("the architecture", () => {
  test("that cannot be read is a problem", async () => {
    for (const config of [
      "{",
      "[]",
      '{"class_name": "Sequential"}',
      '{"class_name": "Sequential", "config": {"layers": [1]}}',
    ]) {
      expect(await problemsOf(await modelOf(LAYERS, config))).toEqual(["model-config undefined"]);
    }
  });

  test("of a class of somebody's own tells nothing", async () => {
    expect(await problemsOf(await modelOf(LAYERS, { class_name: "Mine", config: {} }))).toEqual([]);
    const layers = [...CONFIG.config.layers, { class_name: "Mine", config: { name: "mine" } }];
    const config = { class_name: "Sequential", config: { name: "sequential", layers } };
    expect(await problemsOf(await modelOf([...LAYERS, ["mine", { any: zeros([7]) }]], config))).toEqual([]);
  });

  test("of files of weights is given", async () => {
    const modelConfig = JSON.stringify(CONFIG);
    const weights = (...of: readonly (readonly [string, Tensor<FixedDType>])[]) =>
      fileOf(...of.map(([path, values]) => dataset(path, values)));
    const kernel = ["layers/dense/vars/0", zeros([3, 4])] as const;
    const bias = ["layers/dense/vars/1", zeros([4])] as const;
    const out = ["layers/dense_1/vars/0", zeros([4, 2])] as const;
    const options = { modelConfig, kerasVersion: "2.15.0" };
    expect(await problemsOf(await weights(kernel, bias, out), options)).toEqual([]);
    expect(await problemsOf(await weights(kernel, bias))).toEqual([]);
    expect(await problemsOf(await weights(kernel, bias), options)).toEqual(["missing-weight layers/dense_1"]);
    const more = ["layers/dense_1/vars/1", zeros([2])] as const;
    expect(await problemsOf(await weights(kernel, bias, out, more), options)).toEqual([`extra-weight ${more[0]}`]);
    const turned = [out[0], zeros([2, 4])] as const;
    expect(await problemsOf(await weights(kernel, bias, turned), options)).toEqual([`weight-shape ${out[0]}`]);
  });
});

describe("files of Keras fit their own architectures", () => {
  const models = fixtures().filter(([, path]) => path.endsWith("model.h5") || path.endsWith("weights.h5"));

  test.each(models)("%s", async (name, path) => {
    const model = `${FIXTURES}${name.replace(/weights$/, "model")}/model.h5`;
    const options = { name: "made.h5" };
    await using file = await openKerasHdf5(path, options);
    await using beside = existsSync(model) ? await openKerasHdf5(model, options) : undefined;
    const { modelConfig, kerasVersion } = beside?.metadata ?? {};
    const codes = new Set<string>();
    for await (const { code, tensor } of file.verify({ modelConfig, kerasVersion })) codes.add(`${code} ${tensor}`);
    expect([...codes]).toEqual(KNOWN[name] ?? []);
  });

  /**
   * A layer that is in the model and in a model inside of it is stored once, and for an architecture it is two: Keras cannot load such
   * weights into the model that it makes of the architecture.
   */
  const KNOWN: Readonly<Record<string, readonly string[]>> = {
    "keras-2.12-weights": [
      "missing-weight _layer_checkpoint_dependencies/sequential/_layer_checkpoint_dependencies/dense_2",
    ],
    "keras-2.15-weights": ["missing-weight layers/sequential/layers/dense_1"],
    "keras-3-functional-weights": ["missing-weight layers/sequential/layers/dense_1"],
    "keras-3-dtypes-model": [
      "unmarked model_weights/dense/dtypes/dense/kernel",
      "unmarked model_weights/dense/dtypes/dense/bias",
    ],
  };
});
