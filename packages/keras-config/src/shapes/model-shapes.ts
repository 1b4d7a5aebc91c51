// Shapes through a model: from what goes in (or the batch shape in a config) from call to call.

import type { Call, LayerNode, ModelNode, TensorReference } from "../architecture/architecture.ts";
import { tensorsIn, tensorsOf } from "../architecture/arguments.ts";
import { isPyDict, type PyDict } from "../value.ts";
import { integerAt, integersAt, shapeOf } from "./arguments.ts";
import { type Era, type Work, workOf } from "./layer-shapes.ts";
import { outputShapes } from "./output-shapes.ts";
import type { Shape, Shapes } from "./shape.ts";

/** What is known of the tensors in a model. */
export interface ModelShapes {
  /** What each layer takes in each of its calls; a layer of a stack has one. */
  readonly inputs: ReadonlyMap<LayerNode, readonly Shapes[]>;
  /** What each layer gives in each of its calls, where it is known; an input gives itself. */
  readonly layerOutputs: ReadonlyMap<LayerNode, readonly (Shapes | undefined)[]>;
  /** What comes out of the model; `undefined` if nothing is known of it. */
  readonly outputs: Shapes | undefined;
}

/** The batch shape in the config of an input, or of the first layer of a stack. */
export function batchShape(config: PyDict): Shape | undefined {
  const whole = shapeOf(config.get("batch_input_shape")) ?? shapeOf(config.get("batch_shape"));
  if (whole !== undefined) return whole;
  const each = shapeOf(config.get("input_shape")) ?? integersAt(config, "input_dim");
  if (each === undefined) return undefined;
  const length = integerAt(config, "input_length");
  return length === undefined ? [null, ...each] : [null, length, ...each];
}

/** The shapes of a `build_config`: one, or several. */
export function builtShapes(buildConfig: PyDict | undefined): Shapes | undefined {
  if (buildConfig === undefined) return undefined;
  const named = buildConfig.get("shapes_dict");
  if (isPyDict(named)) return [...named.values()].map(shapeOf);
  const given = buildConfig.get("input_shape");
  const one = shapeOf(given);
  if (one !== undefined) return [one];
  const several = Array.isArray(given) ? given.map(shapeOf) : [];
  return several.length > 0 && several.every((shape) => shape !== undefined) ? several : undefined;
}

/**
 * The shapes in a model. `given` are those that it is called with, in the order of its inputs; without them the inputs' own are
 * taken. A stack says its own in its first layer, its `build_input_shape` or the `build_config` of Keras 3.
 */
export function modelShapes(model: ModelNode, given: Shapes | undefined, since: Era): ModelShapes {
  const era = workOf(since);
  return model.kind === "sequential" ? stackShapes(model, given, era) : graphShapes(model, given, era);
}

function stackShapes(model: ModelNode, given: Shapes | undefined, era: Work): ModelShapes {
  const inputs = new Map<LayerNode, readonly Shapes[]>();
  const layerOutputs = new Map<LayerNode, readonly (Shapes | undefined)[]>();
  const [first] = model.layers;
  const said = first && (batchShape(first.config) ?? innerShape(first));
  const own = said ?? shapeOf(model.config.get("build_input_shape")) ?? builtShapes(model.buildConfig)?.[0];
  let shapes: Shapes | undefined = given ?? (own && [own]);
  for (const layer of model.layers) {
    // Keras 1 has a layer that takes several models: Merge, first in its stack.
    const taken: Shapes = shapes ?? builtShapes(layer.buildConfig) ?? mergedShapes(layer, era) ?? [undefined];
    inputs.set(layer, [taken]);
    shapes = layer.className === "InputLayer" ? taken : outputShapes(layer, taken, era);
    layerOutputs.set(layer, [shapes]);
  }
  return { inputs, layerOutputs, outputs: shapes };
}

/** A wrapper, or a model, that stands first in a stack says its shape inside. */
function innerShape(layer: LayerNode): Shape | undefined {
  const [first] = layer.model?.kind === "sequential" ? layer.model.layers : [];
  return first && (batchShape(first.config) ?? innerShape(first));
}

function mergedShapes(layer: LayerNode, era: Work): Shapes | undefined {
  if (layer.className !== "Merge") return undefined;
  return layer.inner.map(
    ({ layer: inner }) => outputShapes(inner, [batchShape(inner.config) ?? innerShape(inner)], era)?.[0],
  );
}

