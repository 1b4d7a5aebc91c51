import type { KerasLayer, KerasWeight } from "@modelbytes/keras-hdf5";
import type { KerasHdf5Model } from "../models/keras-hdf5-model.ts";
import type { Facts } from "./facts.ts";
import { jsonOf } from "./json-text.ts";
import { counted } from "./text.ts";

/** What a Keras file in HDF5 says of itself. */
export function kerasHdf5Facts({ format, weights }: KerasHdf5Model): Facts {
  const { metadata, layers, topLevelWeights, optimizerWeights, metricWeights, unlisted } = weights;
  const { kerasVersion, backend, weightsVersion, weightsBackend, modelConfig, trainingConfig } = metadata;
  const optimizer = optimizerOf(trainingConfig);
  const version = kerasVersion ?? weightsVersion;
  return {
    json: {
      kerasVersion: version ?? null,
      backend: backend ?? weightsBackend ?? null,
      layers: layers.map(layerJson),
      topLevelWeights: topLevelWeights.map(nameOf),
      architecture: jsonOf(modelConfig) ?? null,
      training: jsonOf(trainingConfig) ?? null,
      optimizer:
        optimizerWeights.length === 0 && optimizer === null
          ? null
          : { class: optimizer, weights: optimizerWeights.map(nameOf) },
      metrics: metricWeights.map(nameOf),
      unlisted,
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
    lines: [],
    problems: [],
  };
}

function layerJson({ name, path, weights }: KerasLayer): Readonly<Record<string, unknown>> {
  return { name, path, weights: weights.map(nameOf) };
}

function nameOf({ key }: KerasWeight): string {
  return key;
}

/** The class of the optimizer, as `training_config` has it. */
function optimizerOf(trainingConfig: string | undefined): string | null {
  const config: unknown = new Map(Object.entries(jsonOf(trainingConfig) ?? {})).get("optimizer_config");
  if (typeof config !== "object" || config === null || !("class_name" in config)) return null;
  return typeof config.class_name === "string" ? config.class_name : null;
}
