/**
 * Operations that are not layers: `x * 2.0` between two layers. Keras 2 wraps the function of TensorFlow, Keras 3 its own operation:
 *
 *     {"class_name": "TFOpLambda", "config": {"function": "math.multiply", …}, "inbound_nodes": [["x", 0, 0, {"y": 2.0, "name": null}]]}
 *     {"class_name": "Multiply", "module": "keras.src.ops.numpy", "inbound_nodes": [{"args": [x, 2.0], "kwargs": {}}]}
 */

import type { Argument, Call, LayerNode } from "../architecture/architecture.ts";
import { itemsOf } from "../architecture/fields.ts";
import { isPyDict, type PyKey, type PyValue } from "../value.ts";
import { rowOf } from "./table.ts";
import { isSame } from "./values.ts";
import { refuse } from "./verdict.ts";

/** One operation: its names, where its arguments go, and its constants. */
interface Operation {
  /** The function of TensorFlow, under each name that Keras 2 writes, the usual one first. */
  readonly functions: readonly string[];
  readonly module: string;
  readonly className: string;
  /** The tensors: the names that the function has for those by position after the first. */
  readonly tensors?: readonly string[];
  /** What is an argument of the call in Keras 2 and of the operation in Keras 3: name and name. */
  readonly constants?: Readonly<Record<string, string>>;
}

const NUMPY = "keras.src.ops.numpy";
const NN = "keras.src.ops.nn";
const MATH = "keras.src.ops.math";
const CORE = "keras.src.ops.core";

function binary(className: string, ...functions: string[]): Operation {
  return { functions, module: NUMPY, className, tensors: ["y"] };
}

function unary(module: string, className: string, ...functions: string[]): Operation {
  return { functions, module, className };
}

function reduction(className: string, name: string): Operation {
  return { functions: [`math.${name}`], module: NUMPY, className, constants: { axis: "axis", keepdims: "keepdims" } };
}

const OPERATIONS: readonly Operation[] = [
  binary("Add", "__operators__.add", "math.add"),
  binary("Subtract", "math.subtract"),
  binary("Multiply", "math.multiply"),
  binary("TrueDivide", "math.truediv"),
  binary("Divide", "math.divide"),
  binary("FloorDivide", "math.floordiv"),
  binary("Power", "math.pow"),
  binary("Maximum", "math.maximum"),
  binary("Minimum", "math.minimum"),
  { functions: ["linalg.matmul"], module: NUMPY, className: "Matmul", tensors: ["b"] },
  unary(NUMPY, "Exp", "math.exp"),
  unary(NUMPY, "Log", "math.log"),
  unary(NUMPY, "Log1p", "math.log1p"),
  unary(NUMPY, "Expm1", "math.expm1"),
  unary(NUMPY, "Sqrt", "math.sqrt"),
  unary(NUMPY, "Square", "math.square"),
  unary(NUMPY, "Absolute", "math.abs"),
  unary(NUMPY, "Negative", "math.negative"),
  unary(NUMPY, "Sign", "math.sign"),
  unary(NUMPY, "Sin", "math.sin"),
  unary(NUMPY, "Cos", "math.cos"),
  unary(NUMPY, "Tanh", "math.tanh"),
  unary(NUMPY, "Floor", "math.floor"),
  unary(NUMPY, "Ceil", "math.ceil"),
  unary(NUMPY, "Round", "math.round"),
  unary(MATH, "Rsqrt", "math.rsqrt"),
  unary(NN, "Relu", "nn.relu"),
  unary(NN, "Relu6", "nn.relu6"),
  unary(NN, "Sigmoid", "math.sigmoid"),
  unary(NN, "Softplus", "math.softplus"),
  unary(NN, "Selu", "nn.selu"),
  { functions: ["nn.softmax"], module: NN, className: "Softmax", constants: { axis: "axis" } },
  reduction("Mean", "reduce_mean"),
  reduction("Sum", "reduce_sum"),
  reduction("Max", "reduce_max"),
  reduction("Min", "reduce_min"),
  reduction("Prod", "reduce_prod"),
  { functions: ["concat"], module: NUMPY, className: "Concatenate", constants: { axis: "axis" } },
  { functions: ["stack"], module: NUMPY, className: "Stack", constants: { axis: "axis" } },
  { functions: ["expand_dims"], module: NUMPY, className: "ExpandDims", constants: { axis: "axis" } },
  { functions: ["compat.v1.squeeze", "squeeze"], module: NUMPY, className: "Squeeze", constants: { axis: "axis" } },
  { functions: ["reshape"], module: NUMPY, className: "Reshape", constants: { shape: "newshape" } },
  {
    functions: ["compat.v1.transpose", "transpose"],
    module: NUMPY,
    className: "Transpose",
    constants: { perm: "axes" },
  },
  { functions: ["tile"], module: NUMPY, className: "Tile", constants: { multiples: "repeats" } },
  {
    functions: ["clip_by_value"],
    module: NUMPY,
    className: "Clip",
    constants: { clip_value_min: "x_min", clip_value_max: "x_max" },
  },
  { functions: ["cast"], module: CORE, className: "Cast", constants: { dtype: "dtype" } },
];

