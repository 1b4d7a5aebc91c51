import { ModelbytesError, type Source, type WaitOptions } from "@modelbytes/bytes";
import { isPyDict, type PyDict, type PyValue, parseJson } from "@modelbytes/keras-config";
import type { Foreign } from "./content.ts";

/** What a text is: the index of sharded weights, an architecture, or something else altogether. */
export type TextContent = "keras-weights-sharded" | "safetensors-sharded" | ArchitectureText | Foreign;

/** A text that holds an architecture. */
export interface ArchitectureText {
  readonly text: string;
  readonly encoding: "json" | "yaml";
  readonly config: PyValue;
}

/** A longer text is no index and no architecture. */
const MOST_BYTES: number = 2 ** 28;

/** What a text is by the names in its outermost object. */
export async function textContentOf(source: Source, options: WaitOptions): Promise<TextContent> {
  const size = await source.size(options);
  if (size > MOST_BYTES) return { foreign: "a text of more than 256 MiB" };
  const text = new TextDecoder().decode(await source.read(0, size, options));
  const encoding = /^\s*[{[]/.test(text) ? "json" : "yaml";
  const config = await parsed(text, encoding, source.name);
  if (!isPyDict(config)) return { foreign: encoding === "json" ? "a text, but no JSON object" : "a text" };
  const map = config.get("weight_map");
  if (isPyDict(map)) return namesSafetensors(map) ? "safetensors-sharded" : "keras-weights-sharded";
  if (config.has("modelTopology") || config.has("weightsManifest")) return { foreign: "a TensorFlow.js model.json" };
  if (isArchitecture(config)) return { text, encoding, config };
  return { foreign: `a ${encoding === "json" ? "JSON" : "YAML"} text, but none of a model` };
}

/** What texts of models have, also damaged ones. */
const OF_A_MODEL = /"(?:class_name|weight_map)"\s*:/;

async function parsed(text: string, encoding: "json" | "yaml", file: string): Promise<PyValue | undefined> {
  if (encoding === "yaml") return (await import("./yaml-text.ts")).parseYaml(text, { file });
  try {
    return parseJson(text, { file });
  } catch (error) {
    if (error instanceof ModelbytesError && !OF_A_MODEL.test(text)) return undefined;
    throw error;
  }
}

function namesSafetensors(map: PyDict): boolean {
  const [first] = map.values();
  return typeof first === "string" && first.endsWith(".safetensors");
}

/** Whether an object has what Keras of some era writes of a model; Keras 0.3 knew names of classes alone. */
function isArchitecture(config: PyDict): boolean {
  if (typeof config.get("class_name") === "string") return config.has("config");
  return (
    (config.get("name") === "Sequential" || config.get("name") === "Graph") &&
    (config.has("layers") || config.has("nodes"))
  );
}
