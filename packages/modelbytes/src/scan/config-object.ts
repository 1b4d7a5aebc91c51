import { isPyDict, isPyList, isPyTuple, type PyDict, type PyValue } from "@modelbytes/keras-config";
import { ADVICE, type Advice } from "./advice.ts";
import { dangerOfBuildShapes } from "./build-shapes.ts";
import { namesInBytecode } from "./bytecode.ts";
import type { FindingParts } from "./finding.ts";

/** What Keras imports by itself. */
const OWN_MODULE = /^(?:keras|tf_keras|keras_hub|keras_cv|keras_nlp|builtins)(?:\.|$)/;
/** Where it is found under Keras 2 as part of TensorFlow, and where the types of tensors are. */
const OF_TENSORFLOW = /^tensorflow(?:\.python)?\.keras(?:\.|$)/;
const SPECS = /^tensorflow\.python\.framework(?:\.|$)/;
const KERAS = /^(?:tf_)?keras(?:\.|$)/;

/**
 * What an object of a config makes Keras do when it is made: a dict with a `class_name`. `lambda` is the advice for bytecode in this
 * kind of file.
 */
export function dangersOfObject(dict: PyDict, lambda: Advice, inSavedModel: boolean): FindingParts[] {
  const what = dict.get("class_name");
  if (typeof what !== "string") return [];
  const inner = dict.get("config");
  const config: PyDict = isPyDict(inner) ? inner : new Map();
  const origin = dangerOfModule(what, dict, inSavedModel) ?? registered(what, dict);
  const dangers = [dangerOfClass(what, config, lambda), origin, dangerOfBuildShapes(what, dict)];
  return dangers.filter((each) => each !== undefined);
}

function dangerOfClass(what: string, config: PyDict, lambda: Advice): FindingParts | undefined {
  switch (what) {
    case "__lambda__":
      return {
        ...{ severity: "critical", what, reason: "is Python bytecode", advice: lambda },
        names: namesOf(config.get("code") ?? config.get("value")),
      };
    case "Lambda":
      return dangerOfLambda(what, config, lambda);
    case "TorchModuleWrapper":
      return { severity: "critical", what, reason: "holds a pickle", advice: ADVICE.torch };
    case "TFSMLayer":
      return {
        severity: "high",
        what,
        reason: `runs the SavedModel ${quoted(config.get("filepath"))}`,
        advice: ADVICE.savedModel,
      };
    case "FlaxLayer":
    case "JaxLayer":
      return { severity: "high", what, reason: "calls Python functions that its config names" };
    case "KerasLayer": {
      const handle = config.get("handle");
      if (typeof handle !== "string") return undefined;
      return { severity: "high", what, reason: `runs the SavedModel ${quoted(handle)}, which may be an address` };
    }
    default:
      return undefined;
  }
}

/** What a `Lambda` may have as bytecode. In Keras 3 it is an object of its own, `__lambda__`, which is its own finding. */
const FUNCTIONS = ["function", "output_shape", "mask"] as const;

function dangerOfLambda(what: string, config: PyDict, lambda: Advice): FindingParts | undefined {
  const functions = FUNCTIONS.map((key) => config.get(key));
  if (functions.some((value) => isPyDict(value) && value.get("class_name") === "__lambda__")) return undefined;
  const codes = functions.filter((value) => typeof codeOf(value) === "string" && typeof value !== "string");
  const types = ["function_type", "output_shape_type", "mask_type"].map((key) => config.get(key));
  if (codes.length > 0 || types.includes("lambda")) {
    const names = [...new Set((codes.length > 0 ? codes : functions).flatMap(namesOf))];
    return { severity: "critical", what, reason: "runs Python bytecode", advice: lambda, names };
  }
  return { severity: "low", what, reason: "calls a function by name" };
}

/** The code of a function: the text itself, or the first of code, defaults and closure in a list, a tuple or `__tuple__`. */
function codeOf(value: PyValue | undefined): PyValue | undefined {
  if (isPyDict(value)) return codeOf(value.get("items"));
  const items = isPyTuple(value) ? value.items : isPyList(value) ? value : undefined;
  return items === undefined ? value : items[0];
}

function namesOf(value: PyValue | undefined): string[] {
  const code = codeOf(value);
  return typeof code === "string" ? namesInBytecode(code) : [];
}

function dangerOfModule(what: string, dict: PyDict, inSavedModel: boolean): FindingParts | undefined {
  const module = dict.get("module");
  if (typeof module !== "string") return undefined;
  if (module === "builtins" && what !== "function") {
    return { severity: "high", what, reason: "is taken from Python's builtins", advice: ADVICE.module };
  }
  if (OWN_MODULE.test(module) || (what === "__typespec__" && SPECS.test(module))) return undefined;
  if (inSavedModel && OF_TENSORFLOW.test(module)) return undefined;
  const name = what === "function" ? `the function ${quoted(dict.get("config"))}` : what;
  return { severity: "high", what: name, reason: `is imported from ${quoted(module)}`, advice: ADVICE.module };
}

/** The registered name of Keras 3: that of another class makes something else of a class of Keras. */
function registered(what: string, dict: PyDict): FindingParts | undefined {
  const [name, module] = [dict.get("registered_name"), dict.get("module")];
  if (typeof name !== "string" || what === "function" || what.startsWith("__")) return undefined;
  if (typeof module === "string" && KERAS.test(module)) {
    if (name.slice(name.lastIndexOf(">") + 1) === what) return undefined;
    return { severity: "high", what, reason: `is replaced by what is registered as ${quoted(name)}` };
  }
  if (module !== null && (!name.includes(">") || OWN_MODULE.test(String(module)))) return undefined;
  return { severity: "low", what, reason: "is a class of the model's own: whoever loads it brings its code" };
}

function quoted(value: PyValue | undefined): string {
  return typeof value === "string" ? JSON.stringify(value) : "that its config names";
}
