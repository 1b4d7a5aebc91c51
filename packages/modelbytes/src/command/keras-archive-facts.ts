import type { KerasArchiveModel } from "../models/keras-archive-model.ts";
import type { Facts } from "./facts.ts";
import { classNameAt, jsonOf } from "./json-text.ts";
import { layerJson, weightNames } from "./keras-hdf5-facts.ts";
import { counted, printable } from "./text.ts";

/** What a `.keras` archive says of itself. */
export function kerasArchiveFacts({ format, weights: archive }: KerasArchiveModel): Facts {
  const { metadata, assets, others, config, zip } = archive;
  const { layers, optimizerWeights } = archive.weights;
  const architecture = jsonOf(config);
  const optimizer = classNameAt(architecture, "compile_config", "optimizer");
  const version = metadata?.kerasVersion;
  return {
    json: {
      kerasVersion: version ?? null,
      dateSaved: metadata?.dateSaved ?? null,
      layers: layers.map(layerJson),
      architecture: architecture ?? null,
      optimizer:
        optimizerWeights.length === 0 && optimizer === null
          ? null
          : { class: optimizer, weights: weightNames(optimizerWeights) },
      assets,
      others,
    },
    headline: [
      format,
      version === undefined ? "" : `Keras ${version}`,
      metadata?.dateSaved === undefined ? "" : `saved ${metadata.dateSaved}`,
      zip === undefined ? "unzipped" : "",
      optimizerWeights.length === 0
        ? ""
        : `optimizer${optimizer === null ? "" : ` ${optimizer}`} of ${counted(optimizerWeights.length, "tensor")}`,
      assets.length === 0 ? "" : `${counted(assets.length, "asset")} (${assets.map(printable).join(", ")})`,
    ].filter((fact) => fact !== ""),
    lines: [],
    problems: [],
  };
}
