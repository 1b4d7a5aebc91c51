// Conversions of old weights, where Keras's own loader cannot judge: it fails, or does not say what it did.

import {
  type AppliedConversion,
  convertLegacyWeights,
  kerasConversions,
  type LegacyOptions,
  legacyConversions,
  openKerasHdf5,
  readConverted,
} from "@modelbytes/keras-hdf5";
import { fromNumbers, type RealDType, type Tensor, tensor, toNumbers } from "@modelbytes/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FIXTURES } from "./fixtures.ts";
import { dataset, fileOf, group, names } from "./made-file.ts";

const KERAS_1: LegacyOptions = { from: {} };
const KERAS_2: LegacyOptions = { from: { kerasVersion: "2.2.4", backend: "tensorflow" } };

/** A tensor whose elements are 0, 1, 2 and so on, from `first` on. */
function counted(shape: readonly number[], first = 0, dtype: RealDType = "float32"): Tensor<RealDType> {
  const count = shape.reduce((product, size) => product * size, 1);
  return fromNumbers(
    dtype,
    shape,
    Array.from({ length: count }, (_, index) => first + index),
  );
}

const namesOf = (conversions: readonly AppliedConversion[]) =>
  conversions.map(({ conversion, part }) => (part === "" ? conversion : `${part}: ${conversion}`));

describe("what Keras calls otherwise in version 1", () => {
  test.each([
    ["Convolution1D", { nb_filter: 2, filter_length: 3 }, "Conv1D", { filters: 2, kernel_size: [3] }, [3, 1, 1, 2]],
    [
      "Convolution2D",
      { nb_filter: 2, nb_row: 3, nb_col: 1, dim_ordering: "th" },
      "Conv2D",
      { filters: 2, kernel_size: [3, 1], data_format: "channels_first" },
      [2, 4, 3, 1],
    ],
    [
      "Deconvolution2D",
      { nb_filter: 2, nb_row: 3, nb_col: 1, dim_ordering: "tf" },
      "Conv2DTranspose",
      { filters: 2, kernel_size: [3, 1], data_format: "channels_last" },
      [3, 1, 4, 2],
    ],
    [
      "Convolution3D",
      { nb_filter: 2, kernel_dim1: 3, kernel_dim2: 1, kernel_dim3: 2, dim_ordering: "th" },
      "Conv3D",
      { filters: 2, kernel_size: [3, 1, 2], data_format: "channels_first" },
      [2, 4, 3, 1, 2],
    ],
  ])("%s is converted as its successor", (old, oldConfig, className, config, shape) => {
    const weights = [counted(shape)];
    const converted = convertLegacyWeights({ className: old, config: oldConfig, weights }, KERAS_1);
    expect(converted.conversions).toHaveLength(1);
    expect(converted).toEqual(convertLegacyWeights({ className, config, weights }, KERAS_1));
  });
});

describe("what Keras means and fails at", () => {
  const CONV = { className: "Conv1D", config: { filters: 2, kernel_size: [3] } };

  test("a kernel of Keras 1 in TimeDistributed is converted once", () => {
    const weights = [counted([3, 1, 4, 2]), counted([2])];
    const wrapped = { className: "TimeDistributed", config: { layer: { class_name: "Conv1D", config: CONV.config } } };
    const { weights: converted, conversions } = convertLegacyWeights({ ...wrapped, weights }, KERAS_1);
    expect(converted).toEqual(convertLegacyWeights({ ...CONV, weights }, KERAS_1).weights);
    expect(namesOf(conversions)).toEqual(["layer: keras-1-conv1d-kernel"]);
  });

  test("gates of a ConvLSTM2D with channels first are turned, and then joined", () => {
    const gates = [0, 1, 2, 3].flatMap((gate) => [
      counted([1, 2, 1, 3], 100 * gate),
      counted([1, 1, 1, 3]),
      counted([1]),
    ]);
    const config = { filters: 1, kernel_size: [1, 3], data_format: "channels_first" };
    const { weights } = convertLegacyWeights({ className: "ConvLSTM2D", config, weights: gates }, KERAS_1);
    expect(weights.map(({ shape }) => shape)).toEqual([[1, 3, 2, 4], [1, 3, 1, 4], [4]]);
    const [kernel] = weights;
    // row 0, column 0, both inputs: input, forget, cell, output; the file has the cell before the forget gate
    expect([...toNumbers(kernel ?? counted([0]))].slice(0, 8)).toEqual([0, 200, 100, 300, 3, 203, 103, 303]);
  });

  test("gates of Keras 1 in a model are joined, and its other weights stay where they belong", () => {
    const layer = (class_name: string, name: string, config: object) => ({ class_name, config: { ...config, name } });
    const layers = [
      layer("LSTM", "lstm", { output_dim: 1 }),
      layer("BatchNormalization", "normalization", {}),
      layer("GRU", "gru", { output_dim: 1, trainable: false }),
      layer("Dropout", "dropout", {}),
    ];
    const of = (count: number, first: number) =>
      Array.from({ length: count }, (_, index) => counted([1], first + index));
    const gates = (count: number, first: number) =>
      of(count, first).map((each, index) => (index % 3 === 2 ? each : counted([1, 1], first + index)));
    const weights = [...gates(12, 0), ...of(2, 20), ...of(2, 30), ...gates(9, 40)];
    const model = { className: "Sequential", config: { layers }, weights };
    const { weights: converted, conversions } = convertLegacyWeights(model, KERAS_1);
    expect(converted.map((each) => [...toNumbers(each)])).toEqual([
      ...[
        [0, 6, 3, 9],
        [1, 7, 4, 10],
        [2, 8, 5, 11],
      ],
      ...[[20], [21], [30], [31]],
      ...[
        [40, 43, 46],
        [41, 44, 47],
        [42, 45, 48],
      ],
    ]); // fmt: skip
    expect(namesOf(conversions)).toEqual(["lstm: keras-1-lstm-gates", "gru: keras-1-gru-gates"]);
  });
});

