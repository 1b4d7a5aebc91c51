import { CorruptError, type Place } from "@modelbytes/bytes";
import type { FunctionSpec, SavedObject, SavedObjectGraph, StructuredValue } from "@modelbytes/tf-proto/messages";
import type { MetaGraph } from "../meta-graph.ts";
import { kindOf, nodeOf } from "../object-graph.ts";
import { reprValue } from "./structured-value.ts";

/** What `tf.name_scope` takes for the name of a variable; without a name it takes its own. */
const SCOPE = /^(?:[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*)?$/;

/**
 * Throws a `CorruptError` where the object graph shows that `tf.saved_model.load` fails: an object of no kind, a child or a function
 * that is not there, a signature that says nothing, slot variables of what is no optimizer, a variable whose name is no scope.
 * Loading may fail for other reasons: custom ops, classes of Keras, bodies that do not fit their signatures.
 */
export function checkLoadable(metaGraph: MetaGraph, graph: SavedObjectGraph, place: Place): void {
  nodeOf(graph, 0, place);
  for (const node of graph.nodes) {
    if (kindOf(node) === "none" && node.registeredName === "") {
      throw new CorruptError("object-graph", "an object of no kind", place);
    }
    if (!SCOPE.test(node.variable?.name ?? "")) {
      throw new CorruptError("object-graph", `no variable can be called ${JSON.stringify(node.variable?.name)}`, place);
    }
    if (node.slotVariables.length > 0 && node.userObject?.identifier !== "optimizer") {
      throw new CorruptError("object-graph", "slot variables of an object that is no optimizer", place);
    }
    for (const { nodeId } of node.children) nodeOf(graph, nodeId, place);
    checkFunctions(node, metaGraph, place);
  }
  for (const [name, { canonicalizedInputSignature, outputSignature }] of graph.concreteFunctions) {
    if (!metaGraph.functions.has(name)) continue;
    checkValue(canonicalizedInputSignature, place);
    checkValue(outputSignature, place);
  }
}

function checkFunctions(
  { function: polymorphic, bareConcreteFunction: bare }: SavedObject,
  metaGraph: MetaGraph,
  place: Place,
): void {
  const names = polymorphic?.concreteFunctions ?? (bare === undefined ? [] : [bare.concreteFunctionName]);
  const missing = names.find((name) => !metaGraph.functions.has(name));
  if (missing !== undefined) {
    throw new CorruptError("function", `function ${JSON.stringify(missing)} is not in the library`, place);
  }
  if (polymorphic !== undefined) checkSpec(polymorphic.functionSpec, place);
  if (bare?.functionSpec !== undefined) checkSpec(bare.functionSpec, place);
}

function checkSpec(spec: FunctionSpec | undefined, place: Place): void {
  checkValue(spec?.fullargspec, place);
  checkValue(spec?.inputSignature, place);
}

function checkValue(value: StructuredValue | undefined, place: Place): void {
  reprValue(value ?? {}, place);
}
