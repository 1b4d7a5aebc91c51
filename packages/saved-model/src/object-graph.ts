import { CorruptError, type Place } from "@modelbytes/bytes";
import type { SavedObject, SavedObjectGraph } from "@modelbytes/tf-proto/messages";

/**
 * The objects behind a SavedModel (tensorflow/core/protobuf/saved_object_graph.proto): node 0 is the root, `children` lead from
 * object to object by attribute names, and a node is of one kind.
 */

/** What a node can be: the members of the oneof `kind`, and `none` for a node that says nothing, which no loader accepts. */
export type ObjectKind =
  | "user_object"
  | "asset"
  | "function"
  | "variable"
  | "bare_concrete_function"
  | "constant"
  | "resource"
  | "captured_tensor"
  | "none";

/** The kind of a node. */
export function kindOf(node: SavedObject): ObjectKind {
  if (node.userObject !== undefined) return "user_object";
  if (node.asset !== undefined) return "asset";
  if (node.function !== undefined) return "function";
  if (node.variable !== undefined) return "variable";
  if (node.bareConcreteFunction !== undefined) return "bare_concrete_function";
  if (node.constant !== undefined) return "constant";
  if (node.resource !== undefined) return "resource";
  return node.capturedTensor === undefined ? "none" : "captured_tensor";
}

/** The node with a number. Throws a `CorruptError` for one that the graph has not. */
export function nodeOf(graph: SavedObjectGraph, id: number, place: Place = {}): SavedObject {
  const node = graph.nodes[id];
  if (node !== undefined) return node;
  throw new CorruptError("object-graph", `the object graph refers to node ${id} of ${graph.nodes.length}`, place);
}

/**
 * The shortest path from the root to each node, as local names; of several the first in the order of the children. `undefined` for
 * a node that no path leads to: functions that save and restore, and slot variables of optimizers.
 */
export function shortestPaths(graph: SavedObjectGraph): readonly (readonly string[] | undefined)[] {
  const paths: (readonly string[] | undefined)[] = new Array(graph.nodes.length).fill(undefined);
  if (graph.nodes.length > 0) paths[0] = [];
  let level = graph.nodes.length > 0 ? [0] : [];
  while (level.length > 0) {
    const next: number[] = [];
    for (const id of level) {
      const path = paths[id] ?? [];
      for (const { localName, nodeId } of graph.nodes[id]?.children ?? []) {
        if (nodeId < 0 || nodeId >= paths.length || paths[nodeId] !== undefined) continue;
        paths[nodeId] = [...path, localName];
        next.push(nodeId);
      }
    }
    level = next;
  }
  return paths;
}
