// What changed between Keras 2 (and tf.keras since TensorFlow 1) and Keras 3, layer by layer.

import type { Call, LayerNode } from "../architecture/architecture.ts";
import { argumentsOf, isBuiltIn } from "../architecture/built-in-layers.ts";
import { itemsOf } from "../architecture/fields.ts";
import { isPyDict, isPyInt, type PyDict, type PyKey, type PyValue, pyInt } from "../value.ts";
import { isOperation2, operationToKeras3 } from "./operations.ts";
import { isRecurrent } from "./positions.ts";
import { asClass, type Rule, renameArguments, withArguments } from "./rewrite.ts";
import { rowOf } from "./table.ts";
import { checkActivation, checkDilation, dropArguments, moduleOf, noteCode, object3, policyName } from "./values.ts";
import { isOwnClass, lose, note, refuse, type Verdicts } from "./verdict.ts";

/** Values at which an argument of Keras 2 says nothing. */
const NEUTRAL: Readonly<Record<string, readonly PyValue[]>> = {
  groups: [pyInt(1)],
  implementation: [pyInt(0), pyInt(1), pyInt(2)],
  renorm_momentum: [pyInt(0)],
};

/** What Keras 2 writes for its own bookkeeping, whatever it holds; and what says how to build a layer that is built by its graph. */
const BOOKKEEPING = new Set([
  "batch_input_shape",
  "batch_size",
  "input_dtype",
  "input_length",
  "input_spec",
  "query_shape",
  "key_shape",
  "value_shape",
  "vocabulary_size",
  "output_shape_type",
  "output_shape_module",
  "function_type",
  "module",
  "shared_object_id",
  "__passive_serialization__",
]);

/** Classes of Keras 2 under another name in Keras 3, for which nothing else changed. */
const RENAMED: Readonly<Record<string, string>> = {
  SyncBatchNormalization: "BatchNormalization",
  BatchNormalizationV1: "BatchNormalization",
  BatchNormalizationV2: "BatchNormalization",
  LSTMV2: "LSTM",
  GRUV2: "GRU",
  DenseV2: "Dense",
};

/** The layers of Keras 2 without an equivalent, and why. */
const GONE: Readonly<Record<string, string>> = {
  LocallyConnected1D: "Keras 3 has no locally connected layers",
  LocallyConnected2D: "Keras 3 has no locally connected layers",
  DenseFeatures: "Keras 3 has no feature columns",
  CuDNNLSTM: "its weights have another form than those of LSTM",
  CuDNNGRU: "its weights have another form than those of GRU",
  RandomHeight: "Keras 3 has no RandomHeight",
  RandomWidth: "Keras 3 has no RandomWidth",
  AbstractRNNCell: "Keras 3 has no such class",
  KerasLayer: "a layer of TensorFlow Hub runs in Keras 2 only",
};

/** A layer of Keras 2 as one of Keras 3. */
export function toKeras3(verdicts: Verdicts): Rule {
  return (layer) => {
    if (layer.model !== undefined) return layer;
    if (isOwnClass(layer)) return custom(layer, verdicts);
    const reason = rowOf(GONE, layer.className);
    if (reason !== undefined) refuse(layer, reason);
    if (isOperation2(layer.className)) return operationToKeras3(layer);
    const renamed = asClass(layer, rowOf(RENAMED, layer.className) ?? layer.className);
    const changed = {
      ...(rowOf(CHANGED, renamed.className)?.(renamed, verdicts) ?? renamed),
      calls: layer.calls.map(callFor(layer, verdicts)),
    };
    if (!isBuiltIn(changed.className)) return custom(layer, verdicts);
    const taken = argumentsOf(changed.className, "keras-3");
    if (taken === undefined) return refuse(layer, `Keras 3 has no ${changed.className}`);
    for (const key of ["activation", "recurrent_activation"]) checkActivation(layer.config.get(key), layer, verdicts);
    const config = new Map([...changed.config].filter(([key]) => typeof key !== "string" || !BOOKKEEPING.has(key)));
    const fitting = dropArguments(
      config,
      new Set([...taken, "zero_output_for_mask"]),
      NEUTRAL,
      layer,
      verdicts,
      "Keras 3",
    );
    return {
      ...changed,
      buildConfig: undefined,
      module: "keras.layers",
      config: new Map([...fitting].map(([key, value]) => [key, valueFor(key, value, changed)])),
    };
  };
}

function custom(layer: LayerNode, verdicts: Verdicts): LayerNode {
  note(verdicts, layer, "a class of one's own is carried over as it is");
  return layer;
}

/** Initializers, regularizers, constraints and policies in the form of Keras 3. */
function valueFor(key: PyKey, value: PyValue, layer: LayerNode): PyValue {
  const argument = String(key);
  if (argument === "dtype") {
    const name = policyName(value) ?? "float32";
    return layer.className === "InputLayer" ? name : policy3(name);
  }
  const module = moduleOf(argument);
  if (module === undefined || !isPyDict(value)) return value;
  const className = value.get("class_name");
  const config = value.get("config");
  if (typeof className !== "string" || !isPyDict(config) || className.includes(">")) return value;
  return object3(module, rowOf(CLASSES, className) ?? className, configFor(config));
}

/** Names that initializers had in TensorFlow 1. */
const CLASSES: Readonly<Record<string, string>> = {
  GlorotUniformV2: "GlorotUniform",
  OrthogonalInitializer: "Orthogonal",
  IdentityInitializer: "Identity",
};

/** Without the dtype that TensorFlow 1 gave to an initializer; what was called normal is truncated. */
function configFor(config: PyDict): PyDict {
  const kept = new Map([...config].filter(([key]) => key !== "dtype" && key !== "verify_shape"));
  if (kept.get("distribution") === "normal") kept.set("distribution", "truncated_normal");
  return kept;
}

