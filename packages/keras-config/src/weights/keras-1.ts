// The variables of Keras 0.3 to 1.2: other names, one matrix for each gate, kernels in the order of the backend.
// From keras/layers of the releases 1.0.8 and 1.2.2: no Python that is still kept up can run them, so no fixture proves this.

import { flagAt, integerAt, integersAt, isChannelsFirst, textAt } from "../shapes/arguments.ts";
import { backwardLayer, held, isRecurrent } from "../shapes/recurrent.ts";
import { pictureOf, product, type Shape, type Size, sizeAt } from "../shapes/shape.ts";
import { windowCount, windowsOf } from "../shapes/windows.ts";
import type { WeightQuestion, WeightRule } from "./rule.ts";
import { type Holding, holding, own, type Part } from "./variables.ts";

/** The rule of a class of Keras 1, if it has variables. */
export function keras1Rule(className: string): WeightRule | undefined {
  return RULES.get(className);
}

/** A variable with its shape. */
type Spec = readonly [name: string, shape: Shape, trainable?: boolean];

function flat(specs: (question: WeightQuestion) => readonly (Spec | false)[] | undefined): WeightRule {
  return (question) => {
    const found = specs(question);
    return found && holding(question.layer.name, own("float32", ...found));
  };
}

function hasBias({ config }: WeightQuestion): boolean {
  return flagAt(config, true, "bias");
}

const dense = flat((question) => {
  const units = integerAt(question.config, "output_dim") ?? null;
  return [["W", [sizeAt(question.input, -1), units]], hasBias(question) && ["b", [units]]];
});

/** Kernels of Theano's order are (out, in, windows…). */
function ordered(question: WeightQuestion, windows: readonly number[], channels: Size, filters: Size): Shape {
  return isChannelsFirst(question.config) ? [filters, channels, ...windows] : [...windows, channels, filters];
}

function filtersOf({ config }: WeightQuestion): Size {
  return integerAt(config, "nb_filter") ?? null;
}

function channelsOf({ config, input }: WeightQuestion): Size {
  return pictureOf(input, isChannelsFirst(config))?.channels ?? null;
}

function convolution(rank: number): WeightRule {
  return flat((question) => {
    const size = windowsOf(question.config, rank)?.size;
    const filters = filtersOf(question);
    if (size === undefined) return undefined;
    const kernel =
      rank === 1 ? signalKernel(question, size, filters) : ordered(question, size, channelsOf(question), filters);
    return [["W", kernel], hasBias(question) && ["b", [filters]]];
  });
}

/** A signal is an image of height 1. When the order of its axes changed, in 1.0 or 1.1, is not known. */
function signalKernel({ input, era }: WeightQuestion, size: readonly number[], filters: Size): Shape {
  if (era.major === 0) return [filters, sizeAt(input, -1), ...size, 1];
  return era.minor < 2 ? [null, null, null, null] : [...size, 1, sizeAt(input, -1), filters];
}

const separable = flat((question) => {
  const size = windowsOf(question.config, 2)?.size;
  const [channels, filters] = [channelsOf(question), filtersOf(question)];
  const multiplier = integerAt(question.config, "depth_multiplier") ?? 1;
  return (
    size && [
      ["depthwise_kernel", ordered(question, size, channels, multiplier)],
      ["pointwise_kernel", ordered(question, [1, 1], product([channels, multiplier]), filters)],
      hasBias(question) && ["b", [filters]],
    ]
  );
});

function locallyConnected(rank: number): WeightRule {
  return flat((question) => {
    const { config, input } = question;
    const windows = windowsOf(config, rank);
    const image = pictureOf(input, isChannelsFirst(config));
    if (windows === undefined || image?.space.length !== rank) return undefined;
    const places = image.space.map((size, axis) => windowCount(size, axis, windows));
    const filters = filtersOf(question);
    const bias = isChannelsFirst(config) ? [filters, ...places] : [...places, filters];
    return [
      ["W", [product(places), product([...windows.size, image.channels]), filters]],
      hasBias(question) && ["b", bias],
    ];
  });
}

const batchNormalization = flat(({ config, input }) => {
  const shape = [sizeAt(input, integerAt(config, "axis") ?? -1)];
  return [
    ["gamma", shape],
    ["beta", shape],
    ["running_mean", shape, false],
    ["running_std", shape, false],
  ];
});