const BY_FUNCTION = new Map(
  OPERATIONS.flatMap((operation) => operation.functions.map((name) => [name, operation] as const)),
);
const BY_CLASS = new Map(OPERATIONS.map((operation) => [`${operation.module}.${operation.className}`, operation]));

/** Arguments of TensorFlow's functions that say nothing at these values. */
const SILENT: Readonly<Record<string, readonly PyValue[]>> = {
  transpose_a: [false],
  transpose_b: [false],
  adjoint_a: [false],
  adjoint_b: [false],
  a_is_sparse: [false],
  b_is_sparse: [false],
  conjugate: [false],
  keepdims: [false],
};

/** Whether a layer of Keras 2 is an operation. */
export function isOperation2(className: string): boolean {
  return [
    "TFOpLambda",
    "SlicingOpLambda",
    "TensorFlowOpLayer",
    "ClassMethod",
    "InstanceMethod",
    "InstanceProperty",
  ].includes(className);
}

/** Whether a layer of Keras 3 is an operation. In h5 files operations have no module, and cannot be told from layers of the same name. */
export function isOperation3({ module }: LayerNode): boolean {
  return module?.startsWith("keras.src.ops.") === true;
}

/** A function of TensorFlow as the operation of Keras 3. */
export function operationToKeras3(layer: LayerNode): LayerNode {
  const name = layer.config.get("function");
  if (name === "__operators__.getitem") return itemToKeras3(layer);
  const operation = typeof name === "string" && layer.className === "TFOpLambda" ? BY_FUNCTION.get(name) : undefined;
  if (operation === undefined) {
    return refuse(
      layer,
      `Keras 3 has no operation for ${typeof name === "string" ? `tf.${name}` : "it"} that is known here`,
    );
  }
  const config = new Map<PyKey, PyValue>([["name", layer.name]]);
  const calls = layer.calls.map((call): Call => {
    const args = [...call.args];
    for (const [key, value] of call.kwargs) {
      const position = operation.tensors?.indexOf(key) ?? -1;
      const constant = rowOf(operation.constants ?? {}, key);
      if (position >= 0) args[position + 1] = value;
      else if (constant !== undefined && value.kind === "value") setOnce(layer, config, constant, value.value);
      else if (!isSilent(key, value)) refuse(layer, `its argument ${key} has no equivalent in keras.ops`);
    }
    for (let index = 0; index < args.length; index++)
      args[index] ??= refuse(layer, "an argument in the middle is missing");
    return { ...call, args, kwargs: new Map() };
  });
  if (operation.className === "Transpose" && !config.has("axes")) config.set("axes", null);
  return {
    ...layer,
    module: operation.module,
    className: operation.className,
    registeredName: operation.className,
    buildConfig: undefined,
    config,
    calls,
  };
}

function setOnce(layer: LayerNode, config: Map<PyKey, PyValue>, key: string, value: PyValue): void {
  const before = config.get(key);
  if (before !== undefined && !isSame(before, value)) refuse(layer, `it is called with different values of ${key}`);
  config.set(key, value);
}

function isSilent(key: string, value: Argument): boolean {
  if (value.kind !== "value") return false;
  return key === "name" || value.value === null || (rowOf(SILENT, key) ?? []).some((each) => isSame(each, value.value));
}

