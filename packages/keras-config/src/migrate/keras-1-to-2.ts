// What changed between Keras 1 (and 0.3, which has the same arguments) and Keras 2, layer by layer.

import type { LayerNode } from "../architecture/architecture.ts";
import { isBuiltIn } from "../architecture/built-in-layers.ts";
import { itemsOf } from "../architecture/fields.ts";
import { isPyDict, isPyFloat, isPyInt, type PyDict, type PyKey, type PyValue, pyFloat, pyInt } from "../value.ts";
import { mergeToKeras2 } from "./merge.ts";
import { asClass, type Rule, renameArguments, withArguments } from "./rewrite.ts";
import { rowOf } from "./table.ts";
import { object2 } from "./values.ts";
import { note, refuse, type Verdicts } from "./verdict.ts";

const CLASSES: Readonly<Record<string, string>> = {
  Convolution1D: "Conv1D",
  Convolution2D: "Conv2D",
  Convolution3D: "Conv3D",
  AtrousConvolution1D: "Conv1D",
  AtrousConvolution2D: "Conv2D",
  AtrousConv1D: "Conv1D",
  AtrousConv2D: "Conv2D",
  Deconvolution2D: "Conv2DTranspose",
  Deconv2D: "Conv2DTranspose",
  SeparableConvolution2D: "SeparableConv2D",
  TimeDistributedDense: "TimeDistributed",
};

/** The layers of Keras 1 that Keras 2 does not have any more. */
const GONE = new Set(
  "MaxoutDense Highway SReLU ParametricSoftplus AutoEncoder Siamese SiameseHead LambdaMerge JZS1 JZS2 JZS3".split(" "),
);

const RENAMED: Readonly<Record<string, string>> = {
  output_dim: "units",
  nb_filter: "filters",
  border_mode: "padding",
  subsample: "strides",
  subsample_length: "strides",
  filter_length: "kernel_size",
  atrous_rate: "dilation_rate",
  pool_length: "pool_size",
  stride: "strides",
  length: "size",
  dim_ordering: "data_format",
  bias: "use_bias",
  p: "rate",
  sigma: "stddev",
  init: "kernel_initializer",
  inner_init: "recurrent_initializer",
  beta_init: "beta_initializer",
  gamma_init: "gamma_initializer",
  inner_activation: "recurrent_activation",
  W_regularizer: "kernel_regularizer",
  U_regularizer: "recurrent_regularizer",
  b_regularizer: "bias_regularizer",
  W_constraint: "kernel_constraint",
  U_constraint: "recurrent_constraint",
  b_constraint: "bias_constraint",
  dropout_W: "dropout",
  dropout_U: "recurrent_dropout",
  consume_less: "implementation",
};

/** Where a name of Keras 1 means something else. */
const RENAMED_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Embedding: {
    init: "embeddings_initializer",
    W_regularizer: "embeddings_regularizer",
    W_constraint: "embeddings_constraint",
    output_dim: "output_dim",
  },
  PReLU: { init: "alpha_initializer" },
};

/** What says nothing any more: the shape is in `batch_input_shape`, weights are in the file, the rest was Theano's. */
const DROPPED = ["input_dim", "weights", "cache_enabled", "custom_name", "truncate_gradient", "transform_bias"];

/** A layer of Keras 1 as one of Keras 2. */
export function fromKeras1(verdicts: Verdicts): Rule {
  return (layer) => {
    if (layer.model !== undefined) return layer;
    if (GONE.has(layer.className)) refuse(layer, "Keras 2 has no such layer");
    if (layer.className === "Merge") return mergeToKeras2(layer);
    const className = rowOf(CLASSES, layer.className) ?? layer.className;
    if (!isBuiltIn(className)) {
      note(verdicts, layer, "a class of one's own is carried over as it is");
      return layer;
    }
    const changed = rowOf(CHANGED, layer.className)?.(layer, verdicts) ?? layer;
    const renamed = renameArguments(changed, { ...RENAMED, ...rowOf(RENAMED_IN, layer.className) });
    const named = { ...renamed, className };
    const config = new Map(
      [...withShape(named).config].map(([key, value]) => [key, valueFor(String(key), value, layer)]),
    );
    for (const key of DROPPED) if (key !== "input_dim" || layer.className !== "Embedding") config.delete(key);
    return { ...named, config: new Map<PyKey, PyValue>([["name", layer.name], ...config]) };
  };
}