describe("properties", () => {
  const dtypes = fc.constantFrom<RealDType>("float16", "bfloat16", "float32", "float64");
  const sizes = fc.integer({ min: 1, max: 5 });

  test("plain weights become CuDNN's and plain again", () => {
    fc.assert(
      fc.property(dtypes, sizes, sizes, fc.boolean(), (dtype, inputs, units, isLstm) => {
        const gates = isLstm ? 4 : 3;
        const bias = isLstm ? [4 * units] : [2, 3 * units];
        const weights = [[inputs, gates * units], [units, gates * units], bias].map((shape) =>
          counted(shape, 0, dtype),
        );
        const className = isLstm ? "LSTM" : "GRU";
        const config = { reset_after: true };
        const cudnn = convertLegacyWeights({ className, config, weights }, { ...KERAS_2, to: { recurrent: "cudnn" } });
        expect(namesOf(cudnn.conversions)).toEqual([isLstm ? "lstm-to-cudnn-lstm" : "gru-to-cudnn-gru"]);
        expect(cudnn.weights[2]?.shape).toEqual([(isLstm ? 8 : 6) * units]);
        const back = { className: `CuDNN${className}`, config, weights: cudnn.weights };
        expect(convertLegacyWeights(back, { ...KERAS_2, to: { recurrent: "plain" } }).weights).toEqual(weights);
        expect(convertLegacyWeights({ className, config, weights: cudnn.weights }, KERAS_2).weights).toEqual(weights);
      }),
    );
  });

  test("kernels that are turned around twice are as they were", () => {
    fc.assert(
      fc.property(
        dtypes,
        fc.array(sizes, { minLength: 1, maxLength: 3 }),
        sizes,
        sizes,
        (dtype, kernel, inputs, filters) => {
          const className = `Conv${kernel.length}D`;
          const weights = [counted([...kernel, inputs, filters], 1, dtype)];
          const theano = { from: { kerasVersion: "2.0.8", backend: "theano" } };
          const layer = { className, config: { filters, kernel_size: kernel } };
          const once = convertLegacyWeights({ ...layer, weights }, theano);
          expect(namesOf(once.conversions)).toEqual(["theano-kernel-flip"]);
          const back = { from: { kerasVersion: "2.0.8", backend: "tensorflow" }, to: { backend: "theano" } };
          expect(convertLegacyWeights({ ...layer, weights: once.weights }, back).weights).toEqual(weights);
        },
      ),
    );
  });

  test("complex and whole numbers are rearranged as any, and given weights are not written to", () => {
    const kernel = tensor("complex64", [2, 1, 1, 1], Float32Array.of(1, 2, 3, 4));
    const bias = tensor("int64", [1], BigInt64Array.of(5n));
    const config = { filters: 1, kernel_size: [2, 1] };
    const theano = { from: { kerasVersion: "2.0.8", backend: "theano" } };
    const { weights } = convertLegacyWeights({ className: "Conv2D", config, weights: [kernel, bias] }, theano);
    expect(weights).toEqual([tensor("complex64", [2, 1, 1, 1], Float32Array.of(3, 4, 1, 2)), bias]);
    expect(weights[1]).toBe(bias);
    expect([...kernel.data]).toEqual([1, 2, 3, 4]);
  });
});