/** An operation of Keras 3 as the function of TensorFlow. */
export function operationToKeras2(layer: LayerNode): LayerNode {
  if (layer.className === "GetItem") return itemToKeras2(layer);
  const operation = BY_CLASS.get(`${layer.module}.${layer.className}`);
  const name = operation?.functions[0];
  if (operation === undefined || name === undefined)
    return refuse(layer, "no function of TensorFlow is known here for this operation");
  const constants = new Map<string, Argument>();
  for (const [key, value] of layer.config) {
    if (key === "name" || key === "dtype" || key === "trainable") continue;
    const renamed = Object.entries(operation.constants ?? {}).find(([, mine]) => mine === key)?.[0];
    if (renamed !== undefined) constants.set(renamed, { kind: "value", value });
    else if (value !== null && value !== false)
      refuse(layer, `its argument ${String(key)} has no equivalent in tf.${name}`);
  }
  const calls = layer.calls.map((call): Call => {
    const [first, ...others] = call.args;
    const kwargs = new Map<string, Argument>(constants);
    for (const [index, value] of others.entries()) {
      kwargs.set(operation.tensors?.[index] ?? refuse(layer, `tf.${name} has no argument number ${index + 2}`), value);
    }
    for (const [key, value] of call.kwargs)
      if (!isSilent(key, value)) refuse(layer, `its argument ${key} has no equivalent in tf.${name}`);
    return { ...call, args: first === undefined ? [] : [first], kwargs };
  });
  return { ...layer, ...LAMBDA, config: lambdaConfig(layer, name), calls };
}

const LAMBDA = {
  className: "TFOpLambda",
  module: undefined,
  registeredName: undefined,
  buildConfig: undefined,
} as const;

function lambdaConfig({ name }: LayerNode, function_: string): Map<PyKey, PyValue> {
  return new Map<PyKey, PyValue>([
    ["name", name],
    ["trainable", true],
    ["dtype", "float32"],
    ["function", function_],
  ]);
}

/** `x[:, 1:5]`: slices are dicts in Keras 2, objects in Keras 3. */
function itemToKeras3(layer: LayerNode): LayerNode {
  const calls = layer.calls.map((call): Call => {
    const spec = call.kwargs.get("slice_spec");
    const [input] = call.args;
    if (spec?.kind !== "value" || input === undefined)
      return refuse(layer, "a slice by tensors has no equivalent in keras.ops");
    const items = itemsOf(spec.value)?.map(slice3) ?? slice3(spec.value);
    return { ...call, args: [input, { kind: "value", value: items }], kwargs: new Map() };
  });
  return {
    ...layer,
    module: NUMPY,
    className: "GetItem",
    registeredName: "GetItem",
    buildConfig: undefined,
    config: new Map([["name", layer.name]]),
    calls,
  };
}

function slice3(value: PyValue): PyValue {
  if (!isPyDict(value)) return value;
  const isEllipsis = value.get("class_name") === "__ellipsis__";
  return new Map<PyKey, PyValue>([
    ["class_name", isEllipsis ? "__ellipsis__" : "__slice__"],
    ["config", isEllipsis ? new Map() : value],
  ]);
}

function itemToKeras2(layer: LayerNode): LayerNode {
  const calls = layer.calls.map((call): Call => {
    const [input, spec] = call.args;
    if (input === undefined || spec?.kind !== "value")
      return refuse(layer, "a slice by tensors has no equivalent in Keras 2");
    const value = (itemsOf(spec.value) ?? [spec.value]).map(slice2);
    return { ...call, args: [input], kwargs: new Map([["slice_spec", { kind: "value", value }]]) };
  });
  return {
    ...layer,
    ...LAMBDA,
    className: "SlicingOpLambda",
    config: lambdaConfig(layer, "__operators__.getitem"),
    calls,
  };
}

function slice2(value: PyValue): PyValue {
  if (!isPyDict(value)) return value;
  if (value.get("class_name") === "__ellipsis__") return new Map([["class_name", "__ellipsis__"]]);
  const config = value.get("config");
  return isPyDict(config) ? config : value;
}
