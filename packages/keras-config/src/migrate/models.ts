// What migrating does to models as a whole: the inputs of a stack, and names.

import type { Argument, LayerNode, ModelNode } from "../architecture/architecture.ts";
import { mapCall, mapTensors } from "../architecture/arguments.ts";
import type { PyKey, PyValue } from "../value.ts";
import { withArguments } from "./rewrite.ts";
import { policyName } from "./values.ts";
import { note, type Verdicts } from "./verdict.ts";

/**
 * A stack that begins with its input as a layer of its own. Before TensorFlow 2.2 the first layer had the shape instead, and Keras 3
 * knows no other way: so it is done for both. A stack whose shape is not known remains as it is: it is built when it is called.
 */
export function withInputLayer(model: ModelNode): ModelNode {
  const [first] = model.layers;
  if (model.kind !== "sequential" || first === undefined || first.className === "InputLayer") return model;
  const shape = inputShape(first);
  if (shape === undefined) return model;
  const config = new Map<PyKey, PyValue>([
    ["batch_input_shape", shape],
    ["dtype", inputDtype(first)],
    ["sparse", false],
    ["ragged", false],
    ["name", `${first.name}_input`],
  ]);
  const input: LayerNode = {
    ...first,
    className: "InputLayer",
    name: `${first.name}_input`,
    config,
    calls: [],
    inner: [],
    ...UNBUILT,
  };
  const rest = withArguments(first, { batch_input_shape: undefined, input_dtype: undefined });
  return { ...model, layers: [input, rest, ...model.layers.slice(1)] };
}

const UNBUILT = { model: undefined, buildConfig: undefined, module: undefined, registeredName: undefined } as const;

/** What goes into a layer that says it: in its own arguments, or those of the first layer of the stack that it is. */
function inputShape(layer: LayerNode): PyValue | undefined {
  const shape = layer.config.get("batch_input_shape");
  if (shape !== undefined && shape !== null) return shape;
  const held = layer.model?.kind === "sequential" ? layer.model.layers[0] : undefined;
  return held === undefined ? undefined : (held.config.get("batch_shape") ?? inputShape(held));
}

/** Embeddings take indices, of which older texts say float32: the input is what the layer computes with everywhere else. */
function inputDtype(layer: LayerNode): string {
  const name = policyName(layer.config.get("input_dtype")) ?? policyName(layer.config.get("dtype")) ?? "float32";
  return name.startsWith("mixed_") ? "float32" : name;
}

/** The same model without `/` in the names of its layers, which Keras 3 does not take. */
export function withPlainNames(model: ModelNode, verdicts: Verdicts): ModelNode {
  const names = new Set(model.layers.map(({ name }) => name));
  const renamed = new Map<string, string>();
  for (const layer of model.layers) {
    if (!layer.name.includes("/")) continue;
    let name = layer.name.replaceAll("/", "_");
    while (names.has(name)) name += "_";
    names.add(name);
    renamed.set(layer.name, name);
    note(verdicts, layer, `is called "${name}": Keras 3 has no / in names`);
  }
  if (renamed.size === 0) return model;
  const rename = (tensor: Argument & { kind: "tensor" }): Argument => ({
    ...tensor,
    layer: renamed.get(tensor.layer) ?? tensor.layer,
  });
  const end = (argument: Argument | undefined): Argument | undefined =>
    argument === undefined ? undefined : mapTensors(argument, rename);
  const layers = model.layers.map((layer): LayerNode => {
    const name = renamed.get(layer.name) ?? layer.name;
    const calls = layer.calls.map((call) => mapCall(call, rename));
    const own = layer.model === undefined ? undefined : { ...layer.model, name };
    return { ...withArguments(layer, layer.config.has("name") ? { name } : {}), name, calls, model: own };
  });
  return { ...model, layers, inputs: end(model.inputs), outputs: end(model.outputs) };
}
