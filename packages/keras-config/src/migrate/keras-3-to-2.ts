// What Keras 2.15 has for what Keras 3 writes, layer by layer.

import type { Argument, Call, LayerNode } from "../architecture/architecture.ts";
import { argumentsOf, isBuiltIn } from "../architecture/built-in-layers.ts";
import { isPyDict, type PyDict, type PyKey, type PyValue, pyInt } from "../value.ts";
import { isOperation3, operationToKeras2 } from "./operations.ts";
import { isRecurrent, positionsOf } from "./positions.ts";
import { type Rule, renameArguments, withArguments } from "./rewrite.ts";
import { rowOf } from "./table.ts";
import {
  activationName,
  checkActivation,
  checkDilation,
  dropArguments,
  moduleOf,
  noteCode,
  object2,
  policyName,
} from "./values.ts";
import { isOwnClass, lose, note, refuse, type Verdicts } from "./verdict.ts";

/** Values at which an argument of Keras 3 says nothing. */
const NEUTRAL: Readonly<Record<string, readonly PyValue[]>> = {
  use_cudnn: ["auto"],
  oov_method: ["floormod"],
  fill_mode: ["constant"],
  fill_value: [pyInt(0)],
  data_format: ["channels_last"],
};

/** Arguments that Keras 2 does without: they decide about training, speed, or repeat what is stored in the weights. */
const WITHOUT = new Set([
  "seed",
  "use_cudnn",
  "flash_attention",
  "autocast",
  "lora_rank",
  "lora_alpha",
  "renorm_momentum",
  "value_range",
  "vocabulary_size",
]);

/** The functions of Keras 2.15. */
const ACTIVATIONS = new Set(
  "elu exponential gelu hard_sigmoid linear mish relu selu sigmoid softmax softplus softsign swish tanh".split(" "),
);

/** A layer of Keras 3 as one of Keras 2.15. */
export function toKeras2(verdicts: Verdicts): Rule {
  return (layer) => {
    if (layer.model !== undefined) return layer;
    if (isOperation3(layer)) return operationToKeras2(layer);
    if (isOwnClass(layer) || !isBuiltIn(layer.className)) {
      note(verdicts, layer, "a class of one's own is carried over as it is");
      const dtype = layer.config.get("dtype");
      const config = dtype === undefined ? {} : { dtype: policy2(dtype, layer) };
      return { ...withArguments(layer, config), calls: layer.calls.map((call) => callFor(layer, call)) };
    }
    const taken = argumentsOf(layer.className, "keras-2");
    if (taken === undefined) return refuse(layer, `Keras 2 has no ${layer.className}`);
    const changed = rowOf(CHANGED, layer.className)?.(layer, verdicts) ?? layer;
    for (const key of ["activation", "recurrent_activation"]) checkFunction(changed, key, verdicts);
    const config = new Map([...changed.config].filter(([key]) => taken.has(String(key)) || !WITHOUT.has(String(key))));
    const fitting = dropArguments(
      config,
      new Set([...taken, ...EXTRA, ...(rowOf(EXTRA_IN, layer.className) ?? [])]),
      NEUTRAL,
      layer,
      verdicts,
      "Keras 2",
    );
    return {
      ...changed,
      module: undefined,
      registeredName: undefined,
      buildConfig: undefined,
      calls: layer.calls.map((call) => callFor(layer, call)),
      config: new Map([...fitting].map(([key, value]) => [key, valueFor(key, value, layer)])),
    };
  };
}

/** What Keras 2 takes that the signatures of its constructors do not say. */
const EXTRA = [
  ...["query_shape", "key_shape", "value_shape", "batch_input_shape"],
  ...["function_type", "module", "output_shape_type", "output_shape_module"],
  ...["zero_output_for_mask", "implementation"],
];
const EXTRA_IN: Readonly<Record<string, readonly string[]>> = {
  Attention: ["dropout"],
  AdditiveAttention: ["dropout"],
  GlobalAveragePooling1D: ["keepdims"],
};

function checkFunction(layer: LayerNode, key: string, verdicts: Verdicts): void {
  const value = layer.config.get(key);
  checkActivation(value, layer, verdicts);
  const name = activationName(value);
  const isOwn = isPyDict(value) && value.get("registered_name") !== null;
  if (name !== undefined && !isOwn && !ACTIVATIONS.has(name)) refuse(layer, `Keras 2 has no activation ${name}`);
}

