import {
  bareClass,
  type ConfiguredLayer,
  DEEPEST_LAYER,
  type JsonObject,
  layersOf,
  wrappedLayer,
} from "../model-config.ts";
import { keras1GateWeights } from "./keras-1-gates.ts";

/** How many weights a layer stores: first those that are trained. */
export interface WeightCounts {
  readonly trained: number;
  readonly frozen: number;
}

/**
 * How many weights a layer has in a file, by its class and configuration. A class that is not known counts as one without weights:
 * whoever divides a list by these counts finds out whether that was right, as the sum must be the length of the list.
 */
export function weightCounts(layer: ConfiguredLayer, isKeras1: boolean, depth: number = 0): WeightCounts {
  const { trained, frozen } = depth > DEEPEST_LAYER ? NONE : countsOf(layer, isKeras1, depth);
  const { trainable } = layer.config;
  return trainable === false ? { trained: 0, frozen: trained + frozen } : { trained, frozen };
}

const NONE: WeightCounts = { trained: 0, frozen: 0 };

function countsOf(layer: ConfiguredLayer, isKeras1: boolean, depth: number): WeightCounts {
  const inner = (each: ConfiguredLayer | undefined) =>
    each === undefined ? NONE : weightCounts(each, isKeras1, depth + 1);
  const layers = layersOf(layer);
  if (layers !== undefined) return layers.map(inner).reduce(sum, NONE);
  const name = bareClass(layer);
  if (name === "TimeDistributed") return inner(wrappedLayer(layer));
  if (name === "Bidirectional") {
    const forward = inner(wrappedLayer(layer));
    const backward = wrappedLayer(layer, "backward_layer");
    return sum(forward, backward === undefined ? forward : inner(backward));
  }
  const { consume_less: mode } = layer.config;
  const gates = isKeras1 && mode !== "gpu" ? keras1GateWeights(layer) : undefined;
  if (gates !== undefined) return { trained: gates, frozen: 0 };
  const [trained = 0, frozen = 0] = (Object.hasOwn(COUNTS, name) ? COUNTS[name] : undefined)?.(layer.config) ?? [];
  return { trained, frozen };
}

function sum(a: WeightCounts, b: WeightCounts): WeightCounts {
  return { trained: a.trained + b.trained, frozen: a.frozen + b.frozen };
}

type Count = (config: JsonObject) => readonly [trained: number, frozen?: number];

/** Weights beside which there may be a bias. */
const besideBias =
  (weights: number): Count =>
  ({ use_bias: bias2, bias: bias1 }) => [weights + ((bias2 ?? bias1) === false ? 0 : 1)];

const scaleAndCenter: Count = ({ scale, center }) => [(scale === false ? 0 : 1) + (center === false ? 0 : 1)];

const KERNEL = besideBias(1);
const RECURRENT = besideBias(2);

const COUNTS: Readonly<Record<string, Count>> = {
  AdditiveAttention: ({ use_scale: scale }) => [scale === false ? 0 : 1],
  AtrousConvolution1D: KERNEL,
  AtrousConvolution2D: KERNEL,
  Attention: ({ use_scale: scale, score_mode: mode }) => [(scale === true ? 1 : 0) + (mode === "concat" ? 1 : 0)],
  BatchNormalization: (config) => [scaleAndCenter(config)[0], 2],
  Conv1D: KERNEL,
  Conv1DTranspose: KERNEL,
  Conv2D: KERNEL,
  Conv2DTranspose: KERNEL,
  Conv3D: KERNEL,
  Conv3DTranspose: KERNEL,
  ConvLSTM1D: RECURRENT,
  ConvLSTM2D: RECURRENT,
  ConvLSTM3D: RECURRENT,
  Convolution1D: KERNEL,
  Convolution2D: KERNEL,
  Convolution2DTranspose: KERNEL,
  Convolution3D: KERNEL,
  CuDNNGRU: () => [3],
  CuDNNLSTM: () => [3],
  Deconvolution2D: KERNEL,
  Dense: KERNEL,
  DepthwiseConv1D: KERNEL,
  DepthwiseConv2D: KERNEL,
  EinsumDense: ({ bias_axes: axes }) => [typeof axes === "string" ? 2 : 1],
  Embedding: () => [1],
  GRU: RECURRENT,
  GroupNormalization: scaleAndCenter,
  Highway: besideBias(2),
  LSTM: RECURRENT,
  LayerNormalization: scaleAndCenter,
  LocallyConnected1D: KERNEL,
  LocallyConnected2D: KERNEL,
  MaxoutDense: KERNEL,
  MultiHeadAttention: ({ use_bias: bias }) => [bias === false ? 4 : 8],
  PReLU: () => [1],
  ParametricSoftplus: () => [2],
  SReLU: () => [4],
  SeparableConv1D: besideBias(2),
  SeparableConv2D: besideBias(2),
  SeparableConvolution2D: besideBias(2),
  SimpleRNN: RECURRENT,
  SyncBatchNormalization: (config) => [scaleAndCenter(config)[0], 2],
  TimeDistributedDense: KERNEL,
};