type Change = (layer: LayerNode, verdicts: Verdicts) => LayerNode;

const CHANGED: Readonly<Record<string, Change>> = {
  InputLayer: input,
  Convolution2D: conv2D,
  AtrousConvolution2D: conv2D,
  AtrousConv2D: conv2D,
  Conv2D: conv2D,
  Deconvolution2D: (layer) => withArguments(conv2D(layer), { output_shape: undefined }),
  Deconv2D: (layer) => withArguments(conv2D(layer), { output_shape: undefined }),
  SeparableConvolution2D: separable,
  LocallyConnected2D: conv2D,
  ConvLSTM2D: (layer) => recurrent(conv2D(layer)),
  Convolution3D: conv3D,
  Conv3D: conv3D,
  LSTM: recurrent,
  GRU: (layer) => withArguments(recurrent(layer), { reset_after: false }),
  SimpleRNN: recurrent,
  Embedding: embedding,
  BatchNormalization: batchNormalization,
  ZeroPadding2D: padding,
  TimeDistributedDense: timeDistributed,
};

/** Keras 0.3 knows two kinds of numbers. */
function input(layer: LayerNode): LayerNode {
  const renamed = renameArguments(layer, { input_dtype: "dtype" });
  const dtype = renamed.config.get("dtype");
  return withArguments(renamed, { dtype: dtype === "float" ? "float32" : dtype === "int" ? "int32" : dtype });
}

/** Several arguments become one list, in the place of the first. */
function joined(layer: LayerNode, keys: readonly string[], name: string): LayerNode {
  const values = keys.map((key) => layer.config.get(key) ?? null);
  if (values.every((value) => value === null)) return layer;
  const config = new Map<PyKey, PyValue>();
  for (const [key, value] of layer.config) {
    if (key === keys[0]) config.set(name, values);
    else if (!keys.includes(String(key))) config.set(key, value);
  }
  return { ...layer, config };
}

function conv2D(layer: LayerNode): LayerNode {
  return joined(layer, ["nb_row", "nb_col"], "kernel_size");
}

function conv3D(layer: LayerNode): LayerNode {
  return joined(layer, ["kernel_dim1", "kernel_dim2", "kernel_dim3"], "kernel_size");
}

function separable(layer: LayerNode): LayerNode {
  const init = layer.config.get("init");
  const both = withArguments(conv2D(layer), {
    init: undefined,
    depthwise_initializer: init,
    pointwise_initializer: init,
  });
  return renameArguments(both, { W_regularizer: "depthwise_regularizer", W_constraint: "depthwise_constraint" });
}

/** Keras 1 has one bias of the forget gate, and says it by an initializer's name. */
function recurrent(layer: LayerNode): LayerNode {
  const forget = layer.config.get("forget_bias_init");
  const isOne = forget === "one" ? { unit_forget_bias: true } : forget === undefined ? {} : { unit_forget_bias: false };
  return withArguments(layer, { forget_bias_init: undefined, ...isOne });
}

function embedding(layer: LayerNode, verdicts: Verdicts): LayerNode {
  const dropout = layer.config.get("dropout");
  if (isPyFloat(dropout) && dropout.toNumber() > 0)
    note(verdicts, layer, "its dropout is left out: Keras 2 has a layer for that");
  return withArguments(layer, {
    dropout: undefined,
    activity_regularizer: layer.config.get("activity_regularizer") ?? null,
  });
}

function batchNormalization(layer: LayerNode): LayerNode {
  const mode = layer.config.get("mode");
  if (isPyInt(mode) && mode.toNumber() !== 0) refuse(layer, `Keras 2 has no mode ${mode.text}`);
  return withArguments(layer, { mode: undefined });
}

/** Padding could be a dict of its four sides. */
function padding(layer: LayerNode): LayerNode {
  const sides = layer.config.get("padding");
  if (!isPyDict(sides)) return layer;
  const side = (name: string): PyValue => sides.get(name) ?? pyInt(0);
  return withArguments(layer, {
    padding: [
      [side("top_pad"), side("bottom_pad")],
      [side("left_pad"), side("right_pad")],
    ],
  });
}

