// Normalizations: a scale and an offset for the axes that are kept, and what was seen of them.

import { argumentAt, flagAt, integerAt, integersAt } from "../shapes/arguments.ts";
import { held } from "../shapes/recurrent.ts";
import { axisOf, type Shape, sizeAt } from "../shapes/shape.ts";
import type { WeightRule } from "./rule.ts";
import { holding, inFile, own } from "./variables.ts";

/** The sizes of some axes of what a layer takes. */
function sizesOf(input: Shape | undefined, axes: readonly number[]): Shape {
  return axes.map((axis) => sizeAt(input, axis));
}

/** What is computed at half precision is normalized in float32 by tf.keras. */
function fullPrecision(dtype: string | undefined): string | undefined {
  return dtype === "float16" || dtype === "bfloat16" ? "float32" : dtype;
}

/** BatchNormalization, with `renorm` of Keras 2 and of 3.15. Over several axes at once: those axes, and 1 for the others between. */
export const batchNormalization: WeightRule = ({ layer, config, input, era, policy }) => {
  const axes = integersAt(config, "axis") ?? [-1];
  const shape = axes.length === 1 ? sizesOf(input, axes) : spread(input, axes);
  const dtype = era.major === 2 ? fullPrecision(policy.variable) : policy.variable;
  const renorm = flagAt(config, false, "renorm");
  return holding(
    layer.name,
    own(
      dtype,
      flagAt(config, true, "scale") && ["gamma", shape],
      flagAt(config, true, "center") && ["beta", shape],
      ["moving_mean", shape, false],
      ["moving_variance", shape, false],
      renorm && ["moving_stddev", shape, false],
      renorm && ["renorm_mean", shape, false],
      renorm && ["renorm_stddev", shape, false],
    ),
  );
};

function spread(input: Shape | undefined, axes: readonly number[]): Shape {
  const kept = new Set(axes.map((axis) => axisOf(axis, input?.length ?? 0)));
  return (input ?? []).map((size, axis) => (kept.has(axis) ? size : 1));
}

/** LayerNormalization. */
export const layerNormalization: WeightRule = ({ layer, config, input, policy }) => {
  const axes = integersAt(config, "axis") ?? [-1];
  const shape = sizesOf(input, inPlace(axes, input));
  const center = flagAt(config, true, "center") && !flagAt(config, false, "rms_scaling");
  const scale = flagAt(config, true, "scale") || flagAt(config, false, "rms_scaling");
  return holding(layer.name, own(policy.variable, scale && ["gamma", shape], center && ["beta", shape]));
};

/** Axes in the order in which the layer takes them: as they are given. */
function inPlace(axes: readonly number[], input: Shape | undefined): readonly number[] {
  return input === undefined ? axes : axes.map((axis) => axisOf(axis, input.length) ?? axis);
}

/** GroupNormalization. */
export const groupNormalization: WeightRule = ({ layer, config, input, policy }) => {
  const shape = sizesOf(input, [integerAt(config, "axis") ?? -1]);
  return holding(
    layer.name,
    own(
      policy.variable,
      flagAt(config, true, "scale") && ["gamma", shape],
      flagAt(config, true, "center") && ["beta", shape],
    ),
  );
};

/** RMSNormalization. */
export const rmsNormalization: WeightRule = ({ layer, config, input, policy }) =>
  holding(layer.name, own(policy.variable, ["scale", sizesOf(input, integersAt(config, "axis") ?? [-1])]));

/** Normalization: what `adapt` has seen, unless the config says it. */
export const normalization: WeightRule = ({ layer, config, input, policy }) => {
  if (argumentAt(config, "mean") !== undefined) return holding(layer.name, []);
  const axes = config.get("axis") === null ? [] : (integersAt(config, "axis") ?? [-1]);
  const kept = input === undefined ? axes : [...inPlace(axes, input)].sort((one, two) => one - two);
  const shape = sizesOf(input, kept);
  return holding(
    layer.name,
    own(policy.variable, ["mean", shape, false], ["variance", shape, false], ["count", [], false, "int64"]),
  );
};

/** PReLU: one number for each that comes in, shared along `shared_axes`. */
export const prelu: WeightRule = ({ layer, config, input, policy }) => {
  if (input === undefined) return undefined;
  const shared = integersAt(config, "shared_axes") ?? [];
  const shape = input.slice(1).map((size, at) => (shared.includes(at + 1) ? 1 : size));
  return holding(layer.name, own(policy.variable, ["alpha", shape]));
};

/** SpectralNormalization: a vector beside the layer whose kernel it divides. The kernel is written twice. */
export const spectralNormalization: WeightRule = ({ layer, era, inputs, policy, holdingOf }) => {
  const [inner] = held(layer, "layer");
  const part = inner && holdingOf(inner, inputs);
  const kernel = part?.own.find(({ name }) => name === "kernel" || name === "embeddings");
  if (part === undefined || kernel === undefined) return undefined;
  const [vector] = own(policy.variable, ["vector_u", [1, kernel.shape.at(-1) ?? null], false]);
  if (vector === undefined) return undefined;
  return {
    scope: layer.name,
    trainable: true,
    own: [kernel, vector],
    stored: inFile([kernel, vector]),
    parts: [{ attribute: "layer", holding: era.major >= 3 ? part : { ...part, scope: undefined } }],
  };
};