test("only what is asked for is done", () => {
  const theano: LegacyOptions = { from: { backend: "theano" } };
  const config = { nb_filter: 2, nb_row: 3, nb_col: 1, dim_ordering: "th" };
  const shapes = [[2, 4, 3, 1], [2]];
  const layer = { className: "Convolution2D", config };
  expect(namesOf(legacyConversions(layer, shapes, theano))).toEqual(["keras-1-conv2d-kernel", "theano-kernel-flip"]);
  const only = { ...theano, only: ["keras-1-conv2d-kernel"] as const };
  expect(namesOf(legacyConversions(layer, shapes, only))).toEqual(["keras-1-conv2d-kernel"]);
  expect(legacyConversions(layer, shapes, { ...theano, only: [] })).toEqual([]);
});

describe.each<
  readonly [string, string, object, readonly (readonly number[])[], LegacyOptions, name: string, words: RegExp]
>([
  [
    "a kernel without its axes",
    "Conv2D",
    { data_format: "channels_first" },
    [[2, 3]],
    KERAS_1,
    "legacy-weights",
    /\[2, 3\]/,
  ],
  [
    "a kernel of no version",
    "Conv1D",
    { filters: 2, kernel_size: 3 },
    [[9, 9, 9, 9]],
    KERAS_1,
    "legacy-weights",
    /\[9, 9, 9, 9\]/,
  ],
  ["gates of several shapes", "GRU", {}, [...Array(8).fill([2]), [3]], KERAS_1, "legacy-weights", /\[2\] and \[3\]/],
  ["gates that are scalars", "GRU", {}, Array(9).fill([]), KERAS_1, "legacy-weights", /\[\]/],
  [
    "biases of no size",
    "LSTM",
    {},
    [[2, 4], [1, 4], [5]],
    KERAS_2,
    "legacy-weights",
    /\[5\] is not the shape of biases of 1/,
  ],
  ["kernels of no size", "LSTM", {}, [[2, 5], [1, 4], [8]], KERAS_2, "legacy-weights", /\[2, 5\] and \[1, 4\]/],
  ["an older GRU for CuDNN", "CuDNNGRU", {}, [[2, 3], [1, 3], [3]], KERAS_2, "recurrent-form", /reset_after=False/],
  [
    "CuDNN's for an older GRU",
    "GRU",
    {},
    [[2, 3], [1, 3], [6]],
    KERAS_2,
    "recurrent-form",
    /CuDNNGRU is not compatible/,
  ],
  [
    "a kernel of a vector",
    "Conv1D",
    {},
    [[3]],
    { from: { kerasVersion: "2", backend: "theano" } },
    "legacy-weights",
    /\[3\]/,
  ],
  [
    "unknown layers in a model",
    "Model",
    { name: "inner", layers: [{ class_name: "Mine", config: {} }] },
    [[1]],
    KERAS_2,
    "nested-weights",
    /"inner" have 0 weights/,
  ],
])("%s", (_, className, config, shapes, options, code, words) => {
  test("is refused", () => {
    const layer = { className, config: { ...config } };
    const refused = expect.objectContaining({ code, message: expect.stringMatching(words) });
    expect(() => legacyConversions(layer, shapes, options)).toThrow(refused);
    const weights = shapes.map((shape) => counted(shape));
    expect(() => convertLegacyWeights({ ...layer, weights }, options)).toThrow(refused);
  });
});

test("texts and joined numbers of several kinds are refused", () => {
  const text = tensor("string", [1], [new Uint8Array(0)]);
  const theano = { from: { backend: "theano", kerasVersion: "2" } };
  const kernel = tensor("string", [1, 1, 1], [new Uint8Array(0)]);
  expect(() => convertLegacyWeights({ className: "Conv1D", weights: [kernel] }, theano)).toThrow(/string are not conv/);
  const gates = Array.from({ length: 9 }, (_, index) =>
    counted(index % 3 === 2 ? [1] : [1, 1], 0, index < 3 ? "float32" : "float64"),
  );
  expect(() => convertLegacyWeights({ className: "GRU", weights: gates }, KERAS_1)).toThrow(/float32 and float64/);
  expect(convertLegacyWeights({ className: "Lookup", weights: [text] }, KERAS_1).weights).toEqual([text]);
});

test("layers in one another without end are refused at once", () => {
  let layer: { class_name: string; config: object } = { class_name: "Dense", config: {} };
  for (let depth = 0; depth < 20_000; depth++) {
    const isEven = depth % 2 === 0;
    layer = { class_name: isEven ? "Bidirectional" : "Sequential", config: isEven ? { layer } : { layers: [layer] } };
  }
  const { class_name: className, config } = layer;
  const shapes = Array.from({ length: 4 }, () => [1]);
  expect(() => legacyConversions({ className, config: { ...config } }, shapes, KERAS_1)).toThrow(/weights/);
});