/** A layer of Keras 1 that is another's wrapper in Keras 2. */
function timeDistributed(layer: LayerNode, verdicts: Verdicts): LayerNode {
  const outer = new Set<PyKey>([
    "name",
    "trainable",
    "batch_input_shape",
    "input_shape",
    "input_dtype",
    "input_length",
  ]);
  const dense = fromKeras1(verdicts)({
    ...asClass(layer, "Dense"),
    name: `${layer.name}_dense`,
    config: new Map([...layer.config].filter(([key]) => !outer.has(key))),
    calls: [],
  });
  const config = new Map<PyKey, PyValue>([...layer.config].filter(([key]) => outer.has(key)));
  config.set("layer", null);
  return { ...layer, config, inner: [{ role: "layer", layer: dense }] };
}

/** Keras 0.3 writes the shape without the batch; so do arguments that one gives by hand. */
function withShape(layer: LayerNode): LayerNode {
  const shape = itemsOf(layer.config.get("input_shape"));
  const without = withArguments(layer, { input_shape: undefined });
  if (shape === undefined || layer.config.has("batch_input_shape")) return without;
  return withArguments(without, { batch_input_shape: [null, ...shape] });
}

const ORDERINGS: Readonly<Record<string, string | null>> = { tf: "channels_last", th: "channels_first", default: null };
const IMPLEMENTATIONS: Readonly<Record<string, number>> = { cpu: 0, mem: 1, gpu: 2 };

function valueFor(key: string, value: PyValue, layer: LayerNode): PyValue {
  if (key === "data_format" && typeof value === "string") {
    const ordering = rowOf(ORDERINGS, value);
    return ordering === undefined ? value : ordering;
  }
  if (key === "implementation" && typeof value === "string") return pyInt(rowOf(IMPLEMENTATIONS, value) ?? 0);
  if (key.endsWith("_initializer") && typeof value === "string") return initializer(value, layer);
  if (key.endsWith("_regularizer") && isPyDict(value)) return regularizer(value, layer);
  if (key.endsWith("_constraint") && isPyDict(value)) return constraint(value, layer);
  return value;
}

/** Initializers by name, with what the name stood for. */
function initializer(name: string, layer: LayerNode): PyValue {
  const seed: [PyKey, PyValue] = ["seed", null];
  const scaled = (scale: number, mode: string, distribution: string): PyDict =>
    object2(
      "VarianceScaling",
      new Map([["scale", pyFloat(scale)], ["mode", mode], ["distribution", distribution], seed]),
    );
  switch (name) {
    case "zero":
    case "zeros":
      return object2("Zeros", new Map());
    case "one":
    case "ones":
      return object2("Ones", new Map());
    case "uniform":
      return object2("RandomUniform", new Map([["minval", pyFloat(-0.05)], ["maxval", pyFloat(0.05)], seed]));
    case "normal":
      return object2("RandomNormal", new Map([["mean", pyFloat(0)], ["stddev", pyFloat(0.05)], seed]));
    case "identity":
      return object2("Identity", new Map([["gain", pyFloat(1)]]));
    case "orthogonal":
      return object2("Orthogonal", new Map([["gain", pyFloat(1.1)], seed]));
    case "lecun_uniform":
      return scaled(1, "fan_in", "uniform");
    case "glorot_uniform":
      return scaled(1, "fan_avg", "uniform");
    case "glorot_normal":
      return scaled(1, "fan_avg", "normal");
    case "he_uniform":
      return scaled(2, "fan_in", "uniform");
    case "he_normal":
      return scaled(2, "fan_in", "normal");
    default:
      return refuse(layer, `the initializer ${name} is not one of Keras 1`);
  }
}

/** `{"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}`. */
function regularizer(value: PyDict, layer: LayerNode): PyValue {
  const name = value.get("name");
  if (value.has("class_name")) return value;
  if (name === "EigenvalueRegularizer") return refuse(layer, "Keras 2 has no EigenvalueRegularizer");
  return object2(
    "L1L2",
    new Map([
      ["l1", value.get("l1") ?? pyFloat(0)],
      ["l2", value.get("l2") ?? pyFloat(0)],
    ]),
  );
}

/** `{"name": "MaxNorm", "m": 2, "axis": 0}`. */
function constraint(value: PyDict, layer: LayerNode): PyValue {
  const name = value.get("name");
  if (value.has("class_name") || typeof name !== "string") return value;
  if (!["MaxNorm", "NonNeg", "UnitNorm"].includes(name)) return refuse(layer, `Keras 2 has no constraint ${name}`);
  const config = new Map<PyKey, PyValue>();
  for (const [key, item] of value) if (key !== "name") config.set(key === "m" ? "max_value" : key, item);
  return object2(name, config);
}