/** Each gate with its matrices; with `consume_less` "gpu" they are joined. */
function gated(gates: readonly string[]): WeightRule {
  return flat(({ config, input }) => {
    const units = integerAt(config, "output_dim") ?? null;
    const kernel = (columns: Size): Shape => [sizeAt(input, -1), columns];
    if (textAt(config, "consume_less") === "gpu" || gates.length === 1) {
      const columns = product([units, gates.length]);
      return [
        ["W", kernel(columns)],
        ["U", [units, columns]],
        ["b", [columns]],
      ];
    }
    return gates.flatMap((gate): Spec[] => [
      [`W_${gate}`, kernel(units)],
      [`U_${gate}`, [units, units]],
      [`b_${gate}`, [units]],
    ]);
  });
}

const convLstm = flat((question) => {
  const [batch = null, , ...rest] = question.input ?? [];
  const size = windowsOf(question.config, 2)?.size;
  const channels = pictureOf([batch, ...rest], isChannelsFirst(question.config))?.channels ?? null;
  const filters = filtersOf(question);
  return (
    size &&
    ["i", "c", "f", "o"].flatMap((gate): Spec[] => [
      [`W_${gate}`, ordered(question, size, channels, filters)],
      [`U_${gate}`, ordered(question, size, filters, filters)],
      [`b_${gate}`, [filters]],
    ])
  );
});

/** Activations with parameters for every number, shared along some axes. */
function activation(...names: readonly string[]): WeightRule {
  return flat(({ config, input }) => {
    const shared = integersAt(config, "shared_axes") ?? [];
    const shape = input?.slice(1).map((size, at) => (shared.includes(at + 1) ? 1 : size));
    return shape && names.map((name): Spec => [name, shape]);
  });
}

function wrapping(parts: (question: WeightQuestion) => readonly Part[] | undefined): WeightRule {
  return (question): Holding | undefined => {
    const found = parts(question);
    return found && { scope: question.layer.name, trainable: true, own: [], stored: [], parts: found };
  };
}

const timeDistributed = wrapping(({ layer, input, holdingOf }) => {
  const [inner] = held(layer, "layer");
  const part = inner && holdingOf(inner, [input && [input[0] ?? null, ...input.slice(2)]]);
  return part && [{ attribute: "layer", holding: part }];
});

const bidirectional = wrapping(({ layer, inputs, holdingOf }) => {
  const [forward] = held(layer, "layer");
  const backward = backwardLayer(layer);
  const one = forward && isRecurrent(forward) ? holdingOf(forward, inputs) : undefined;
  const two = backward && isRecurrent(backward) ? holdingOf(backward, inputs) : undefined;
  if (one === undefined || two === undefined) return undefined;
  return [
    { attribute: "forward_layer", holding: { ...one, scope: `forward_${one.scope ?? ""}` } },
    { attribute: "backward_layer", holding: { ...two, scope: `backward_${two.scope ?? ""}` } },
  ];
});

const RULES: ReadonlyMap<string, WeightRule> = new Map<string, WeightRule>([
  ["Dense", dense],
  ["TimeDistributedDense", dense],
  [
    "Embedding",
    flat(({ config }) => [["W", [integerAt(config, "input_dim") ?? null, integerAt(config, "output_dim") ?? null]]]),
  ],
  ["Convolution1D", convolution(1)],
  ["Convolution2D", convolution(2)],
  ["Convolution3D", convolution(3)],
  ["Deconvolution2D", convolution(2)],
  ["AtrousConvolution1D", convolution(1)],
  ["AtrousConvolution2D", convolution(2)],
  ["SeparableConvolution2D", separable],
  ["LocallyConnected1D", locallyConnected(1)],
  ["LocallyConnected2D", locallyConnected(2)],
  ["BatchNormalization", batchNormalization],
  ["SimpleRNN", gated(["h"])],
  ["GRU", gated(["z", "r", "h"])],
  ["LSTM", gated(["i", "c", "f", "o"])],
  ["ConvLSTM2D", convLstm],
  ["PReLU", activation("alphas")],
  ["ParametricSoftplus", activation("alphas", "betas")],
  ["SReLU", activation("t_left", "a_left", "t_right", "a_right")],
  [
    "MaxoutDense",
    flat((question) => {
      const [features, units] = [
        integerAt(question.config, "nb_feature") ?? null,
        integerAt(question.config, "output_dim") ?? null,
      ];
      return [["W", [features, sizeAt(question.input, -1), units]], hasBias(question) && ["b", [features, units]]];
    }),
  ],
  [
    "Highway",
    flat((question) => {
      const size = sizeAt(question.input, -1);
      const bias = hasBias(question);
      return [["W", [size, size]], ["W_carry", [size, size]], bias && ["b", [size]], bias && ["b_carry", [size]]];
    }),
  ],
  ["TimeDistributed", timeDistributed],
  ["Bidirectional", bidirectional],
]);
