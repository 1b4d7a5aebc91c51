import { CorruptError, ModelbytesError, NotFoundError, type WaitOptions } from "@modelbytes/bytes";
import type { KerasLayer } from "../contents.ts";
import type { KerasHdf5 } from "../keras-hdf5.ts";
import { type ConfiguredLayer, layersOf, parseModelConfig } from "../model-config.ts";
import type { LegacyOptions } from "./conversion.ts";
import { type ConvertedWeights, convertLegacyWeights, legacyConversions } from "./convert.ts";
import type { AppliedConversion } from "./plan.ts";

/** How the weights of a file are converted. */
export interface KerasConversionOptions extends Pick<LegacyOptions, "to" | "only"> {
  /** Where the weights come from, if the file does not know it or is not to be believed. */
  readonly from?: LegacyOptions["from"] | undefined;
  /** The architecture, as JSON, for files of weights alone. */
  readonly modelConfig?: string | undefined;
}

/** A layer whose weights a loader of Keras 2 would have changed, or would have failed to. */
export interface ConvertibleLayer {
  readonly layer: KerasLayer;
  readonly conversions: readonly AppliedConversion[];
  /** Why the weights are none of such a layer. */
  readonly problem?: ModelbytesError;
}

/**
 * The layers of a file whose weights a loader of Keras 2 would have changed, with what it would have done to them. Nothing is read.
 * Empty for files that are as the Keras of today needs them.
 *
 * Throws a `CorruptError` (`"model-config"`) for an architecture that is none, and a `TypeError` where there is none at all: files of
 * weights alone do not say what classes their layers are of.
 */
export function kerasConversions(file: KerasHdf5, options: KerasConversionOptions = {}): ConvertibleLayer[] {
  const configured = configuredLayers(file, options);
  return file.layers.flatMap((layer) => {
    const of = configured.get(layer.name);
    if (of === undefined) return [];
    try {
      const shapes = layer.weights.map(({ shape }) => shape);
      const conversions = legacyConversions(of, shapes, legacyOptions(file, options));
      return conversions.length === 0 ? [] : [{ layer, conversions }];
    } catch (problem) {
      if (problem instanceof ModelbytesError) return [{ layer, conversions: [], problem }];
      throw problem;
    }
  });
}

/**
 * The weights of a layer as a loader of Keras 2 would have made them, given the layer's name. `convertLegacyWeights` says what is
 * done, and which errors there are; besides, rejects with a `NotFoundError` (`"no-layer"`) for a layer that the file or its
 * architecture has not, and as `KerasHdf5.read` does.
 */
export async function readConverted(
  file: KerasHdf5,
  name: string,
  options: KerasConversionOptions & WaitOptions = {},
): Promise<ConvertedWeights> {
  const configured = configuredLayers(file, options).get(name);
  const layer = file.layers.find((each) => each.name === name);
  if (configured === undefined || layer === undefined) {
    const reason = `${layer === undefined ? "the file" : "its architecture"} has no layer ${JSON.stringify(name)}`;
    throw new NotFoundError("no-layer", reason, { file: file.hdf5.name, tensor: name });
  }
  const { signal } = options;
  const weights = await Promise.all(layer.weights.map(({ key }) => file.read(key, { signal })));
  return convertLegacyWeights({ ...configured, weights }, legacyOptions(file, options));
}

function legacyOptions({ kind, metadata }: KerasHdf5, { from, to, only }: KerasConversionOptions): LegacyOptions {
  const isOfKeras3 = kind === "keras-weights" || kind === "keras-weights-sharded";
  const { weightsVersion: kerasVersion = isOfKeras3 ? "3" : undefined, weightsBackend: backend } = metadata;
  return { from: from ?? { kerasVersion, backend }, ...(to && { to }), only };
}

function configuredLayers(file: KerasHdf5, options: KerasConversionOptions): Map<string, ConfiguredLayer> {
  const text = options.modelConfig ?? file.metadata.modelConfig;
  if (text === undefined) {
    throw new TypeError(
      `${file.hdf5.name} has weights alone, which do not say their layers' classes: pass modelConfig`,
    );
  }
  const model = parseModelConfig(text);
  const layers = model === undefined ? undefined : layersOf(model);
  if (layers === undefined) {
    throw new CorruptError("model-config", "the architecture is none of layers", { file: file.hdf5.name });
  }
  return new Map(layers.map((layer) => [layer.name, layer]));
}
