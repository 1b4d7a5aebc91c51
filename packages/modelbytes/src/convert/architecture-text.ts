import type { WaitOptions } from "@modelbytes/bytes";
import { isPyDict, parseJson, stringifyJson } from "@modelbytes/keras-config";
import { kerasNodes } from "@modelbytes/saved-model";
import type { Model } from "../open-model.ts";

/** What a model says of its architecture, as JSON texts of Keras. */
export interface ArchitectureTexts {
  /** `model_config`, or the whole of `config.json`, in which `compile_config` is. */
  readonly config: string;
  /** `training_config`. */
  readonly training?: string | undefined;
  readonly kerasVersion?: string | undefined;
  readonly backend?: string | undefined;
}

/** Names under which a safetensors file has the texts. */
export const METADATA_KEYS = {
  config: "keras_model_config",
  training: "keras_training_config",
  kerasVersion: "keras_version",
} as const;

/** The architecture that an open model has with it; `undefined` where it has none. Rejects where it cannot be read. */
export async function textsOf(model: Model, options: WaitOptions = {}): Promise<ArchitectureTexts | undefined> {
  switch (model.format) {
    case "keras-hdf5": {
      const { modelConfig, trainingConfig, kerasVersion, backend } = model.weights.metadata;
      if (modelConfig === undefined) return undefined;
      return { config: modelConfig, training: trainingConfig, kerasVersion, backend };
    }
    case "keras-archive":
      return { config: model.weights.config, kerasVersion: model.weights.metadata?.kerasVersion };
    case "keras-config": {
      const { kerasVersion, backend } = model.architecture;
      return { config: model.encoding === "json" ? model.text : stringifyJson(model.config), kerasVersion, backend };
    }
    case "safetensors": {
      const metadata = model.weights.metadata ?? new Map<string, string>();
      const config = metadata.get(METADATA_KEYS.config);
      if (config === undefined) return undefined;
      const { training, kerasVersion } = METADATA_KEYS;
      return { config, training: metadata.get(training), kerasVersion: metadata.get(kerasVersion) };
    }
    case "saved-model": {
      const metadata = await model.savedModel.kerasMetadata(options);
      const root = kerasNodes(metadata, model.objectGraph()).find(({ nodeId }) => nodeId === 0);
      return root === undefined ? undefined : textsOfRoot(root.metadata, model.path);
    }
    default:
      return undefined;
  }
}

/** What Keras 2 notes of a whole model in a SavedModel; subclassed ones have no config. */
function textsOfRoot(text: string, file: string): ArchitectureTexts | undefined {
  const root = parseJson(text, { file });
  if (!isPyDict(root)) return undefined;
  const [config, training, version] = ["model_config", "training_config", "keras_version"].map((name) =>
    root.get(name),
  );
  if (!isPyDict(config)) return undefined;
  return {
    config: stringifyJson(config),
    training: isPyDict(training) ? stringifyJson(training) : undefined,
    kerasVersion: typeof version === "string" ? version : undefined,
  };
}
