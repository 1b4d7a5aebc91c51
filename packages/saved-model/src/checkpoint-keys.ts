import type { ObjectGraph } from "@modelbytes/tf-proto";
import type { SavedObjectGraph } from "@modelbytes/tf-proto/messages";
import { shortestPaths } from "./object-graph.ts";

/**
 * The variables of the object graph and their keys in the checkpoint. Two graphs describe the same objects: that of the SavedModel,
 * and that inside the checkpoint, whose nodes know the keys. TensorFlow walks both from their roots by local names, and so does this:
 * numbers of nodes are equal in files that nobody edited, and nothing relies on that.
 */

const VARIABLE_VALUE = "VARIABLE_VALUE";

/** The key in the checkpoint of each node of the SavedModel's object graph that has one: of variables, tables and other state. */
export function checkpointKeys(
  saved: SavedObjectGraph,
  checkpoint: ObjectGraph,
): ReadonlyMap<number, ReadonlyMap<string, string>> {
  const twins = twinsOf(saved, checkpoint);
  const keys = new Map<number, ReadonlyMap<string, string>>();
  for (const [id, twin] of twins) {
    const attributes = checkpoint.nodes[twin]?.attributes ?? [];
    if (attributes.length > 0)
      keys.set(id, new Map(attributes.map(({ name, checkpointKey }) => [name, checkpointKey])));
  }
  return keys;
}

/** The key of a variable's value, of those of its node. */
export function valueKey(keys: ReadonlyMap<string, string> | undefined): string | undefined {
  return keys?.get(VARIABLE_VALUE) ?? (keys?.size === 1 ? [...keys.values()][0] : undefined);
}

/** For each node of the SavedModel's graph that has one, the node of the checkpoint's graph that is the same object. */
function twinsOf(saved: SavedObjectGraph, checkpoint: ObjectGraph): Map<number, number> {
  const twins = new Map<number, number>();
  const waiting: number[] = [];
  const pair = (id: number, twin: number): void => {
    if (saved.nodes[id] === undefined || checkpoint.nodes[twin] === undefined || twins.has(id)) return;
    twins.set(id, twin);
    waiting.push(id);
  };
  pair(0, 0);
  for (let at = 0; at < waiting.length; at++) {
    const id = waiting[at] ?? 0;
    const other = checkpoint.nodes[twins.get(id) ?? 0];
    const children = new Map(other?.children.map(({ localName, nodeId }) => [localName, nodeId]));
    for (const { localName, nodeId } of saved.nodes[id]?.children ?? []) {
      const twin = children.get(localName);
      if (twin !== undefined) pair(nodeId, twin);
    }
  }
  pairSlots(saved, checkpoint, twins, pair);
  return twins;
}

/** Slot variables are nobody's children: an optimizer says which variable and which slot they are of. */
function pairSlots(
  saved: SavedObjectGraph,
  checkpoint: ObjectGraph,
  twins: ReadonlyMap<number, number>,
  pair: (id: number, twin: number) => void,
): void {
  for (const [id, twin] of [...twins]) {
    const slots = new Map(
      checkpoint.nodes[twin]?.slotVariables.map((slot) => [slotName(slot.originalVariableNodeId, slot.slotName), slot]),
    );
    for (const { originalVariableNodeId, slotName: name, slotVariableNodeId } of saved.nodes[id]?.slotVariables ?? []) {
      const slot = slots.get(slotName(twins.get(originalVariableNodeId), name));
      if (slot !== undefined) pair(slotVariableNodeId, slot.slotVariableNodeId);
    }
  }
}

function slotName(variable: number | undefined, name: string): string {
  return `${variable ?? ""} ${name}`;
}

/** The readable path of each variable node, and of slot variables `variable/slot` behind the optimizer's path. */
export function variablePaths(graph: SavedObjectGraph): ReadonlyMap<number, string> {
  const paths = shortestPaths(graph);
  const names = new Map<number, string>();
  for (const [id, node] of graph.nodes.entries()) {
    const path = paths[id];
    if (node.variable !== undefined && path !== undefined) names.set(id, path.join("/"));
    for (const slot of node.slotVariables) {
      const original = paths[slot.originalVariableNodeId]?.join("/") ?? `${slot.originalVariableNodeId}`;
      if (!names.has(slot.slotVariableNodeId)) {
        names.set(slot.slotVariableNodeId, [...(path ?? []), original, slot.slotName].join("/"));
      }
    }
  }
  return names;
}
