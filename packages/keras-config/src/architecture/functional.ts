/**
 * A graph of layers, of Keras 1 to 3:
 *
 *     config   {"name": …, "layers": [layer, …], "input_layers": tensors, "output_layers": tensors}
 *     layer    {"name": …, "class_name": …, "config": {…}, "inbound_nodes": [call, …]}
 */

import { isPyDict, type PyDict, type PyValue } from "../value.ts";
import type { Argument, Call, Grammar, ModelNode, ObjectNode, TensorReference } from "./architecture.ts";
import { mapCall, mapTensors, tensorsIn, tensorsOf, unwrapped } from "./arguments.ts";
import { readEnds, readListCall } from "./calls-as-lists.ts";
import { readObjectCall } from "./calls-as-objects.ts";
import { dictOf, itemsOf, listAt, malformed, member, optionalString } from "./fields.ts";
import { type ReadNestedModel, readLayer } from "./layer.ts";

/** Whether a config is that of a graph: a class of one's own may have one too. */
export function isFunctional(config: PyDict): boolean {
  return itemsOf(config.get("layers")) !== undefined && config.has("input_layers") && config.has("output_layers");
}

/** Reads a graph. */
export function readFunctional(node: ObjectNode, grammar: Grammar, readNested: ReadNestedModel): ModelNode {
  const path = member(node.path, "config");
  const entries = listAt(node.config, "layers", path);
  const names = new Set(entries.map((entry) => (isPyDict(entry) ? nameOf(entry) : undefined) ?? ""));
  const layers = entries.map((entry, index) => {
    const at = `${path}.layers[${index}]`;
    const object = dictOf(entry, at);
    const className = optionalString(object.get("class_name")) ?? "";
    const calls = readCalls(object.get("inbound_nodes"), `${at}.inbound_nodes`, className, names);
    return readLayer(object, at, `layer_${index}`, readNested, calls);
  });
  const [inputs, outputs] = ["input_layers", "output_layers"].map((key) => {
    const ends = readEnds(node.config.get(key), member(path, key));
    return grammar === "keras-3" ? ends : unwrapped(ends);
  });
  return countedFromZero({ ...node, kind: "functional", layers, inputs, outputs }, grammar);
}

/** A functional entry has its name next to its config. */
function nameOf(entry: PyDict): string | undefined {
  const config = entry.get("config");
  return optionalString(entry.get("name")) ?? (isPyDict(config) ? optionalString(config.get("name")) : undefined);
}

function readCalls(
  nodes: PyValue | undefined,
  path: string,
  className: string,
  names: ReadonlySet<string>,
): readonly Call[] {
  if (nodes === undefined || nodes === null) return [];
  const items = itemsOf(nodes);
  if (items === undefined) throw malformed(path, "not a list of calls");
  return items.map((item, index) => {
    const at = `${path}[${index}]`;
    // A dict of tensors is a structure of Keras 2; Keras 3 has "args" in it, and that as a list.
    if (isPyDict(item) && itemsOf(item.get("args")) !== undefined && item.size <= 2) return readObjectCall(item, at);
    if (itemsOf(item)?.length === 0) return { args: [], kwargs: new Map(), path: at };
    return readListCall(item, at, className, names);
  });
}

/**
 * The same model with calls counted from 0. A model within a model has a call before those of this graph, the one that made it, and
 * texts count it: until Keras 3 always, since then for graphs and only in `input_layers` and `output_layers`.
 */
function countedFromZero(model: ModelNode, grammar: Grammar): ModelNode {
  const inCalls = new Map<string, number[]>();
  const inEnds = grammar === "keras-3" ? new Map<string, number[]>() : inCalls;
  for (const layer of model.layers) for (const call of layer.calls) noteAll(inCalls, tensorsOf(call));
  for (const ends of [model.inputs, model.outputs]) if (ends !== undefined) noteAll(inEnds, tensorsIn(ends));

  const isModern = grammar === "keras-3";
  const shiftedCalls = new Set<string>();
  const shiftedEnds = new Set<string>();
  for (const { name, model: nested, calls } of model.layers) {
    if (nested === undefined) continue;
    const isMade = !isModern && hasInput(nested);
    const isMadeAtEnds = isModern ? nested.kind === "functional" : isMade;
    if (isShifted(isMade, calls.length, inCalls.get(name) ?? [])) shiftedCalls.add(name);
    if (isShifted(isMadeAtEnds, calls.length, inEnds.get(name) ?? [])) shiftedEnds.add(name);
  }
  if (shiftedCalls.size + shiftedEnds.size === 0) return model;
  const counted =
    (shifted: ReadonlySet<string>) =>
    (tensor: TensorReference): Argument =>
      shifted.has(tensor.layer) && tensor.call > 0 ? { ...tensor, call: tensor.call - 1 } : tensor;
  const end = (ends: Argument | undefined): Argument | undefined => ends && mapTensors(ends, counted(shiftedEnds));
  return {
    ...model,
    layers: model.layers.map((layer) => ({
      ...layer,
      calls: layer.calls.map((call) => mapCall(call, counted(shiftedCalls))),
    })),
    inputs: end(model.inputs),
    outputs: end(model.outputs),
  };
}

function noteAll(used: Map<string, number[]>, tensors: Iterable<TensorReference>): void {
  for (const { layer, call } of tensors) {
    const calls = used.get(layer);
    if (calls === undefined) used.set(layer, [call]);
    else calls.push(call);
  }
}

/** Whether a model was made with a call: a graph is, a stack if it knows what goes into it. */
function hasInput({ kind, layers: [first] }: ModelNode): boolean {
  if (kind !== "sequential" || first === undefined) return true;
  const isSaid = first.className === "InputLayer" || first.config.has("batch_input_shape");
  return isSaid || (first.model !== undefined && hasInput(first.model));
}

/** What the grammar says, unless only the contrary makes sense of the numbers: Kerases before tf.keras may differ. */
function isShifted(isExpected: boolean, calls: number, used: readonly number[]): boolean {
  const fits = (base: number): boolean => used.every((call) => call >= base && call - base < calls);
  const [expected, other] = isExpected ? [1, 0] : [0, 1];
  return (fits(expected) || !fits(other) ? expected : other) === 1;
}