describe("in a file", () => {
  const CONFIG = JSON.stringify({
    class_name: "Sequential",
    config: [
      {
        class_name: "Convolution2D",
        config: { name: "convolution2d_1", nb_filter: 4, nb_row: 3, nb_col: 3, dim_ordering: "th" },
      },
      { class_name: "Flatten", config: { name: "flatten_1" } },
      { class_name: "LSTM", config: { name: "lstm_1", output_dim: 2, dropout_W: Number.NaN } },
      { class_name: "Dense", config: { name: "dense_1", output_dim: 2 } },
    ],
  }).replace("null", "NaN");

  const GATES = [..."icfo"].flatMap((gate) => [`W_${gate}`, `U_${gate}`, `b_${gate}`]);
  const shapeOf = (name: string) => (name.startsWith("W") ? [3, 2] : name.startsWith("U") ? [2, 2] : [2]);
  const LAYERS = {
    convolution2d_1: { W: [4, 3, 3, 3], b: [4] },
    flatten_1: {},
    lstm_1: Object.fromEntries(GATES.map((name) => [name, shapeOf(name)])),
    dense_1: { W: [2, 2], b: [2] },
  };
  const KERAS_1_FILE = fileOf(
    names("", "layer_names", Object.keys(LAYERS)),
    ...Object.entries(LAYERS).flatMap(([layer, weights]) => [
      group(layer),
      names(layer, "weight_names", Object.keys(weights)),
      ...Object.entries(weights).map(([name, shape]) => dataset(`${layer}/${name}`, counted(shape))),
    ]),
  );

  test("layers that a loader would have changed are told, and read changed", async () => {
    await using file = await openKerasHdf5(await KERAS_1_FILE);
    const told = kerasConversions(file, { modelConfig: CONFIG });
    expect(told.map(({ layer, conversions }) => [layer.name, namesOf(conversions)])).toEqual([
      ["convolution2d_1", ["keras-1-conv2d-kernel"]],
      ["lstm_1", ["keras-1-lstm-gates"]],
    ]);
    const { weights } = await readConverted(file, "lstm_1", { modelConfig: CONFIG });
    expect(weights.map(({ shape }) => shape)).toEqual([[3, 8], [2, 8], [8]]);
    const [kernel, bias] = (await readConverted(file, "convolution2d_1", { modelConfig: CONFIG })).weights;
    const stored = await file.read("convolution2d_1/W");
    expect(kernel?.shape).toEqual([3, 3, 3, 4]);
    expect(toNumbers(kernel ?? stored)[1]).toBe(toNumbers(stored)[27]); // the second filter's first element
    expect(bias).toEqual(await file.read("convolution2d_1/b"));
    const newer = kerasConversions(file, { modelConfig: CONFIG, from: { kerasVersion: "2.1.0" } });
    expect(newer).toEqual([]);
  });

  test("weights that are none of their layer are told with the reason", async () => {
    await using file = await openKerasHdf5(await KERAS_1_FILE);
    const wrong = CONFIG.replace("Convolution2D", "Convolution1D");
    const [first] = kerasConversions(file, { modelConfig: wrong });
    expect(first).toMatchObject({
      layer: { name: "convolution2d_1" },
      conversions: [],
      problem: { code: "legacy-weights" },
    });
  });

  test("files of today need nothing", async () => {
    await using model = await openKerasHdf5(`${FIXTURES}keras-3-functional-model/model.h5`);
    expect(kerasConversions(model)).toEqual([]);
    await using weights = await openKerasHdf5(`${FIXTURES}keras-3-functional-weights/model.weights.h5`);
    expect(kerasConversions(weights, { modelConfig: model.metadata.modelConfig })).toEqual([]);
  });

  test("what is not known is said", async () => {
    await using file = await openKerasHdf5(await KERAS_1_FILE);
    expect(() => kerasConversions(file)).toThrow(TypeError);
    expect(() => kerasConversions(file, { modelConfig: "[]" })).toThrow(
      expect.objectContaining({ code: "model-config" }),
    );
    expect(() => kerasConversions(file, { modelConfig: "{" })).toThrow(
      expect.objectContaining({ code: "model-config" }),
    );
    const modelConfig = CONFIG;
    await expect(readConverted(file, "other", { modelConfig })).rejects.toMatchObject({ code: "no-layer" });
  });
});
