import { CorruptError, ModelbytesError, type Place, sortNames } from "@modelbytes/bytes";
import type { SavedObject, SavedObjectGraph } from "@modelbytes/tf-proto/messages";
import { nodeOf } from "../object-graph.ts";
import type { SavedModel } from "../saved-model.ts";
import { type CallSignature, callSignatureOf, namedText, positionalText } from "./arguments.ts";
import { checkLoadable } from "./loadable.ts";

/**
 * The last part of what `saved_model_cli show --all` prints: the functions that the root of the object graph has as attributes, with
 * each way to call them that was traced. Empty for what TF1 saved.
 *
 * Python loads the model for this part, and says "N/A" where that fails; so does this where the object graph alone shows that
 * nobody can load it. Custom ops do not stop it. Python lists the ways to call a function in an order that depends on how often it
 * has made a tensor; here it is the order in which they were traced.
 */
export function showFunctions(model: SavedModel): string {
  if (!model.metaGraphs.some(({ objectGraph }) => objectGraph !== undefined)) return "";
  return `\nConcrete Functions:${listing(model)}`;
}

function listing({ metaGraphs, graphFile }: SavedModel): string {
  const place = { file: graphFile.name };
  try {
    const [only, ...others] = metaGraphs;
    const graph = only?.objectGraph;
    if (only === undefined || graph === undefined || others.length > 0) {
      throw new CorruptError("object-graph", "a model of several MetaGraphs is loaded only by tags", place);
    }
    checkLoadable(only, graph, place);
    return functionsText(graph, place);
  } catch (error) {
    if (error instanceof ModelbytesError) return " N/A (could not be listed due to unknown reasons)\n";
    throw error;
  }
}

function functionsText(graph: SavedObjectGraph, place: Place): string {
  const children = new Map<string, SavedObject>();
  for (const { localName, nodeId } of nodeOf(graph, 0, place).children) {
    children.set(localName, nodeOf(graph, nodeId, place));
  }
  return sortNames(children.keys())
    .map((name) => functionText(name, children.get(name), graph, place))
    .join("");
}

/** A bare function without a signature still has the names of its arguments. */
function functionText(name: string, node: SavedObject | undefined, graph: SavedObjectGraph, place: Place): string {
  const bare = node?.bareConcreteFunction;
  const traced = bare === undefined ? node?.function?.concreteFunctions : [bare.concreteFunctionName];
  if (traced === undefined) return "";
  const options = inOrderOfTracing(traced).map((each) => {
    const signature = graph.concreteFunctions.get(each)?.canonicalizedInputSignature;
    if (signature !== undefined || bare === undefined) return callSignatureOf(signature, place);
    return { positional: bare.argumentKeywords.map((stringValue) => ({ stringValue })), named: [] };
  });
  return `\n  Function Name: '${name}'\n${options.map((each, at) => optionText(each, at + 1, place)).join("")}`;
}

/** TensorFlow ends the name of a function with a number that grows. */
function inOrderOfTracing(names: readonly string[]): string[] {
  return sortNames(names).sort((a, b) => numberOf(a) - numberOf(b));
}

function numberOf(name: string): number {
  return Number(/_(\d+)$/.exec(name)?.[1] ?? 0);
}

/** A way to call a function without positional arguments has no heading. */
function optionText({ positional, named }: CallSignature, number: number, place: Place): string {
  const heading = positional.length > 0 ? `    Option #${number}\n      Callable with:\n` : "";
  return heading + positionalText(positional, place) + namedText(named);
}
