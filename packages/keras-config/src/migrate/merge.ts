/**
 * The layer with which Keras 1 joins tensors, and what there is instead since Keras 2: a layer for each mode.
 *
 *     {"class_name": "Merge", "config": {"name": …, "mode": "concat", "mode_type": "raw", "concat_axis": -1, "dot_axes": -1, "layers": […], …}}
 *
 * First in a stack, it holds the stacks that it joins: the whole is a graph, and is made one here.
 */

import type { Argument, LayerNode, ModelNode } from "../architecture/architecture.ts";
import type { PyKey, PyValue } from "../value.ts";
import { rowOf } from "./table.ts";
import { refuse } from "./verdict.ts";

const MODES: Readonly<Record<string, string>> = {
  sum: "Add",
  mul: "Multiply",
  ave: "Average",
  max: "Maximum",
  concat: "Concatenate",
  dot: "Dot",
  cos: "Dot",
};

/** A Merge as the layer of its mode. */
export function mergeToKeras2(layer: LayerNode): LayerNode {
  const mode = layer.config.get("mode");
  const className =
    typeof mode === "string" && layer.config.get("mode_type") !== "lambda" ? rowOf(MODES, mode) : undefined;
  if (className === undefined)
    return refuse(layer, "a Merge by a function of one's own has no equivalent since Keras 2");
  const config = new Map<PyKey, PyValue>([["name", layer.name]]);
  if (className === "Concatenate") config.set("axis", layer.config.get("concat_axis") ?? null);
  if (className === "Dot") {
    config.set("axes", layer.config.get("dot_axes") ?? null);
    config.set("normalize", mode === "cos");
  }
  return { ...layer, className, config };
}

/** A stack that begins with a Merge, as the graph that it is. Anything else remains. */
export function withoutLeadingMerge(model: ModelNode): ModelNode {
  const [first, ...rest] = model.layers;
  const held = first?.inner.filter(({ role }) => role === "layers") ?? [];
  if (model.kind !== "sequential" || first === undefined || held.length === 0) return model;
  const layers: LayerNode[] = [];
  const inputs: Argument[] = [];
  const joined = held.map(({ layer }): Argument => {
    const graph = branch(layer, first);
    layers.push(...graph.layers);
    inputs.push(...graph.inputs);
    return graph.output;
  });
  let last = add(layers, { ...first, inner: [] }, { kind: "list", items: joined });
  for (const layer of rest) last = add(layers, layer, last);
  const ends: Argument = { kind: "list", items: inputs };
  return { ...model, kind: "functional", className: "Model", config: new Map(), layers, inputs: ends, outputs: last };
}

interface Branch {
  readonly layers: readonly LayerNode[];
  readonly inputs: readonly Argument[];
  readonly output: Argument;
}

/** What a Merge joins: a stack, called on an input of its own, or the layers of a graph. */
function branch(layer: LayerNode, merge: LayerNode): Branch {
  const { model } = layer;
  if (model?.kind === "functional") {
    const inputs = model.inputs?.kind === "list" ? model.inputs.items : [];
    return { layers: model.layers, inputs, output: model.outputs ?? refuse(merge, "a branch of it has no output") };
  }
  const shape = shapeOf(layer);
  if (shape === undefined) return refuse(merge, `the shape that goes into "${layer.name}" is not known`);
  const name = `${layer.name}_input`;
  const config = new Map<PyKey, PyValue>([
    ["name", name],
    ["batch_input_shape", shape],
    ["dtype", "float32"],
    ["sparse", false],
    ["ragged", false],
  ]);
  const layers: LayerNode[] = [
    { ...layer, className: "InputLayer", name, config, inner: [], model: undefined, calls: [] },
  ];
  return { layers, inputs: [tensor(name)], output: add(layers, layer, tensor(name)) };
}

function shapeOf(layer: LayerNode): PyValue | undefined {
  const own = layer.config.get("batch_input_shape");
  if (own !== undefined && own !== null) return own;
  const first = layer.model?.layers[0];
  return first === undefined ? undefined : shapeOf(first);
}

/** Adds a layer, called once, and gives what comes out of it. */
function add(layers: LayerNode[], layer: LayerNode, input: Argument): Argument {
  layers.push({ ...layer, calls: [{ args: [input], kwargs: new Map(), path: layer.path }] });
  return tensor(layer.name);
}

function tensor(layer: string): Argument {
  return { kind: "tensor", layer, call: 0, tensor: 0, shape: undefined, dtype: undefined };
}
