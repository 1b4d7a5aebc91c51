// What layers hold, by their classes: every layer of Keras 2 and 3 whose variables follow from its config and its inputs.

import type { LayerNode } from "../architecture/architecture.ts";
import { flagAt } from "../shapes/arguments.ts";
import { type Era, workOf } from "../shapes/layer-shapes.ts";
import { builtShapes } from "../shapes/model-shapes.ts";
import { isCustom, isOperation, isWeightless, outputShapes } from "../shapes/output-shapes.ts";
import type { Shapes } from "../shapes/shape.ts";
import { additiveAttention, attention, groupQueryAttention, multiHeadAttention } from "./attentions.ts";
import { convolution, depthwise, locallyConnected, separable, transposed } from "./convolutions.ts";
import { keras1Rule } from "./keras-1.ts";
import { modelHolding } from "./model-holding.ts";
import {
  batchNormalization,
  groupNormalization,
  layerNormalization,
  normalization,
  prelu,
  rmsNormalization,
  spectralNormalization,
} from "./normalizations.ts";
import { discretization, lookup, pipeline, randomFeatures, spectrogram, vectorization } from "./others.ts";
import { policyOf } from "./policy.ts";
import { dense, einsumDense, embedding } from "./projections.ts";
import {
  bidirectional,
  cell,
  convolutional,
  cuDnn,
  stacked,
  timeDistributed,
  withCell,
  withCells,
} from "./recurrents.ts";
import type { WeightRule } from "./rule.ts";
import { type Holding, holding } from "./variables.ts";

const RULES: ReadonlyMap<string, WeightRule> = new Map<string, WeightRule>([
  ["Dense", dense],
  ["EinsumDense", einsumDense],
  ["Embedding", embedding],
  ["ReversibleEmbedding", embedding],
  ...[1, 2, 3].flatMap((rank): [string, WeightRule][] => [
    [`Conv${rank}D`, convolution(rank)],
    [`Convolution${rank}D`, convolution(rank)],
    [`Conv${rank}DTranspose`, transposed(rank)],
    [`Convolution${rank}DTranspose`, transposed(rank)],
    [`DepthwiseConv${rank}D`, depthwise(rank)],
    [`SeparableConv${rank}D`, separable(rank)],
    [`SeparableConvolution${rank}D`, separable(rank)],
    [`LocallyConnected${rank}D`, locallyConnected(rank)],
    [`ConvLSTM${rank}D`, convolutional(rank)],
  ]),
  ...["", "V1", "V2"].map((version): [string, WeightRule] => [`BatchNormalization${version}`, batchNormalization]),
  ["SyncBatchNormalization", batchNormalization],
  ["LayerNormalization", layerNormalization],
  ["GroupNormalization", groupNormalization],
  ["RMSNormalization", rmsNormalization],
  ["Normalization", normalization],
  ["SpectralNormalization", spectralNormalization],
  ["PReLU", prelu],
  ...["SimpleRNN", "GRU", "LSTM"].flatMap((kind): [string, WeightRule][] => [
    [kind, withCell(kind)],
    [`${kind}Cell`, cell(kind)],
  ]),
  ["CuDNNGRU", cuDnn("GRU")],
  ["CuDNNLSTM", cuDnn("LSTM")],
  ["RNN", withCells],
  ["StackedRNNCells", stacked],
  ["Bidirectional", bidirectional],
  ["TimeDistributed", timeDistributed],
  ["MultiHeadAttention", multiHeadAttention],
  ["GroupQueryAttention", groupQueryAttention],
  ["GroupedQueryAttention", groupQueryAttention],
  ["Attention", attention],
  ["AdditiveAttention", additiveAttention],
  ["Discretization", discretization],
  ["StringLookup", lookup],
  ["IntegerLookup", lookup],
  ["TextVectorization", vectorization],
  ["STFTSpectrogram", spectrogram],
  ["RandomFourierFeatures", randomFeatures],
  ["Pipeline", pipeline],
]);

/**
 * What a layer holds that is built for `inputs`; what its `build_config` says goes before. `undefined` for a layer of which that is
 * not known: a custom class, a layer around another library's.
 */
export function layerHolding(layer: LayerNode, inputs: Shapes, since: Era): Holding | undefined {
  const era = workOf(since);
  if (layer.model !== undefined) return modelHolding(layer.model, inputs, era);
  if (isCustom(layer)) return undefined;
  if (isOperation(layer)) return holding(layer.name, []);
  const rule = era.major <= 1 ? keras1Rule(layer.className) : RULES.get(layer.className);
  if (rule === undefined) return isWeightless(layer) ? holding(layer.name, []) : undefined;
  const policy = policyOf(layer.config);
  if (policy === undefined) return undefined;
  const built = builtFor(layer, inputs);
  const held = rule({
    layer,
    config: layer.config,
    inputs: built,
    input: built[0],
    era,
    policy,
    holdingOf: (inner, shapes) => layerHolding(inner, shapes, era),
    outputsOf: (inner, shapes) => outputShapes(inner, shapes, era),
  });
  return held && { ...held, trainable: flagAt(layer.config, true, "trainable") };
}

/** The shapes that a layer was built for: its `build_config`, unless a call has more. Keras 2.12 to 2.15 write one of several. */
function builtFor(layer: LayerNode, inputs: Shapes): Shapes {
  const said = builtShapes(layer.buildConfig);
  const isCalled = inputs.some((shape) => shape !== undefined);
  return said === undefined || (isCalled && said.length < inputs.length) ? inputs : said;
}
