import type { Source, WaitOptions } from "@modelbytes/bytes";
import type { Foreign } from "./content.ts";

/** What a text is, as far as can be told without reading it as a model. */
export type TextContent = "keras-weights-sharded" | Foreign;

/** A longer text is no index and no architecture. */
const MOST_BYTES = 2 ** 28;

/** What a JSON text is by the names in its outermost object. */
export async function textContentOf(source: Source, options: WaitOptions): Promise<TextContent> {
  const size = await source.size(options);
  if (size > MOST_BYTES) return { foreign: "a text of more than 256 MiB" };
  const value = parsed(new TextDecoder().decode(await source.read(0, size, options)));
  if (typeof value !== "object" || value === null) return { foreign: "a text, but no JSON" };
  if ("weight_map" in value) return "keras-weights-sharded";
  if ("modelTopology" in value || "weightsManifest" in value) return { foreign: "a TensorFlow.js model.json" };
  return { foreign: "a JSON text, but none of a model" };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
