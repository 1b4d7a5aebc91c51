import type { CorruptError } from "@modelbytes/bytes";
import type { MetaGraphDef, SavedObject, SavedObjectGraph } from "@modelbytes/tf-proto/messages";
import { kindOf } from "../object-graph.ts";
import { type CheckPlace, problem, quoted } from "./problem.ts";

/** Whether the object graph refers to what is there: nodes to nodes, functions to the library, constants to nodes, assets to files. */
export function* checkObjects(metaGraph: MetaGraphDef, where: string, place: CheckPlace): Generator<CorruptError> {
  const graph = metaGraph.objectGraphDef;
  if (graph === undefined) return;
  if (graph.nodes.length === 0) {
    yield problem("object-graph", where, "the object graph has no node, not even the root", place);
    return;
  }
  const references = new References(metaGraph, graph);
  for (const [id, node] of graph.nodes.entries()) {
    const at = `${where}.nodes[${id}]`;
    for (const other of referencedNodes(node)) {
      if (graph.nodes[other] !== undefined) continue;
      yield problem("object-graph", at, `it refers to node ${other} of ${graph.nodes.length}`, place);
    }
    const wrong = references.wrongIn(node);
    if (wrong !== undefined) yield problem("object-graph", at, wrong, place);
  }
  for (const [name, concrete] of graph.concreteFunctions) {
    const { boundInputs } = concrete;
    const at = `${where}.concrete_functions[${quoted(name)}]`;
    if (!references.functions.has(name)) yield problem("no-function", at, "the library has no such function", place);
    for (const other of boundInputs) {
      const node = graph.nodes[other];
      if (node === undefined)
        yield problem("object-graph", at, `it captures node ${other} of ${graph.nodes.length}`, place);
      else if (!canBeCaptured(node))
        yield problem("object-graph", at, `it captures node ${other}, which is no tensor`, place);
    }
    if (concrete.canonicalizedInputSignature === undefined || concrete.outputSignature === undefined) {
      yield problem("object-graph", at, "it lacks a signature, so tf.saved_model.load cannot make the function", place);
    }
    const args = references.functions.get(name);
    if (args === undefined || boundInputs.length <= args) continue;
    yield problem("object-graph", at, `it captures ${boundInputs.length} nodes, but takes ${args} arguments`, place);
  }
}

/** Functions capture variables, constants, assets, resources and tensors of other functions; classes of their own may be anything. */
function canBeCaptured(node: SavedObject): boolean {
  const { userObject, registeredName } = node;
  if (userObject !== undefined)
    return registeredName !== "" || !["", "_generic_user_object"].includes(userObject.identifier);
  return node.function === undefined && node.bareConcreteFunction === undefined;
}

/** All numbers of nodes that a node mentions. */
function* referencedNodes(node: SavedObject): Generator<number> {
  for (const { nodeId } of node.children) yield nodeId;
  for (const { nodeId } of node.dependencies) yield nodeId;
  for (const { originalVariableNodeId, slotVariableNodeId } of node.slotVariables) {
    yield originalVariableNodeId;
    yield slotVariableNodeId;
  }
  for (const { saveFunction, restoreFunction } of node.saveableObjects.values()) {
    yield saveFunction;
    yield restoreFunction;
  }
}

/** What nodes may refer to outside of the object graph. */
class References {
  /** Functions of the library with the number of their arguments. */
  readonly functions: ReadonlyMap<string, number>;
  readonly #concrete: ReadonlySet<string>;
  readonly #constants: ReadonlySet<string>;
  readonly #assets: number;

  constructor({ graphDef, assetFileDef }: MetaGraphDef, graph: SavedObjectGraph) {
    this.functions = new Map(
      graphDef?.library?.function.map(({ signature }) => [signature?.name ?? "", signature?.inputArg.length ?? 0]),
    );
    this.#concrete = new Set(graph.concreteFunctions.keys());
    this.#constants = new Set(graphDef?.node.filter(({ op }) => op === "Const").map(({ name }) => name));
    this.#assets = assetFileDef.length;
  }

  /** What is wrong with a node, if something is. */
  wrongIn(node: SavedObject): string | undefined {
    if (kindOf(node) === "none") return "it is of no kind, which no loader accepts";
    const called = [
      ...(node.function?.concreteFunctions ?? []),
      ...(node.bareConcreteFunction === undefined ? [] : [node.bareConcreteFunction.concreteFunctionName]),
    ];
    const missing = called.find((name) => !this.#concrete.has(name));
    if (missing !== undefined) return `there is no concrete function ${quoted(missing)}`;
    if (node.asset !== undefined && !this.#hasAsset(node.asset.assetFileDefIndex)) {
      return `it is asset ${node.asset.assetFileDefIndex} of ${this.#assets}`;
    }
    if (node.constant !== undefined && !this.#constants.has(node.constant.operation)) {
      return `the graph has no constant ${quoted(node.constant.operation)}`;
    }
    const { capturedTensor } = node;
    if (capturedTensor !== undefined && !this.functions.has(capturedTensor.concreteFunction)) {
      return `it is a tensor of the function ${quoted(capturedTensor.concreteFunction)}, which is nowhere`;
    }
    return undefined;
  }

  #hasAsset(index: number): boolean {
    return index >= 0 && index < this.#assets;
  }
}
