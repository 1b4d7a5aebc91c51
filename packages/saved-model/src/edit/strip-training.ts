import { SavedObject, type SavedObjectGraph } from "@modelbytes/tf-proto/messages";
import { reachableFunctions } from "../called-functions.ts";
import { functionsOf, nodesOf } from "../graph.ts";
import type { MetaGraph } from "../meta-graph.ts";

/**
 * Removes what a model needs for training only: functions that no signature and no table reaches, the objects that stand for them, and
 * from the library all that nothing calls any more. Variables stay, and so the checkpoint needs no change: optimizer slots have values
 * that nothing reads. Calling anything but a signature of the loaded model is then no longer possible.
 *
 * Nodes get new numbers, in every place that has one: children, dependencies, slots, saveable objects, captures. `keras_metadata.pb`
 * is about the old ones and about layers that can be called, so `writeSavedModel` leaves it out.
 */
export function stripTraining(metaGraph: MetaGraph): void {
  const tree = metaGraph.tree.message("objectGraphDef");
  const graph = metaGraph.objectGraph;
  if (tree !== undefined && graph !== undefined) {
    const kept = keptNodes(graph);
    const numbers = new Map([...kept].sort((a, b) => a - b).map((id, number) => [id, number]));
    const functions = keptFunctions(graph, kept);
    const nodes = tree.messages("nodes");
    for (let id = graph.nodes.length - 1; id >= 0; id--) {
      const node = graph.nodes[id];
      if (node === undefined || !kept.has(id)) {
        tree.remove("nodes", id);
        continue;
      }
      const renumbered = renumber(node, numbers);
      const message = nodes[id];
      for (const name of ["children", "dependencies", "slotVariables"] as const) {
        if (message?.count(name) !== 0) message?.set(name, renumbered[name]);
      }
      if (node.saveableObjects.size > 0) message?.set("saveableObjects", renumbered.saveableObjects);
    }
    for (const [name, { boundInputs }] of graph.concreteFunctions) {
      if (!functions.has(name)) tree.deleteEntry("concreteFunctions", name);
      else if (boundInputs.length > 0) {
        const captured = boundInputs.map((id) => numbers.get(id) ?? id);
        tree.entries("concreteFunctions").get(name)?.set("boundInputs", captured);
      }
    }
  }
  metaGraph.edited({ renumbered: true });
  dropUncalledFunctions(metaGraph);
}

/** Removes the functions of the library that neither the main graph nor a function of the objects comes to call. */
export function dropUncalledFunctions(metaGraph: MetaGraph): void {
  const graph = metaGraph.tree.message("graphDef");
  const library = graph?.message("library");
  if (graph === undefined || library === undefined) return;
  const bodies = functionsOf(graph);
  const roots = [...(metaGraph.objectGraph?.concreteFunctions.keys() ?? [])];
  const kept = reachableFunctions(nodesOf(graph.messages("node")).values(), bodies);
  for (const name of roots) {
    kept.add(name);
    const body = bodies.get(name);
    if (body === undefined) continue;
    for (const other of reachableFunctions(nodesOf(body.messages("nodeDef")).values(), bodies)) kept.add(other);
  }
  const names = library.messages("function").map((each) => each.message("signature")?.value("name") ?? "");
  for (let index = names.length - 1; index >= 0; index--) {
    if (!kept.has(names[index] ?? "")) library.remove("function", index);
  }
  const gradients = library.value("registeredGradients").map(({ gradientFunc }) => gradientFunc);
  for (let index = gradients.length - 1; index >= 0; index--) {
    if (!kept.has(gradients[index] ?? "")) library.remove("registeredGradients", index);
  }
  metaGraph.edited();
}

/** The nodes to keep: what the root leads to without going into functions, but all of the signatures and what belongs to tables. */
function keptNodes(graph: SavedObjectGraph): Set<number> {
  const kept = new Set<number>();
  const signatures = graph.nodes[0]?.children.find(({ localName }) => localName === "signatures")?.nodeId;
  const waiting: [id: number, functions: boolean][] = [[0, false]];
  const seen = new Set<string>();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [id, functions] = next;
    const node = graph.nodes[id];
    if (node === undefined || seen.has(`${id} ${functions}`)) continue;
    seen.add(`${id} ${functions}`);
    if (!functions && isFunction(node)) continue;
    kept.add(id);
    const inside = functions || node.resource !== undefined || id === signatures;
    for (const { nodeId } of [...node.children, ...node.dependencies]) waiting.push([nodeId, inside]);
    for (const slot of node.slotVariables) waiting.push([slot.slotVariableNodeId, false]);
    for (const { saveFunction, restoreFunction } of node.saveableObjects.values()) {
      waiting.push([saveFunction, true], [restoreFunction, true]);
    }
    for (const name of calledFunctions(node)) {
      for (const captured of graph.concreteFunctions.get(name)?.boundInputs ?? []) waiting.push([captured, true]);
    }
  }
  return kept;
}

function isFunction(node: SavedObject): boolean {
  return node.function !== undefined || node.bareConcreteFunction !== undefined;
}

function calledFunctions(node: SavedObject): readonly string[] {
  const bare = node.bareConcreteFunction?.concreteFunctionName;
  return [...(node.function?.concreteFunctions ?? []), ...(bare === undefined ? [] : [bare])];
}

function keptFunctions(graph: SavedObjectGraph, kept: ReadonlySet<number>): Set<string> {
  return new Set([...kept].flatMap((id) => calledFunctions(graph.nodes[id] ?? SavedObject.create())));
}

/** A node with the numbers that its neighbours have after some are gone. What leads to one that is gone goes with it. */
function renumber(node: SavedObject, numbers: ReadonlyMap<number, number>): SavedObject {
  const referenced = ({ nodeId, localName }: SavedObject["children"][number]) => {
    const number = numbers.get(nodeId);
    return number === undefined ? [] : [{ nodeId: number, localName }];
  };
  return {
    ...node,
    children: node.children.flatMap(referenced),
    dependencies: node.dependencies.flatMap(referenced),
    slotVariables: node.slotVariables.flatMap(({ originalVariableNodeId, slotName, slotVariableNodeId }) => {
      const original = numbers.get(originalVariableNodeId);
      const slot = numbers.get(slotVariableNodeId);
      return original === undefined || slot === undefined
        ? []
        : [{ originalVariableNodeId: original, slotName, slotVariableNodeId: slot }];
    }),
    saveableObjects: new Map(
      [...node.saveableObjects].map(([name, { saveFunction, restoreFunction }]) => [
        name,
        { saveFunction: numbers.get(saveFunction) ?? 0, restoreFunction: numbers.get(restoreFunction) ?? 0 },
      ]),
    ),
  };
}
