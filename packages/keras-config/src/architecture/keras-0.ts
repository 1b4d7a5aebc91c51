/**
 * The texts of Keras 0.1 to 0.3: flat objects, whose "name" is the class.
 *
 *     Sequential   {"name": "Sequential", "layers": [layer, …], "optimizer": {…}, "loss": …}
 *     Graph        {"name": "Graph", "input_config": [{"name", "input_shape", "dtype"}, …],
 *                   "node_config": [{"name", "input" or "inputs", "merge_mode", "concat_axis", "dot_axes", "create_output"}, …],
 *                   "nodes": {name: layer, …}, "output_config": [{"name", "input" or "inputs", "merge_mode", …}, …],
 *                   "input_order": […], "output_order": […]}
 *     layer        {"name": "Dense", "output_dim": 4, …, "custom_name": "dense"}
 *
 * A node with several inputs merges them first. Here that is a `Merge` layer of its own, `merge_inputs_for_…`, as Keras 1 makes one.
 */

import { isPyDict, type PyDict, type PyKey, type PyValue } from "../value.ts";
import type { Argument, Call, LayerNode, ModelNode, ObjectNode } from "./architecture.ts";
import { dictOf, itemsOf, listAt, malformed, member, optionalString, stringAt } from "./fields.ts";

/** Whether an object is a model of Keras 0. */
export function isKeras0(object: PyDict): boolean {
  return !object.has("class_name") && (object.get("name") === "Sequential" || object.get("name") === "Graph");
}

/** Reads a model of Keras 0. */
export function readKeras0(object: PyDict, path: string, name: string): ModelNode {
  const node = readNode(object, path, name);
  if (node.className === "Graph") return readGraph(object, node);
  const layers = listAt(object, "layers", path).map((entry, index) => {
    const at = `${member(path, "layers")}[${index}]`;
    return readLayer0(dictOf(entry, at), at, `layer_${index}`);
  });
  return { ...node, kind: "sequential", config: new Map(), layers, inputs: undefined, outputs: undefined };
}

function readNode(object: PyDict, path: string, name: string): ObjectNode {
  const config = new Map<PyKey, PyValue>(object);
  config.delete("name");
  return {
    className: stringAt(object, "name", path),
    module: undefined,
    registeredName: undefined,
    name: optionalString(object.get("custom_name")) ?? name,
    config,
    buildConfig: undefined,
    path,
  };
}

/** The arguments that hold layers: those of Merge, and of AutoEncoder. */
const ROLES = ["layers", "encoder_config", "decoder_config", "layer"];

function readLayer0(object: PyDict, path: string, name: string, calls: readonly Call[] = []): LayerNode {
  const node = readNode(object, path, name);
  const model = isKeras0(object) ? readKeras0(object, path, name) : undefined;
  const inner = ROLES.flatMap((role) => {
    const value = model === undefined ? object.get(role) : undefined;
    const at = member(path, role);
    const items = itemsOf(value)?.map((item, index) => ({ item, at: `${at}[${index}]` })) ?? [{ item: value, at }];
    return items.flatMap(({ item, at }, index) =>
      isPyDict(item) ? [{ role, layer: readLayer0(item, at, `${role}_${index}`) }] : [],
    );
  });
  return { ...node, name: node.name, calls, inner, model };
}

function readGraph(object: PyDict, node: ObjectNode): ModelNode {
  const { path } = node;
  const layers: LayerNode[] = [];
  for (const [entry, at] of entriesOf(object, "input_config", path)) {
    const config = new Map<PyKey, PyValue>(entry);
    layers.push({
      ...readNode(new Map([...entry, ["name", "InputLayer"]]), at, stringAt(entry, "name", at)),
      config,
      ...HELD,
    });
  }
  const nodes = dictOf(object.get("nodes"), member(path, "nodes"));
  const taken = (entry: PyDict, at: string): Argument => {
    const input = optionalString(entry.get("input"));
    if (input !== undefined && input !== "") return tensor(input);
    const merge = mergeFor(entry, at);
    if (merge === undefined) throw malformed(at, "a node without an input");
    layers.push(merge);
    return tensor(merge.name);
  };
  for (const [entry, at] of entriesOf(object, "node_config", path)) {
    const name = stringAt(entry, "name", at);
    const layerPath = member(member(path, "nodes"), name);
    const call = { args: [taken(entry, at)], kwargs: new Map(), path: at };
    layers.push({ ...readLayer0(dictOf(nodes.get(name), layerPath), layerPath, name, [call]), name });
  }
  const outputs = new Map<string, Argument>();
  for (const [entry, at] of entriesOf(object, "output_config", path))
    outputs.set(stringAt(entry, "name", at), taken(entry, at));
  const inputs = new Map(
    layers.filter(({ className }) => className === "InputLayer").map(({ name }) => [name, tensor(name)]),
  );
  return {
    ...node,
    kind: "graph",
    layers,
    inputs: { kind: "dict", entries: inputs },
    outputs: { kind: "dict", entries: outputs },
  };
}

const HELD = { calls: [], inner: [], model: undefined } as const;

function tensor(layer: string): Argument {
  return { kind: "tensor", layer, call: 0, tensor: 0, shape: undefined, dtype: undefined };
}

function* entriesOf(object: PyDict, key: string, path: string): Generator<[PyDict, string]> {
  for (const [index, item] of listAt(object, key, path).entries()) {
    const at = `${member(path, key)}[${index}]`;
    yield [dictOf(item, at), at];
  }
}

function mergeFor(entry: PyDict, path: string): LayerNode | undefined {
  const inputs = itemsOf(entry.get("inputs")) ?? [];
  if (inputs.length === 0) return undefined;
  const items = inputs.map((name, index) => {
    if (typeof name !== "string") throw malformed(`${member(path, "inputs")}[${index}]`, "not the name of a node");
    return tensor(name);
  });
  const config = new Map<PyKey, PyValue>([["mode", entry.get("merge_mode") ?? "concat"]]);
  for (const key of ["concat_axis", "dot_axes"]) config.set(key, entry.get(key) ?? null);
  return {
    className: "Merge",
    module: undefined,
    registeredName: undefined,
    name: `merge_inputs_for_${stringAt(entry, "name", path)}`,
    config,
    buildConfig: undefined,
    path,
    calls: [{ args: [{ kind: "list", items }], kwargs: new Map(), path }],
    inner: [],
    model: undefined,
  };
}
