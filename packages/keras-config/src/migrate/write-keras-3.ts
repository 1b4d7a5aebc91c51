import type { Argument, Call, LayerNode, ModelNode, TensorReference } from "../architecture/architecture.ts";
import { hasTensor } from "../architecture/arguments.ts";
import { isBuiltIn } from "../architecture/built-in-layers.ts";
import { type PyKey, type PyValue, pyInt } from "../value.ts";
import { policyName } from "./values.ts";
import { isOwnClass } from "./verdict.ts";
import { type Graph, plainArguments, writeArgument, writeModel } from "./write-object.ts";

/** The shape of a tensor of a model; `undefined` where it is not known. */
export type ShapeOf = (model: ModelNode, tensor: TensorReference) => readonly (number | null)[] | undefined;

/** A model in the grammar of Keras 3, as `to_json` of Keras 3.15 writes it. */
export function writeKeras3(model: ModelNode, shapeOf: ShapeOf): Map<PyKey, PyValue> {
  return writeModel(model, {
    object: writeObject,
    modelConfig,
    call: (call, _layer, graph) => writeCall(call, graph, shapeOf),
    ends: (argument, graph) => writeArgument(argument, (tensor) => endReference(tensor, graph)),
  });
}

function writeObject(node: LayerNode | ModelNode, config: PyValue): Map<PyKey, PyValue> {
  const [module, className, registeredName] = names(node);
  const object = new Map<PyKey, PyValue>([
    ["module", module],
    ["class_name", className],
    ["config", config],
    ["registered_name", registeredName],
  ]);
  if (node.buildConfig !== undefined && !("kind" in node)) object.set("build_config", node.buildConfig);
  return object;
}

/** Where Keras finds a class. Those of one's own have no module that Keras would know: they are found by their registered name. */
function names(node: LayerNode | ModelNode): readonly [string | null, string, string | null] {
  if ("kind" in node && node.kind === "sequential" && node.className === "Sequential")
    return ["keras", "Sequential", null];
  const isModel = "kind" in node && (node.className === "Functional" || node.className === "Model");
  if (isModel) return ["keras.src.models.functional", "Functional", "Functional"];
  if (node.module?.startsWith("keras.") === true) return [node.module, node.className, node.registeredName ?? null];
  // An h5 file of Keras 3 names no modules.
  const isNamed = node.module === undefined && isBuiltIn(node.className) && !isOwnClass(node);
  if (isNamed) return ["keras.layers", node.className, null];
  return [node.module ?? null, node.className, node.registeredName ?? node.className];
}

function modelConfig(model: ModelNode): Map<PyKey, PyValue> {
  return new Map<PyKey, PyValue>([["name", model.name], ["trainable", true], ...plainArguments(model)]);
}

function reference({ layer, call, tensor }: TensorReference): PyValue[] {
  return [layer, pyInt(call), pyInt(tensor)];
}

/** At the ends of a graph, and only there, graphs within it count from 1: the call before made them. */
function endReference(tensor: TensorReference, { layers }: Graph): PyValue[] {
  const kind = layers.get(tensor.layer)?.model?.kind;
  return reference(kind === "functional" ? { ...tensor, call: tensor.call + 1 } : tensor);
}

function writeCall(call: Call, { model, layers }: Graph, shapeOf: ShapeOf): PyValue {
  if (!isKnown(call, model, shapeOf) && isOldForm(call)) return writeOldCall(call);
  const write = (argument: Argument): PyValue =>
    writeArgument(argument, (tensor) => {
      const shape = tensor.shape ?? shapeOf(model, tensor) ?? [null];
      const config = new Map<PyKey, PyValue>([
        ["shape", shape.map((length) => (length === null ? null : pyInt(length)))],
        ["dtype", tensor.dtype ?? dtypeOf(layers.get(tensor.layer))],
        ["keras_history", reference(tensor)],
      ]);
      return new Map<PyKey, PyValue>([
        ["class_name", "__keras_tensor__"],
        ["config", config],
      ]);
    });
  return new Map<PyKey, PyValue>([
    ["args", call.args.map(write)],
    ["kwargs", new Map([...call.kwargs].map(([key, value]) => [key, write(value)]))],
  ]);
}

/** What the layer computes in, which is what comes out of nearly every one. Keras takes the type of the real tensor. */
function dtypeOf(layer: LayerNode | undefined): string {
  return (policyName(layer?.config.get("dtype")) ?? "float32").replace("mixed_", "");
}

function isKnown(call: Call, model: ModelNode, shapeOf: ShapeOf): boolean {
  const known = (argument: Argument): boolean => {
    if (argument.kind === "tensor") return (argument.shape ?? shapeOf(model, argument)) !== undefined;
    if (argument.kind === "list") return argument.items.every(known);
    return argument.kind === "dict" ? [...argument.entries.values()].every(known) : true;
  };
  return [...call.args, ...call.kwargs.values()].every(known);
}

/** Whether the form of Keras 2, which Keras 3 reads for h5 files, can say it: tensors in the first argument only. It needs no shapes. */
function isOldForm({ args, kwargs }: Call): boolean {
  const [first, ...others] = args;
  const isFlat =
    first?.kind === "tensor" || (first?.kind === "list" && first.items.every(({ kind }) => kind === "tensor"));
  return (
    isFlat &&
    others.length === 0 &&
    ![...kwargs.values()].some(hasTensor) &&
    !(first.kind === "list" && first.items.length < 2)
  );
}

function writeOldCall({ args, kwargs }: Call): PyValue {
  const named = new Map([...kwargs].map(([key, value]) => [key, value.kind === "value" ? value.value : null]));
  const items = args.flatMap((argument) => (argument.kind === "list" ? argument.items : [argument]));
  return items.map((item) => (item.kind === "tensor" ? [...reference(item), named] : null));
}
