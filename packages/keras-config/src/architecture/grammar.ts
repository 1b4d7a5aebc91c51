import { isPyDict, isPyList, isPyTuple, type PyDict, type PyValue } from "../value.ts";
import type { Grammar } from "./architecture.ts";
import { itemsOf } from "./fields.ts";

/**
 * The grammar that a version of Keras writes: `"2.2.4-tf"` is Keras 2, and so is what tfjs writes (`"tfjs-layers 1.2.7"`).
 * `undefined` for what is no version.
 */
export function grammarOfVersion(version: string | undefined): Grammar | undefined {
  if (version === undefined) return undefined;
  if (version.startsWith("tfjs")) return "keras-2";
  const grammars: Record<string, Grammar> = { "0": "keras-0", "1": "keras-1", "2": "keras-2", "3": "keras-3" };
  return grammars[/^(\d+)\./.exec(version)?.[1] ?? ""];
}

/**
 * The grammar of a text that does not say which Keras wrote it: what only Keras 3 or only Keras 1 writes decides, and Keras 2 is
 * the rest.
 */
export function guessGrammar(root: PyValue): Grammar {
  let isOld = false;
  const pending: PyValue[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (isPyDict(value)) {
      if (isFromKeras3(value)) return "keras-3";
      isOld ||= isFromKeras1(value);
      for (const item of value.values()) if (isPyDict(item) || isPyList(item) || isPyTuple(item)) pending.push(item);
    } else for (const item of itemsOf(value) ?? []) pending.push(item);
  }
  return isOld ? "keras-1" : "keras-2";
}

/** Only Keras 3 has tensors as objects, policies as `DTypePolicy`, modules `keras.src.models`, and inputs with a `batch_shape`. */
function isFromKeras3(dict: PyDict): boolean {
  const className = dict.get("class_name");
  if (className === "__keras_tensor__" || className === "DTypePolicy") return true;
  const module = dict.get("module");
  if (typeof module === "string" && /^keras\.src\.(models|ops)\b/.test(module)) return true;
  const config = dict.get("config");
  if (!isPyDict(config)) return false;
  if (className === "InputLayer") return config.has("batch_shape");
  return className === "Sequential" && config.has("dtype");
}

/** Layers of Keras 1 have an `init`, an `output_dim` (apart from Embedding), `nb_filter`; inputs an `input_dtype`. */
function isFromKeras1(dict: PyDict): boolean {
  const config = dict.get("config");
  if (!isPyDict(config) || typeof dict.get("class_name") !== "string") return false;
  if (config.has("output_dim")) return !config.has("embeddings_initializer");
  return ["nb_filter", "border_mode", "W_regularizer", "input_dtype", "init", "inner_init"].some((key) =>
    config.has(key),
  );
}
