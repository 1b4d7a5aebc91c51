import type { KerasNode } from "../keras-metadata.ts";
import type { Severity } from "./dangerous-ops.ts";

/** Something in the metadata of Keras 2 that makes Keras run or import code when it loads the model. */
export interface DangerousLayer {
  readonly severity: Severity;
  /** The class, e.g. `"Lambda"`. */
  readonly className: string;
  /** The node of the object graph that the metadata describes. */
  readonly nodeId: number;
  /** Where it is in the JSON, e.g. `config.layers[1]`; empty for all of it. */
  readonly path: string;
  /** As the rest of a sentence about the class. */
  readonly reason: string;
}

/** What Keras imports by itself. */
const OWN_MODULE = /^(?:keras|tf_keras|keras_hub|keras_cv|keras_nlp|tensorflow|builtins)(?:\.|$)/;

/** Keras makes what should stand for itself out of these: they hold pickles. */
const PICKLED: ReadonlySet<string> = new Set(["TorchModuleWrapper"]);

/**
 * The layers whose Python code Keras takes from `keras_metadata.pb`, or from the object graph before TensorFlow 2.5:
 * `Lambda` with a function as bytecode (critical), any `Lambda` that names a function, classes of foreign modules, pickles; and
 * metadata that is no JSON (medium), which nobody can judge. `tf.saved_model.load` looks at none of it. Nothing is run.
 */
export function findDangerousLayers(nodes: readonly KerasNode[]): DangerousLayer[] {
  return nodes.flatMap(({ nodeId, identifier, metadata }) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(withoutNonNumbers(metadata));
    } catch {
      const reason = "has metadata that is no JSON";
      return [{ severity: "medium", className: identifier, nodeId, path: "", reason } as const];
    }
    return dangersIn(parsed).map((danger) => ({ ...danger, nodeId }));
  });
}

/** Keras writes NaN and Infinity as Python does. */
function withoutNonNumbers(text: string): string {
  return text.replace(/(?<=[[:,]\s*)(?:NaN|-?Infinity)(?=\s*[\],}])/g, "0");
}

type Danger = Omit<DangerousLayer, "nodeId">;

/** Whatever is written at any depth. A path is known from above, so no depth of nesting is too much. */
function dangersIn(root: unknown): Danger[] {
  const found: Danger[] = [];
  const waiting: { readonly value: unknown; readonly path: string }[] = [{ value: root, path: "" }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, path } = next;
    if (typeof value !== "object" || value === null) continue;
    const danger = dangerOf(new Map(Object.entries(value)), path);
    if (danger !== undefined) found.push(danger);
    for (const [key, each] of Object.entries(value).reverse()) {
      const step = Array.isArray(value) ? `[${key}]` : path === "" ? key : `.${key}`;
      if (typeof each === "object") waiting.push({ value: each, path: path + step });
    }
  }
  return found;
}

function dangerOf(fields: ReadonlyMap<string, unknown>, path: string): Danger | undefined {
  const className = fields.get("class_name");
  if (typeof className !== "string") return undefined;
  const at = { className, path };
  if (className === "__lambda__") return { ...at, severity: "critical", reason: "is Python bytecode" };
  if (PICKLED.has(className)) return { ...at, severity: "critical", reason: "holds a pickle" };
  if (className === "Lambda") return { ...at, ...lambdaDanger(fields.get("config")) };
  const module = fields.get("module");
  if (typeof module !== "string" || OWN_MODULE.test(module)) return undefined;
  return { ...at, severity: "high", reason: `is imported from ${JSON.stringify(module)}` };
}

/** Bytecode is a list or `__tuple__` of base64 text, defaults and closure, and `function_type` says so: `lambda`. */
function lambdaDanger(config: unknown): { readonly severity: Severity; readonly reason: string } {
  const fields = new Map(Object.entries(typeof config === "object" && config !== null ? config : {}));
  const types = ["function_type", "output_shape_type", "mask_type"].map((key) => fields.get(key));
  const functions = ["function", "output_shape", "mask"].map((key) => fields.get(key));
  if (types.includes("lambda") || functions.some(isBytecode)) {
    return { severity: "critical", reason: "runs Python bytecode" };
  }
  return { severity: "low", reason: "calls a function by name" };
}

function isBytecode(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const items: unknown = Array.isArray(value) ? value : fields.get("items");
  return Array.isArray(items) && typeof items[0] === "string";
}
