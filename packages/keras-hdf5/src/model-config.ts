import { ModelbytesError } from "@modelbytes/bytes";
import { parseJson, toPlain } from "@modelbytes/keras-config";

/** A layer as a configuration of any Keras has it. */
export interface ConfiguredLayer {
  /** `"Dense"`; in Keras 1 also names that are gone, as `"Convolution2D"`; of registered classes with a package: `"Custom>Mine"`. */
  readonly className: string;
  readonly name: string;
  readonly config: JsonObject;
}

/** An object of JSON that nobody has looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The model that a text of `model_config` describes; `undefined` for a text that describes none. */
export function parseModelConfig(text: string): ConfiguredLayer | undefined {
  try {
    return configuredLayer(plainOf(text));
  } catch (error) {
    if (error instanceof ModelbytesError) return undefined;
    throw error;
  }
}

/** What a text says: as JavaScript's JSON, which is quick, or as Python's, which has NaN and Infinity too. */
function plainOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return toPlain(parseJson(text));
  }
}

/** What `{"class_name": …, "config": …}` describes; `undefined` for anything else. */
export function configuredLayer(value: unknown): ConfiguredLayer | undefined {
  if (!isJsonObject(value)) return undefined;
  const { class_name: className, config: given, name: outer } = value;
  // Sequential of Keras 1 and 2.0 to 2.2 has a list of layers for its config
  const config = Array.isArray(given) ? { layers: given } : given;
  if (typeof className !== "string" || !isJsonObject(config)) return undefined;
  const { name = outer } = config;
  return { className, name: typeof name === "string" ? name : "", config };
}

/** The class without the package that it is registered in. */
export function bareClass({ className }: ConfiguredLayer): string {
  return className.slice(className.lastIndexOf(">") + 1);
}

/** How deep layers are in one another at most; deeper ones overflow Python's stack. */
export const DEEPEST_LAYER = 100;

const MODELS: ReadonlySet<string> = new Set(["Model", "Sequential", "Functional"]);

/** The layers of a model, in its order; `undefined` for what is no model, or has layers that are none. */
export function layersOf(layer: ConfiguredLayer): readonly ConfiguredLayer[] | undefined {
  const { layers } = layer.config;
  if (!MODELS.has(bareClass(layer)) || !Array.isArray(layers)) return undefined;
  const found = layers.map(configuredLayer).filter((each) => each !== undefined);
  return found.length === layers.length ? found : undefined;
}

/** The layer that a wrapper has in an argument. */
export function wrappedLayer({ config }: ConfiguredLayer, argument = "layer"): ConfiguredLayer | undefined {
  return configuredLayer(config[argument]);
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
