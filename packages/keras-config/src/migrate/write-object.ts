// Layers and models as objects of a text, in the grammar of Keras 2 or 3. Here a layer's arguments are those of that grammar already.

import type { Argument, Call, LayerNode, ModelNode } from "../architecture/architecture.ts";
import { itemsOf } from "../architecture/fields.ts";
import { isPyDict, type PyDict, type PyKey, type PyValue } from "../value.ts";

/** What differs between the texts of two eras. */
export interface Writer {
  /** An object's members around its config. `path` is where a layer is in its model. */
  object(node: LayerNode | ModelNode, config: PyValue): Map<PyKey, PyValue>;
  /** The config of a model, without its layers and ends. */
  modelConfig(model: ModelNode): Map<PyKey, PyValue>;
  call(call: Call, layer: LayerNode, graph: Graph): PyValue;
  /** `input_layers` or `output_layers`. */
  ends(argument: Argument, graph: Graph): PyValue;
}

/** A model and its layers by name. */
export interface Graph {
  readonly model: ModelNode;
  readonly layers: ReadonlyMap<string, LayerNode>;
}

/** A model as an object. */
export function writeModel(model: ModelNode, writer: Writer): Map<PyKey, PyValue> {
  return writer.object(model, writeModelConfig(model, writer));
}

function writeModelConfig(model: ModelNode, writer: Writer): Map<PyKey, PyValue> {
  const config = writer.modelConfig(model);
  if (model.kind === "subclassed") return config;
  const graph: Graph = { model, layers: new Map(model.layers.map((layer) => [layer.name, layer])) };
  const isStack = model.kind === "sequential";
  const layers = model.layers.map((layer) => (isStack ? writeLayer(layer, writer) : writeEntry(layer, graph, writer)));
  config.set("layers", layers);
  if (isStack) return config;
  if (model.inputs !== undefined) config.set("input_layers", writer.ends(model.inputs, graph));
  if (model.outputs !== undefined) config.set("output_layers", writer.ends(model.outputs, graph));
  return config;
}

function writeEntry(layer: LayerNode, graph: Graph, writer: Writer): PyValue {
  const entry = writeLayer(layer, writer);
  entry.set("name", layer.name);
  const calls = layer.calls.map((call) => writer.call(call, layer, graph));
  entry.set("inbound_nodes", calls);
  return entry;
}

function writeLayer(layer: LayerNode, writer: Writer): Map<PyKey, PyValue> {
  if (layer.model !== undefined) return writeModel(layer.model, writer);
  const config = new Map<PyKey, PyValue>(layer.config);
  const written = new Map<string, PyValue[]>();
  for (const { role, layer: held } of layer.inner) {
    const object = writeLayer(held, writer);
    const objects = written.get(role);
    if (objects === undefined) written.set(role, [object]);
    else objects.push(object);
  }
  for (const [role, objects] of written) {
    const before = layer.config.get(role);
    const items = itemsOf(before);
    // Only what is a layer is replaced: a list may hold other things too.
    if (items !== undefined)
      config.set(
        role,
        items.map((item) => (isPyDict(item) ? (objects.shift() ?? item) : item)),
      );
    else config.set(role, objects[0] ?? null);
  }
  return writer.object(layer, config);
}

/** An argument of a call, with tensors as `tensor` writes them. */
export function writeArgument(
  argument: Argument,
  tensor: (reference: Argument & { kind: "tensor" }) => PyValue,
): PyValue {
  switch (argument.kind) {
    case "tensor":
      return tensor(argument);
    case "list":
      return argument.items.map((item) => writeArgument(item, tensor));
    case "dict":
      return new Map([...argument.entries].map(([key, item]) => [key, writeArgument(item, tensor)]));
    default:
      return argument.value;
  }
}

/** The arguments of a model besides its layers and their wiring, in the order of the text. */
export function plainArguments(model: ModelNode): PyDict {
  const wiring = new Set<PyKey>(["layers", "input_layers", "output_layers"]);
  return new Map([...model.config].filter(([key]) => !wiring.has(key)));
}
