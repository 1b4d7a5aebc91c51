import { isPyDict, type PyDict, type PyValue } from "../value.ts";
import type { Architecture, Grammar, ModelNode, ObjectNode } from "./architecture.ts";
import { dictOf, itemsOf, malformed, member, optionalString } from "./fields.ts";
import { isFunctional, readFunctional } from "./functional.ts";
import { grammarOfVersion, guessGrammar } from "./grammar.ts";
import { isKeras0, readKeras0 } from "./keras-0.ts";
import { type ReadNestedModel, readObject } from "./layer.ts";
import { readSequential } from "./sequential.ts";
import { checkSize } from "./size.ts";
import { withTuples } from "./tuples.ts";

/** What is known of a text from elsewhere. */
export interface ArchitectureOptions {
  /**
   * The version of Keras that wrote it, where the text has none: `keras_version` of an h5 file or of a `metadata.json`. Without it
   * the grammar is told from the text.
   */
  readonly kerasVersion?: string;
}

/**
 * What an architecture says, from any of its texts: `to_json` and `to_yaml` of every Keras, the `model_config` of an h5 file or of a
 * Keras 2 SavedModel (its root metadata too), the `config.json` of a `.keras` file.
 *
 * @throws CorruptError `architecture`, with the path to what is wrong.
 * @throws UnsupportedError `architecture-size` for more than 300 values in each other, or 20 million of them.
 */
export function parseArchitecture(config: PyValue, options: ArchitectureOptions = {}): Architecture {
  checkSize(config);
  const outer = dictOf(withTuples(config), "");
  const inner = outer.get("model_config");
  const path = isPyDict(inner) ? "model_config" : "";
  const object = isPyDict(inner) ? inner : outer;
  const said = (key: string): string | undefined => optionalString(object.get(key)) ?? optionalString(outer.get(key));
  const kerasVersion = options.kerasVersion ?? said("keras_version");
  const grammar = isKeras0(object) ? "keras-0" : (grammarOfVersion(kerasVersion) ?? guessGrammar(object));
  const compileConfig = object.get("compile_config");
  return {
    grammar,
    kerasVersion,
    backend: said("backend"),
    model: readModel(object, path, grammar),
    compileConfig: isPyDict(compileConfig) ? compileConfig : undefined,
  };
}

function readModel(object: PyDict, path: string, grammar: Grammar): ModelNode {
  if (isKeras0(object)) return readKeras0(object, path, String(object.get("name")).toLowerCase());
  if (typeof object.get("class_name") !== "string") throw malformed(path, "no class_name: this is no architecture");
  const node = readObject(object, path, String(object.get("class_name")).toLowerCase());
  const model = nestedModel(grammar)(object, node);
  if (model !== undefined) return model;
  // A stack may be of a class of one's own. The root is a model for certain: whatever has layers is a stack of them.
  if (areLayers(node.config.get("layers"))) return readSequential(object, node, nestedModel(grammar));
  return { ...node, kind: "subclassed", layers: [], inputs: undefined, outputs: undefined };
}

/** Models where layers may be. */
function nestedModel(grammar: Grammar): ReadNestedModel {
  return (object: PyDict, node: ObjectNode): ModelNode | undefined => {
    const readNested = nestedModel(grammar);
    if (isFunctional(node.config)) return readFunctional(node, grammar, readNested);
    const isStack = node.className === "Sequential" || areLayers(object.get("config"));
    if (isStack) return readSequential(object, node, readNested);
    // The Graph of Keras 1 is written as that of Keras 0, in a config.
    if (node.className === "Graph" && node.config.has("node_config")) return readGraph1(node);
    return undefined;
  };
}

function readGraph1(node: ObjectNode): ModelNode {
  return {
    ...readKeras0(new Map([...node.config, ["name", "Graph"]]), member(node.path, "config"), node.name),
    path: node.path,
  };
}

/** Whether a value is a list of objects, one at least. */
function areLayers(value: PyValue | undefined): boolean {
  const items = itemsOf(value) ?? [];
  return items.length > 0 && items.every((item) => isPyDict(item) && item.has("class_name") && item.has("config"));
}