function valueFor(key: PyKey, value: PyValue, layer: LayerNode): PyValue {
  const argument = String(key);
  if (argument === "dtype") return policy2(value, layer);
  if (argument.endsWith("activation") && isPyDict(value)) return activationName(value) ?? value;
  if (moduleOf(argument) === undefined || !isPyDict(value) || value.get("registered_name") !== null) return value;
  const className = value.get("class_name");
  const config = value.get("config");
  if (typeof className !== "string" || !isPyDict(config)) return value;
  for (const axes of ["input_axes", "output_axes"]) {
    if ((config.get(axes) ?? null) !== null) refuse(layer, `the initializers of Keras 2 have no ${axes}`);
  }
  return object2(className, new Map([...config].filter(([name]) => name !== "input_axes" && name !== "output_axes")));
}

/** A plain dtype by its name; a mixed policy as the object of TensorFlow 2. */
function policy2(value: PyValue, layer: LayerNode): PyValue {
  const isQuantized =
    isPyDict(value) && value.get("class_name") !== "DTypePolicy" && value.get("class_name") !== "Policy";
  const name = policyName(value);
  if (isQuantized || name === undefined) return refuse(layer, "Keras 2 has no such dtype policy");
  return name.startsWith("mixed_") ? object2("Policy", new Map([["name", name]])) : name;
}

type Change = (layer: LayerNode, verdicts: Verdicts) => LayerNode;

const CHANGED: Readonly<Record<string, Change>> = {
  InputLayer: (layer) =>
    withArguments(renameArguments(layer, { batch_shape: "batch_input_shape" }), { optional: optional(layer) }),
  LeakyReLU: (layer) => renameArguments(layer, { negative_slope: "alpha" }),
  MultiHeadAttention: (layer) => withArguments(layer, { query_shape: null, key_shape: null, value_shape: null }),
  Lambda: lambda,
  IntegerLookup: withoutDtype,
  StringLookup: withoutDtype,
  TextVectorization: withoutDtype,
  Conv3DTranspose: checkDilation,
  RandomCrop: randomCrop,
};

/** In Keras 2 it is that of what comes out, in Keras 3 that of the computation. */
function withoutDtype(layer: LayerNode): LayerNode {
  return withArguments(layer, { dtype: undefined });
}

function randomCrop(layer: LayerNode, verdicts: Verdicts): LayerNode {
  lose(verdicts, layer, "Keras 3 crops in training only, Keras 2 in inference too");
  return layer;
}

function optional(layer: LayerNode): PyValue | undefined {
  return layer.config.get("optional") === true ? refuse(layer, "Keras 2 has no optional inputs") : undefined;
}

function lambda(layer: LayerNode, verdicts: Verdicts): LayerNode {
  noteCode(layer, verdicts);
  const value = layer.config.get("function");
  const config = isPyDict(value) ? value.get("config") : undefined;
  if (isPyDict(value) && value.get("class_name") === "__lambda__" && isPyDict(config)) {
    const code = ["code", "defaults", "closure"].map((key) => config.get(key) ?? null);
    return withArguments(layer, { function: code, ...lambdaForm(layer, "lambda") });
  }
  const name = activationName(value);
  if (name === undefined) lose(verdicts, layer, "its function has neither code nor a name");
  return withArguments(layer, { function: name ?? null, ...lambdaForm(layer, "function") });
}

/** What Keras 2 asks of a Lambda besides its function. */
function lambdaForm(layer: LayerNode, type: string): Readonly<Record<string, PyValue>> {
  const shape = layer.config.get("output_shape") ?? null;
  return {
    function_type: type,
    module: null,
    output_shape: shape,
    output_shape_type: "raw",
    output_shape_module: null,
  };
}

/** Keras 2 knows one argument by position, and takes the initial state of a recurrent layer with it. */
function callFor(layer: LayerNode, call: Call): Call {
  const [first, ...others] = call.args;
  const names = positionsOf(layer.className);
  const kwargs = new Map<string, Argument>();
  for (const [index, value] of others.entries()) {
    const name = names[index];
    if (name === undefined)
      return refuse(layer, "it is called with several arguments by position, whose names are not known");
    kwargs.set(name, value);
  }
  for (const [key, value] of call.kwargs) {
    // Keras 3 writes a default of `training` too, which decides nothing there: who calls the model does.
    if (key !== "training" && (value.kind !== "value" || value.value !== null)) kwargs.set(key, value);
  }
  const state = kwargs.get("initial_state");
  if (first === undefined || !isRecurrent(layer.className) || state === undefined) {
    return { ...call, args: first === undefined ? [] : [first], kwargs };
  }
  kwargs.delete("initial_state");
  const states = state.kind === "list" ? state.items : [state];
  return { ...call, args: [{ kind: "list", items: [first, ...states] }], kwargs };
}

/** The arguments of a model that Keras 2 takes. */
export function modelArguments2(config: PyDict): PyDict {
  return new Map([...config].filter(([key]) => key !== "dtype"));
}
