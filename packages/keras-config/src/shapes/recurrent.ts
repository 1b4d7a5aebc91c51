// Recurrent layers: a cell, taken through the steps of a sequence.

import type { LayerNode } from "../architecture/architecture.ts";
import type { PyDict } from "../value.ts";
import { flagAt, integerAt, isChannelsFirst, textAt } from "./arguments.ts";
import type { ShapeQuestion, ShapeRule } from "./layer-shapes.ts";
import { fromPicture, pictureOf, type Shape, type Shapes, sum } from "./shape.ts";
import { type Windows, windowCount, windowsOf } from "./windows.ts";

/** The layers that this one holds as `role`. */
export function held(layer: LayerNode, ...roles: readonly string[]): readonly LayerNode[] {
  return layer.inner.filter(({ role }) => roles.includes(role)).map(({ layer: inner }) => inner);
}

/** How many states a cell has, and of how many numbers each, from its config; `undefined` if the cell is not known. */
export function cellStates(cell: LayerNode): readonly number[] | undefined {
  if (cell.className === "StackedRNNCells") {
    const states = held(cell, "cells").map(cellStates);
    return states.every((sizes) => sizes !== undefined) ? states.flatMap((sizes) => sizes ?? []) : undefined;
  }
  return stateSizes(cell.className, cell.config);
}

/** The same of a layer that is its own cell: LSTM, GRU, … */
function stateSizes(className: string, config: PyDict): readonly number[] | undefined {
  const units = integerAt(config, "units", "output_dim");
  const count = STATES.get(className.replace(/Cell$|^CuDNN/g, ""));
  return units === undefined || count === undefined ? undefined : Array.from({ length: count }, () => units);
}

const STATES: ReadonlyMap<string, number> = new Map([
  ["SimpleRNN", 1],
  ["GRU", 1],
  ["LSTM", 2],
]);

/** What a cell gives at each step. */
function cellOutput(cell: LayerNode): number | undefined {
  const last = held(cell, "cells").at(-1);
  if (cell.className === "StackedRNNCells" && last !== undefined) return cellOutput(last);
  return stateSizes(cell.className, cell.config)?.[0];
}

/** A sequence or its end, then the states: as the arguments of every recurrent layer say. */
function results(
  config: PyDict,
  sequence: Shape | undefined,
  step: Shape,
  states: readonly Shape[],
): Shapes | undefined {
  const output = flagAt(config, false, "return_sequences") ? sequence : step;
  if (output === undefined) return undefined;
  return flagAt(config, false, "return_state") ? [output, ...states] : [output];
}

/** SimpleRNN, GRU, LSTM, and RNN with cells. */
export const recurrent: ShapeRule = ({ layer, config, inputs: [input] }) => {
  const [cell = layer] = held(layer, "cell");
  const stack = held(layer, "cell").length > 1 ? held(layer, "cell") : undefined;
  const states = stack === undefined ? cellStates(cell) : stack.flatMap((one) => cellStates(one) ?? []);
  const units = cellOutput(stack?.at(-1) ?? cell);
  if (input === undefined || states === undefined || units === undefined) return undefined;
  const [first = null, second = null] = input;
  const isTimeMajor = flagAt(config, false, "time_major");
  const batch = isTimeMajor ? second : first;
  return results(
    config,
    [first, second, units],
    [batch, units],
    states.map((size) => [batch, size]),
  );
};

/** A cell called alone: what it gives, and its states. */
export const cell: ShapeRule = ({ layer, inputs: [input, ...states] }) => {
  const units = cellOutput(layer);
  return input === undefined || units === undefined ? undefined : [[...input.slice(0, -1), units], ...states];
};

/** ConvLSTM: pictures in a sequence. Its states are as what it gives. */
export function convolutionalRecurrent(rank: number): ShapeRule {
  return ({ config, inputs: [input] }) => {
    const [batch, steps, ...rest] = input ?? [];
    if (batch === undefined || steps === undefined) return undefined;
    const first = isChannelsFirst(config);
    const image = pictureOf([batch, ...rest], first);
    const windows = windowsOf(config, rank);
    const filters = integerAt(config, "filters", "nb_filter");
    if (image === undefined || windows === undefined || filters === undefined) return undefined;
    const step = fromPicture({ batch, space: lengths(image.space, windows), channels: filters }, first);
    return results(config, [batch, steps, ...step.slice(1)], step, [step, step]);
  };
}

function lengths(space: Shape, windows: Windows): Shape {
  return space.map((size, axis) => windowCount(size, axis, windows));
}

/** Whether a layer is one that steps through a sequence, which may be taken backwards. */
export function isRecurrent({ className }: LayerNode): boolean {
  return /^(?:(?:CuDNN)?(?:GRU|LSTM)|SimpleRNN|RNN|ConvLSTM[123]D)$/.test(className);
}

/** Whether a layer is a cell whose variables and states are known. */
export function isCell({ className }: LayerNode): boolean {
  return /^(?:(?:SimpleRNN|GRU|LSTM)Cell|StackedRNNCells)$/.test(className);
}

/** The layer that a Bidirectional takes backwards: its own, or the same as forwards. */
export function backwardLayer(layer: LayerNode): LayerNode | undefined {
  return held(layer, "backward_layer")[0] ?? held(layer, "layer", "forward_layer")[0];
}

/** Bidirectional: both results put together as `merge_mode` says, then the states of both. */
export const bidirectional: ShapeRule = (question) => {
  const { layer, config, inputs, era, outputsOf } = question;
  const [forward] = held(layer, "layer", "forward_layer");
  const backward = backwardLayer(layer);
  if (forward === undefined || backward === undefined || !isRecurrent(forward) || !isRecurrent(backward))
    return undefined;
  const one = outputsOf(forward, inputs.slice(0, 1));
  const two = outputsOf(backward, inputs.slice(0, 1));
  const [first, ...states] = one ?? [];
  const [second, ...more] = two ?? [];
  if (first === undefined || second === undefined) return undefined;
  const mode = config.get("merge_mode");
  if (mode === null) return [first, second, ...states, ...more];
  if ((textAt(config, "merge_mode") ?? "concat") !== "concat") return [first, ...states, ...more];
  // Keras 3 takes the layer forwards for both, even where they differ.
  const other = era.major >= 3 ? first : second;
  return [[...first.slice(0, -1), sum(first.at(-1) ?? null, other.at(-1) ?? null)], ...states, ...more];
};

/** TimeDistributed: what the layer makes of each step. */
export const timeDistributed: ShapeRule = ({ layer, inputs: [input], outputsOf }: ShapeQuestion) => {
  const [inner] = held(layer, "layer");
  const [batch, steps, ...rest] = input ?? [];
  if (inner === undefined || batch === undefined || steps === undefined) return undefined;
  const [output] = outputsOf(inner, [[batch, ...rest]]) ?? [];
  return output && [[output[0] ?? null, steps, ...output.slice(1)]];
};
