// Recurrent layers: a cell, or several, with a kernel for what comes in and one for what it was.

import type { LayerNode } from "../architecture/architecture.ts";
import { flagAt, integerAt, isChannelsFirst } from "../shapes/arguments.ts";
import { backwardLayer, cellStates, held, isCell, isRecurrent } from "../shapes/recurrent.ts";
import { pictureOf, type Shape, sizeAt } from "../shapes/shape.ts";
import { windowsOf } from "../shapes/windows.ts";
import { numbered, snakeCase } from "./numbered.ts";
import type { WeightQuestion, WeightRule } from "./rule.ts";
import { type Holding, holding, own, type Part } from "./variables.ts";

/** How many gates a cell has: how many times its units the columns of its kernels are. */
const GATES: ReadonlyMap<string, number> = new Map([
  ["SimpleRNN", 1],
  ["GRU", 3],
  ["LSTM", 4],
]);

/** SimpleRNNCell, GRUCell, LSTMCell. */
export function cell(kind: string): WeightRule {
  return (question) => cellOf(question, kind, question.layer.name);
}

function cellOf({ config, input, policy, era }: WeightQuestion, kind: string, scope: string | undefined): Holding {
  const units = integerAt(config, "units", "output_dim") ?? null;
  const columns = units === null ? null : units * (GATES.get(kind) ?? 1);
  // The GRU as cuDNN computes it has a second bias, inside the reset; before there was an argument for that, none had.
  const isDouble = kind === "GRU" && flagAt(config, era.major > 2 || era.minor > 1, "reset_after");
  const bias = isDouble ? [2, columns] : [columns];
  return holding(
    scope,
    own(
      policy.variable,
      ["kernel", [sizeAt(input, -1), columns]],
      ["recurrent_kernel", [units, columns]],
      flagAt(config, true, "use_bias") && ["bias", bias],
    ),
  );
}

/** SimpleRNN, GRU, LSTM: a layer around a cell of its own. */
export function withCell(kind: string): WeightRule {
  return (question) => {
    const { layer, era } = question;
    // Before TensorFlow 2.2 the cell was in no name of a variable.
    const isNamed = era.major > 2 || era.minor > 2;
    const name = isNamed ? `${snakeCase(kind)}_cell` : undefined;
    // A layer of this kind hands on whether it is trained; other layers do not.
    const trainable = flagAt(layer.config, true, "trainable");
    return around(layer, "cell", { ...cellOf(question, kind, name), trainable });
  };
}

/** CuDNNGRU and CuDNNLSTM (Keras 2): no cell, and two biases in one. */
export function cuDnn(kind: string): WeightRule {
  return ({ layer, config, input, policy }) => {
    const units = integerAt(config, "units") ?? null;
    const columns = units === null ? null : units * (GATES.get(kind) ?? 1);
    return holding(
      layer.name,
      own(
        policy.variable,
        ["kernel", [sizeAt(input, -1), columns]],
        ["recurrent_kernel", [units, columns]],
        ["bias", [columns === null ? null : 2 * columns]],
      ),
    );
  };
}

function around(layer: LayerNode, attribute: string, part: Holding): Holding {
  return { scope: layer.name, trainable: true, own: [], stored: [], parts: [{ attribute, holding: part }] };
}

/** ConvLSTM. Before Keras 3 the name of the cell is in no name of a variable. */
export function convolutional(rank: number): WeightRule {
  return ({ layer, config, input, policy, era }) => {
    const [batch = null, , ...rest] = input ?? [];
    const windows = windowsOf(config, rank);
    const filters = integerAt(config, "filters", "nb_filter") ?? null;
    if (windows === undefined) return undefined;
    const channels =
      input === undefined ? null : (pictureOf([batch, ...rest], isChannelsFirst(config))?.channels ?? null);
    const columns = filters === null ? null : 4 * filters;
    const variables = own(
      policy.variable,
      ["kernel", [...windows.size, channels, columns]],
      ["recurrent_kernel", [...windows.size, filters, columns]],
      flagAt(config, true, "use_bias") && ["bias", [columns]],
    );
    return around(layer, "cell", holding(era.major >= 3 ? "conv_lstm_cell" : undefined, variables));
  };
}

/** RNN with one cell, or with a list of them, which is a stack. */
export const withCells: WeightRule = ({ layer, config, inputs, holdingOf }) => {
  const cells = held(layer, "cell");
  const [only] = cells;
  if (only === undefined || !cells.every(isCell)) return undefined;
  const [step] = inputs.slice(0, 1).map((shape) => shape && [shape[0] ?? null, ...shape.slice(2)]);
  if (cells.length === 1 && !Array.isArray(config.get("cell"))) {
    const part = holdingOf(only, [step]);
    return part && around(layer, "cell", part);
  }
  const stack = stackOf("stacked_rnn_cells", cells, step, holdingOf);
  return stack && around(layer, "cell", stack);
};

/** StackedRNNCells. */
export const stacked: WeightRule = ({ layer, input, holdingOf }) =>
  stackOf(layer.name, held(layer, "cells"), input, holdingOf);

/** Each cell takes what the one before it gives. */
function stackOf(
  scope: string,
  cells: readonly LayerNode[],
  step: Shape | undefined,
  holdingOf: WeightQuestion["holdingOf"],
): Holding | undefined {
  const parts: Part[] = [];
  const count = numbered("cells");
  let input = step;
  for (const cell of cells) {
    const part = isCell(cell) ? holdingOf(cell, [input]) : undefined;
    if (part === undefined) return undefined;
    parts.push({ attribute: count(cell.className), holding: part });
    const [units] = cellStates(cell) ?? [];
    input = input && units !== undefined ? [...input.slice(0, -1), units] : undefined;
  }
  return { scope, trainable: true, own: [], stored: [], parts };
}

/** Bidirectional: the layer twice. What is taken backwards may be another one. */
export const bidirectional: WeightRule = ({ layer, inputs, era, holdingOf }) => {
  const [forward] = held(layer, "layer", "forward_layer");
  const backward = backwardLayer(layer);
  if (forward === undefined || backward === undefined || !isRecurrent(forward) || !isRecurrent(backward))
    return undefined;
  const one = holdingOf(forward, inputs.slice(0, 1));
  const two = holdingOf(backward, inputs.slice(0, 1));
  if (one === undefined || two === undefined) return undefined;
  // The config of Keras 3 has the names as they are; before, those of the layers as they were given.
  const named = (direction: string, { name }: LayerNode): string => (era.major >= 3 ? name : `${direction}_${name}`);
  return {
    scope: layer.name,
    trainable: true,
    own: [],
    stored: [],
    parts: [
      { attribute: "forward_layer", holding: { ...one, scope: named("forward", forward) } },
      { attribute: "backward_layer", holding: { ...two, scope: named("backward", backward) } },
    ],
  };
};

/** TimeDistributed. Before Keras 3 the inner layer adds nothing to the names. */
export const timeDistributed: WeightRule = ({ layer, inputs, era, holdingOf }) => {
  const [inner] = held(layer, "layer");
  const [input] = inputs;
  const part = inner && holdingOf(inner, [input && [input[0] ?? null, ...input.slice(2)]]);
  return part && around(layer, "layer", era.major >= 3 ? part : { ...part, scope: undefined });
};
