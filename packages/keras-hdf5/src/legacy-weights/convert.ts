import type { Tensor } from "@modelbytes/tensor";
import type { ConfiguredLayer } from "../model-config.ts";
import type { LegacyOptions } from "./conversion.ts";
import { evaluate } from "./evaluate.ts";
import type { Formula } from "./formula.ts";
import { type AppliedConversion, planLayer } from "./plan.ts";

/** A layer as its configuration has it: `{"class_name": …, "config": …}`. */
export interface LegacyLayer {
  /** The class of the layer that the weights are for, in the words of any Keras: `"Conv2D"`, `"Convolution2D"`, `"Bidirectional"`. */
  readonly className: string;
  /** Its arguments, with the configurations of the layers that are in it. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Weights as a layer needs them, and what was done. */
export interface ConvertedWeights {
  readonly weights: readonly Tensor[];
  /** In the order in which they were done; empty for weights that are as they should be. */
  readonly conversions: readonly AppliedConversion[];
}

/**
 * What loaders of Keras 2 would have done to weights of these shapes, in the order of the file: nothing is read or changed.
 * Throws as `convertLegacyWeights` does.
 */
export function legacyConversions(
  layer: LegacyLayer,
  shapes: readonly (readonly number[])[],
  options: LegacyOptions,
): readonly AppliedConversion[] {
  return planLayer(configured(layer), stored(shapes), options).conversions;
}

/**
 * The weights of a layer as the loaders of Keras 2 made them from files of Keras 1, of Theano, and of CuDNN's layers; of layers in
 * wrappers and models too. The given tensors are not written to; those that nothing is done to are given back.
 *
 * Where Keras's own loader fails or does a thing twice, this does what was meant: kernels of Keras 1 in `TimeDistributed` and in a
 * `ConvLSTM2D` with channels first, gates of Keras 1 in models inside of models.
 *
 * Throws a `CorruptError` (`"legacy-weights"`) for weights that are none of such a layer, an `UnsupportedError` for a GRU
 * that has no counterpart (`"recurrent-form"`) and for a model with layers of unknown classes (`"nested-weights"`), a `TypeError` for weights that are no numbers.
 */
export function convertLegacyWeights(
  layer: LegacyLayer & { readonly weights: readonly Tensor[] },
  options: LegacyOptions,
): ConvertedWeights {
  const shapes = layer.weights.map(({ shape }) => shape);
  const { weights, conversions } = planLayer(configured(layer), stored(shapes), options);
  return { weights: weights.map((formula) => evaluate(formula, layer.weights)), conversions };
}

function configured({ className, config = {} }: LegacyLayer): ConfiguredLayer {
  const { name } = config;
  return { className, name: typeof name === "string" ? name : className, config };
}

function stored(shapes: readonly (readonly number[])[]): Formula[] {
  return shapes.map((shape, index) => ({ op: "stored", index, shape }));
}
