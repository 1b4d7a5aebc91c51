// The shapes that layers give, by their classes: every layer of Keras 1, 2 and 3 of which that can be said without running it.

import type { LayerNode, ModelNode, ObjectNode } from "../architecture/architecture.ts";
import { attention, multiHeadAttention } from "./attention.ts";
import { einsumDense } from "./einsum.ts";
import { categories, discretized, hashed, lookup, vectorized } from "./encoding.ts";
import { type Era, type ShapeRule, unchanged, type Work, workOf } from "./layer-shapes.ts";
import { concatenate, dot, elementwise, merge } from "./merging.ts";
import { modelShapes } from "./model-shapes.ts";
import { operation } from "./operations.ts";
import { bidirectional, cell, convolutionalRecurrent, held, recurrent, timeDistributed } from "./recurrent.ts";
import { dense, embedding, flatten, lambda, permute, repeatVector, reshape } from "./reshaping.ts";
import type { Shapes } from "./shape.ts";
import { anySize, cropping, resized, upSampling, zeroPadding } from "./spatial.ts";
import {
  adaptivePooling,
  convolution,
  depthwise,
  globalPooling,
  melSpectrogram,
  pooling,
  spectrogram,
  transposed,
} from "./windowed.ts";

const UNCHANGED =
  "Activation ActivityRegularization AlphaDropout AugMix AutoContrast BatchNormalization BatchNormalizationV1 " +
  "BatchNormalizationV2 ContrastLimitedAdaptiveHistogramEqualization CutMix Dropout ELU Equalization GaussianDropout " +
  "GaussianNoise GroupNormalization GroupQueryAttention GroupedQueryAttention Highway Identity LayerNormalization LeakyReLU " +
  "Masking MixUp Normalization PReLU ParametricSoftplus RMSNormalization RandAugment RandomBrightness RandomColorDegeneration " +
  "RandomColorJitter RandomContrast RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue " +
  "RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear " +
  "RandomTranslation RandomZoom ReLU Rescaling SReLU Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D " +
  "SyncBatchNormalization ThresholdedReLU UnitNormalization";

const RULES: ReadonlyMap<string, ShapeRule> = new Map<string, ShapeRule>([
  ...UNCHANGED.split(" ").map((name): [string, ShapeRule] => [name, unchanged]),
  ...[1, 2, 3].flatMap((rank): [string, ShapeRule][] => [
    [`Conv${rank}D`, convolution(rank)],
    [`Convolution${rank}D`, convolution(rank)],
    [`AtrousConvolution${rank}D`, convolution(rank)],
    [`SeparableConv${rank}D`, convolution(rank)],
    [`SeparableConvolution${rank}D`, convolution(rank)],
    [`LocallyConnected${rank}D`, convolution(rank)],
    [`Conv${rank}DTranspose`, transposed(rank)],
    [`Convolution${rank}DTranspose`, transposed(rank)],
    [`Deconvolution${rank}D`, transposed(rank)],
    [`DepthwiseConv${rank}D`, depthwise(rank)],
    [`ConvLSTM${rank}D`, convolutionalRecurrent(rank)],
    [`MaxPooling${rank}D`, pooling(rank)],
    [`AveragePooling${rank}D`, pooling(rank)],
    [`GlobalMaxPooling${rank}D`, globalPooling(rank)],
    [`GlobalAveragePooling${rank}D`, globalPooling(rank)],
    [`AdaptiveMaxPooling${rank}D`, adaptivePooling(rank)],
    [`AdaptiveAveragePooling${rank}D`, adaptivePooling(rank)],
    [`UpSampling${rank}D`, upSampling(rank)],
    [`ZeroPadding${rank}D`, zeroPadding(rank)],
    [`Cropping${rank}D`, cropping(rank)],
  ]),
  ...["SimpleRNN", "GRU", "LSTM", "CuDNNGRU", "CuDNNLSTM", "RNN"].map((name): [string, ShapeRule] => [name, recurrent]),
  ...["SimpleRNNCell", "GRUCell", "LSTMCell", "StackedRNNCells"].map((name): [string, ShapeRule] => [name, cell]),
  ...["Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract"].map((name): [string, ShapeRule] => [
    name,
    elementwise,
  ]),
  ...["Dense", "MaxoutDense", "TimeDistributedDense", "RandomFourierFeatures"].map((name): [string, ShapeRule] => [
    name,
    dense,
  ]),
  ["EinsumDense", einsumDense],
  ["Embedding", embedding],
  ["ReversibleEmbedding", embedding],
  ["Flatten", flatten],
  ["Reshape", reshape],
  ["Permute", permute],
  ["RepeatVector", repeatVector],
  ["Lambda", lambda],
  ["Concatenate", concatenate],
  ["Dot", dot],
  ["Merge", merge],
  ["Attention", attention],
  ["AdditiveAttention", attention],
  ["MultiHeadAttention", multiHeadAttention],
  ["Bidirectional", bidirectional],
  ["TimeDistributed", timeDistributed],
  ["SpectralNormalization", ({ layer, inputs, outputsOf }) => inChain(held(layer, "layer"), inputs, outputsOf)],
  ["Pipeline", ({ layer, inputs, outputsOf }) => inChain(held(layer, "layers"), inputs, outputsOf)],
  ["CategoryEncoding", categories],
  ["Discretization", discretized],
  ["Hashing", hashed],
  ["HashedCrossing", hashed],
  ["IntegerLookup", lookup],
  ["StringLookup", lookup],
  ["TextVectorization", vectorized],
  ["CenterCrop", resized],
  ["RandomCrop", resized],
  ["Resizing", resized],
  ["RandomHeight", anySize("height")],
  ["RandomWidth", anySize("width")],
  ["STFTSpectrogram", spectrogram],
  ["MelSpectrogram", melSpectrogram],
  ["TFOpLambda", operation],
]);

