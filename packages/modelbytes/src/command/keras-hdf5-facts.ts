import { ModelbytesError } from "@modelbytes/bytes";
import { type KerasHdf5, type KerasLayer, type KerasWeight, kerasConversions } from "@modelbytes/keras-hdf5";
import type { KerasHdf5Model } from "../models/keras-hdf5-model.ts";
import type { Facts } from "./facts.ts";
import { classNameAt, jsonOf } from "./json-text.ts";
import { counted, printable } from "./text.ts";

/** What a Keras file in HDF5 says of itself. */
export function kerasHdf5Facts({ format, weights }: KerasHdf5Model): Facts {
  const { metadata, layers, topLevelWeights, optimizerWeights, metricWeights, unlisted } = weights;
  const { kerasVersion, backend, weightsVersion, weightsBackend, modelConfig, trainingConfig } = metadata;
  const optimizer = classNameAt(jsonOf(trainingConfig), "optimizer_config");
  const version = kerasVersion ?? weightsVersion;
  const conversions = conversionsOf(weights);
  return {
    json: {
      kerasVersion: version ?? null,
      backend: backend ?? weightsBackend ?? null,
      layers: layers.map(layerJson),
      topLevelWeights: weightNames(topLevelWeights),
      architecture: jsonOf(modelConfig) ?? null,
      training: jsonOf(trainingConfig) ?? null,
      optimizer:
        optimizerWeights.length === 0 && optimizer === null
          ? null
          : { class: optimizer, weights: weightNames(optimizerWeights) },
      metrics: weightNames(metricWeights),
      unlisted,
      conversions: conversions.map(({ layer, names }) => ({ layer, names })),
    },
    headline: [
      format,
      version === undefined ? "" : `Keras ${version}`,
      backend ?? weightsBackend ?? "",
      counted(layers.length, "layer"),
      modelConfig === undefined ? "" : "architecture",
      optimizerWeights.length === 0
        ? ""
        : `optimizer${optimizer === null ? "" : ` ${optimizer}`} of ${counted(optimizerWeights.length, "tensor")}`,
      unlisted.length === 0 ? "" : `${counted(unlisted.length, "tensor")} that Keras does not read`,
    ].filter((fact) => fact !== ""),
    lines: conversionLines(conversions),
    problems: [],
  };
}

/** A layer of an old file, and what a loader of Keras 2 would have done to its weights. */
interface LayerConversions {
  readonly layer: string;
  readonly names: readonly string[];
}

/** None where no architecture tells of the classes of layers, or it is damaged: `verify` says that. */
function conversionsOf(weights: KerasHdf5): LayerConversions[] {
  if (weights.metadata.modelConfig === undefined) return [];
  try {
    return kerasConversions(weights)
      .filter(({ conversions }) => conversions.length > 0)
      .map(({ layer, conversions }) => ({ layer: layer.name, names: conversions.map(({ conversion }) => conversion) }));
  } catch (error) {
    if (error instanceof ModelbytesError) return [];
    throw error;
  }
}

function conversionLines(conversions: readonly LayerConversions[]): string[] {
  if (conversions.length === 0) return [];
  const names = [...new Set(conversions.flatMap((each) => each.names))];
  const layers = conversions.map(({ layer }) => printable(layer)).join(", ");
  return [`as they are in the file: a loader of Keras 2 would apply ${names.join(", ")} to the weights of ${layers}`];
}

/** A layer, as `--json` has it. */
export function layerJson({ name, path, weights }: KerasLayer): Readonly<Record<string, unknown>> {
  return { name, path, weights: weightNames(weights) };
}

/** The keys of weights. */
export function weightNames(weights: readonly KerasWeight[]): string[] {
  return weights.map(({ key }) => key);
}