/** A policy as Keras 3.4 and later write it, which every Keras 3 reads. */
function policy3(name: string): PyDict {
  return object3("keras", "DTypePolicy", new Map([["name", name]]));
}

type Change = (layer: LayerNode, verdicts: Verdicts) => LayerNode;

const CHANGED: Readonly<Record<string, Change>> = {
  InputLayer: (layer) => renameArguments(layer, { batch_input_shape: "batch_shape" }),
  LeakyReLU: (layer) => renameArguments(layer, { alpha: "negative_slope" }),
  ThresholdedReLU: (layer) => asClass(renameArguments(layer, { theta: "threshold" }), "ReLU"),
  CategoryEncoding: (layer) => renameArguments(layer, { max_tokens: "num_tokens" }),
  BatchNormalization: (layer) =>
    withArguments(layer, { axis: oneAxis(layer), ...(isTrue(layer, "renorm") ? {} : NO_RENORM) }),
  Discretization: (layer) => withoutTrainable(renameArguments(layer, { bins: "bin_boundaries" })),
  SpatialDropout1D: withoutTrainable,
  SpatialDropout2D: withoutTrainable,
  SpatialDropout3D: withoutTrainable,
  LayerNormalization: normalization,
  RandomCrop: randomCrop,
  Conv3DTranspose: checkDilation,
  SpectralNormalization: spectral,
  SeparableConv1D: (layer) => withoutKernel(withoutCausal(layer)),
  SeparableConv2D: withoutKernel,
  DepthwiseConv1D: withoutKernel,
  DepthwiseConv2D: withoutKernel,
  Lambda: lambda,
};

/** Keras 2 writes what these have from Conv and never use. */
function withoutKernel(layer: LayerNode): LayerNode {
  return withArguments(layer, {
    kernel_initializer: undefined,
    kernel_regularizer: undefined,
    kernel_constraint: undefined,
  });
}

/** The few layers of Keras 3 whose constructor does not take it. */
function withoutTrainable(layer: LayerNode): LayerNode {
  return withArguments(layer, { trainable: undefined });
}

function withoutCausal(layer: LayerNode): LayerNode {
  return layer.config.get("padding") === "causal" ? refuse(layer, "Keras 3 does not pad it causally") : layer;
}

function randomCrop(layer: LayerNode, verdicts: Verdicts): LayerNode {
  lose(verdicts, layer, "Keras 3 crops in training only, Keras 2 in inference too");
  return layer;
}

function spectral(layer: LayerNode, verdicts: Verdicts): LayerNode {
  const isTable = layer.inner.some((held) => held.layer.className === "Embedding");
  if (isTable)
    lose(verdicts, layer, "Keras 3 gives the type of its input to what comes out, and rounds the rows of an Embedding");
  return layer;
}

/** Keras 3 sorts the axes, and with them those of the weights. */
function normalization(layer: LayerNode, verdicts: Verdicts): LayerNode {
  const axes = (itemsOf(layer.config.get("axis")) ?? []).map((axis) => (isPyInt(axis) ? axis.toNumber() : 0));
  const isSorted = axes.every((axis, index) => index === 0 || axis > (axes[index - 1] ?? axis));
  if (!isSorted) lose(verdicts, layer, "Keras 3 sorts its axes, so its weights have other shapes");
  return layer;
}

const NO_RENORM = { renorm: undefined, renorm_clipping: undefined, renorm_momentum: undefined, fused: undefined };

function isTrue(layer: LayerNode, key: string): boolean {
  return layer.config.get(key) === true;
}

/** tf.keras writes a list of one. */
function oneAxis(layer: LayerNode): PyValue | undefined {
  const axis = layer.config.get("axis");
  const items = itemsOf(axis);
  if (items === undefined) return axis;
  return items.length === 1
    ? (items[0] ?? null)
    : refuse(layer, `Keras 3 normalizes along one axis, this is ${items.length}`);
}

/** Code as `[code, defaults, closure]`, or the name of a function. */
function lambda(layer: LayerNode, verdicts: Verdicts): LayerNode {
  const code = itemsOf(layer.config.get("function"));
  if (layer.config.get("output_shape_type") === "lambda")
    lose(verdicts, layer, "its output shape is code, which Keras 3 does not read");
  noteCode(layer, verdicts);
  if (code === undefined) return layer;
  const config = new Map<PyKey, PyValue>(
    ["code", "defaults", "closure"].map((key, index) => [key, code[index] ?? null]),
  );
  return withArguments(layer, {
    function: new Map<PyKey, PyValue>([
      ["class_name", "__lambda__"],
      ["config", config],
    ]),
  });
}

/** Keras 2 adds the initial state of a recurrent layer to its input; Keras 3 takes it by name. */
function callFor(layer: LayerNode, verdicts: Verdicts): (call: Call) => Call {
  return (call) => {
    const training = call.kwargs.get("training");
    if (training?.kind === "value" && training.value === true) {
      lose(verdicts, layer, "it is called with training=True, which Keras 3 leaves to who calls the model");
    }
    const kwargs = new Map([...call.kwargs].filter(([, value]) => value.kind !== "value" || value.value !== null));
    const [input] = call.args;
    if (!isRecurrent(layer.className) || input?.kind !== "list") return { ...call, kwargs };
    const [sequence, ...states] = input.items;
    if (sequence === undefined) return { ...call, kwargs };
    if (states.length > 0) kwargs.set("initial_state", { kind: "list", items: states });
    return { ...call, args: [sequence], kwargs };
  };
}