/** Each layer takes what the one before it gives. */
function inChain(
  layers: readonly LayerNode[],
  inputs: Shapes,
  outputsOf: (layer: LayerNode, inputs: Shapes) => Shapes | undefined,
): Shapes | undefined {
  let shapes: Shapes | undefined = inputs;
  for (const layer of layers) shapes = shapes && outputsOf(layer, shapes);
  return shapes;
}

/**
 * The shapes of the tensors that a layer gives for those that it takes, with the batch; `null` is a size that is not known, an
 * `undefined` shape one of unknown rank. `undefined` for a layer of which nothing can be said: a custom class, a Lambda, a layer
 * of another library.
 */
export function outputShapes(layer: LayerNode, inputs: Shapes, given: Era): Shapes | undefined {
  const era = workOf(given);
  if (layer.model !== undefined) return modelOutputs(layer.model, inputs, era);
  if (isCustom(layer) || isOperation(layer)) return undefined;
  const outputsOf = (inner: LayerNode, shapes: Shapes): Shapes | undefined => outputShapes(inner, shapes, era);
  return RULES.get(layer.className)?.({ layer, config: layer.config, inputs, era, outputsOf });
}

/** The shapes for which a model in a model is tried; one that is called with more gives what is not known. */
const MOST_SHAPES = 64;

/** What a model gives. Models that call models, each several times, would take for ever without a memory. */
function modelOutputs(model: ModelNode, inputs: Shapes, era: Work): Shapes | undefined {
  const known = era.known.get(model) ?? new Map<string, Shapes | undefined>();
  era.known.set(model, known);
  const key = JSON.stringify(inputs);
  if (known.has(key)) return known.get(key);
  if (known.size >= MOST_SHAPES) return undefined;
  const { outputs } = modelShapes(model, inputs, era);
  known.set(key, outputs);
  return outputs;
}

/** Whether a class only has the name of one of Keras's own: it is registered in a package, or comes from another module. */
export function isCustom({ module, registeredName }: ObjectNode): boolean {
  return registeredName?.includes(">") === true || (module !== undefined && !/^(?:tf_)?keras\b/.test(module));
}

/** Layers of Keras 1 that have variables, whatever the text says of its age. */
const WITH_VARIABLES_IN_KERAS_1 = new Set([
  "Highway",
  "MaxoutDense",
  "Merge",
  "ParametricSoftplus",
  "SReLU",
  "TimeDistributedDense",
]);

/** Layers whose output is not known, but who have no variables. */
const WEIGHTLESS = new Set(["InputLayer", "Lambda", "MaxNumBoundingBoxes", "SlicingOpLambda", "TensorFlowOpLayer"]);

/** Whether a layer that has no rule of weights has none for certain. */
export function isWeightless(layer: LayerNode): boolean {
  if (isOperation(layer) || WEIGHTLESS.has(layer.className)) return true;
  return RULES.has(layer.className) && !WITH_VARIABLES_IN_KERAS_1.has(layer.className);
}

/** Whether this is an operation in a graph of Keras 3, whose class may have the name of a layer. */
export function isOperation({ module }: LayerNode): boolean {
  return module !== undefined && /^keras\.(?:src\.)?ops\b/.test(module);
}