function graphShapes(model: ModelNode, given: Shapes | undefined, era: Work): ModelShapes {
  const layers = new Map(model.layers.map((layer): [string, LayerNode] => [layer.name, layer]));
  const inputs = new Map<LayerNode, Shapes[]>();
  const layerOutputs = new Map<LayerNode, (Shapes | undefined)[]>();
  const ends = model.inputs === undefined ? [] : [...tensorsIn(model.inputs)];
  const fed = new Map(ends.map(({ layer }, at): [string, Shape | undefined] => [layer, given?.[at]]));

  const shapeAt = (reference: TensorReference): Shape | undefined => {
    const source = layers.get(reference.layer);
    const outputs = source && layerOutputs.get(source)?.[reference.call];
    return outputs?.[reference.tensor] ?? reference.shape;
  };
  for (const { layer, call } of inOrder(model, layers)) {
    if (call === undefined) {
      layerOutputs.set(layer, [[fed.get(layer.name) ?? batchShape(layer.config)]]);
      continue;
    }
    const taken = tensorsTaken(layer, call).map(shapeAt);
    const given = isOfConstants(layer, call) ? undefined : outputShapes(layer, taken, era);
    append(inputs, layer, taken);
    append(layerOutputs, layer, given);
  }
  const outputs = model.outputs === undefined ? undefined : [...tensorsIn(model.outputs)].map(shapeAt);
  return { inputs, layerOutputs, outputs };
}

/** The tensors of a call for which a layer is built: masks are none of them. Attention has places for its query, value and key. */
function tensorsTaken(layer: LayerNode, call: Call): readonly TensorReference[] {
  if (!ATTENTION.has(layer.className)) {
    const named = [...call.kwargs].filter(([name]) => !name.includes("mask")).map(([, argument]) => argument);
    return [...call.args, ...named].flatMap((argument) => [...tensorsIn(argument)]);
  }
  return ["query", "value", "key"].flatMap((name, at) => {
    const argument = call.args[at] ?? call.kwargs.get(name);
    return argument === undefined ? [] : [...tensorsIn(argument)];
  });
}

const ATTENTION = new Set(["MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention"]);

/** Whether an operation of tf.keras takes an array from the text, which may have any shape. */
function isOfConstants({ className }: LayerNode, call: Call): boolean {
  if (className !== "TFOpLambda") return false;
  return [...call.args, ...call.kwargs.values()].some(
    (argument) =>
      argument.kind === "value" && typeof argument.value === "object" && shapeOf(argument.value) !== undefined,
  );
}

function append<Value>(lists: Map<LayerNode, Value[]>, layer: LayerNode, value: Value): void {
  const list = lists.get(layer);
  if (list === undefined) lists.set(layer, [value]);
  else list.push(value);
}

/** One call of one layer; `undefined` for a layer that is not called: an input. */
interface Turn {
  readonly layer: LayerNode;
  readonly call: Call | undefined;
}

/**
 * The calls of a graph, each after those whose results it takes and after those of the same layer before it: texts may list layers
 * in any order. Calls that wait for themselves, which Keras would refuse, are left out.
 */
function inOrder(model: ModelNode, layers: ReadonlyMap<string, LayerNode>): readonly Turn[] {
  const waiting = new Map<LayerNode, Pending[]>();
  for (const layer of model.layers) {
    const calls: readonly (Call | undefined)[] = layer.calls.length === 0 ? [undefined] : layer.calls;
    waiting.set(
      layer,
      calls.map((call) => ({ layer, call, missing: 0, next: [] })),
    );
  }
  const ready: Pending[] = [];
  for (const turns of waiting.values()) {
    for (const [at, turn] of turns.entries()) {
      const sources = [turns[at - 1]];
      for (const { layer, call } of turn.call === undefined ? [] : tensorsOf(turn.call)) {
        const source = layers.get(layer);
        sources.push(source && waiting.get(source)?.[call]);
      }
      for (const source of sources) {
        if (source === undefined) continue;
        source.next.push(turn);
        turn.missing += 1;
      }
      if (turn.missing === 0) ready.push(turn);
    }
  }
  for (const turn of ready) {
    for (const next of turn.next) {
      next.missing -= 1;
      if (next.missing === 0) ready.push(next);
    }
  }
  return ready;
}

/** A turn with how many others it waits for, and those that wait for it. */
interface Pending extends Turn {
  missing: number;
  readonly next: Pending[];
}
