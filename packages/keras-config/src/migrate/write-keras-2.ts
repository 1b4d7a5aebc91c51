import type { Argument, Call, LayerNode, ModelNode } from "../architecture/architecture.ts";
import { type PyDict, type PyKey, type PyValue, pyInt } from "../value.ts";
import { type Graph, plainArguments, type Writer, writeArgument, writeModel } from "./write-object.ts";

/** A model in the grammar of Keras 2, as `to_json` of Keras 2.15 writes it, in the forms that every Keras 2 of TensorFlow 2 reads. */
export function writeKeras2(model: ModelNode): PyDict {
  const object = writeModel(model, WRITER);
  object.set("keras_version", "2.15.0");
  object.set("backend", "tensorflow");
  return object;
}

const WRITER: Writer = {
  object(node, config) {
    const name =
      "kind" in node && node.kind === "functional" && node.className === "Model" ? "Functional" : node.className;
    // A custom class is found under its registered name.
    const registered = node.registeredName?.includes(">") ? node.registeredName : name;
    return new Map<PyKey, PyValue>([
      ["class_name", registered],
      ["config", config],
    ]);
  },
  modelConfig(model) {
    const config = new Map<PyKey, PyValue>([["name", model.name], ...plainArguments(model)]);
    if (model.kind !== "subclassed") config.delete("dtype");
    if (model.kind === "sequential") config.delete("trainable");
    return config;
  },
  call: writeCall,
  ends(argument, graph) {
    const written = writeArgument(argument, reference(graph));
    return argument.kind === "tensor" ? [written] : written;
  },
};

/** Models within models count from 1: the call before made them. A Sequential model without an input was not made yet. */
function reference({ layers }: Graph): (argument: Argument & { kind: "tensor" }) => PyValue[] {
  return ({ layer, call, tensor }) => {
    const nested = layers.get(layer)?.model;
    const isMade =
      nested !== undefined && (nested.kind !== "sequential" || nested.layers[0]?.className === "InputLayer");
    return [layer, pyInt(call + (isMade ? 1 : 0)), pyInt(tensor)];
  };
}

const KEEP_STRUCTURE = new Set(["TFOpLambda", "SlicingOpLambda"]);

function writeCall(call: Call, layer: LayerNode, graph: Graph): PyValue {
  const refer = reference(graph);
  const kwargs = new Map<PyKey, PyValue>();
  for (const [key, value] of call.kwargs) kwargs.set(key, writeArgument(value, refer));
  const write = (argument: Argument): PyValue => {
    if (argument.kind === "tensor") return [...refer(argument), kwargs];
    if (argument.kind === "value") return ["_CONSTANT_VALUE", pyInt(-1), argument.value, kwargs];
    if (argument.kind === "list") return argument.items.map(write);
    return new Map([...argument.entries].map(([key, item]) => [key, write(item)]));
  };
  const [first] = call.args;
  if (first === undefined) return [];
  const isLeaf = first.kind === "tensor" || first.kind === "value";
  return isLeaf && !KEEP_STRUCTURE.has(layer.className) ? [write(first)] : write(first);
}
