import { type Bundle, OBJECT_GRAPH_KEY, type Part } from "@modelbytes/tensor-bundle";
import type { CheckpointAttribute, CheckpointNode, CheckpointObject } from "../src/checkpoint-node.ts";

/** A tree to be written again, of what a checkpoint says of its objects. Keys, numbers, order and flags are left out of it. */
export async function treeOf(bundle: Bundle): Promise<CheckpointObject> {
  const graph = (await bundle.objectGraph()) ?? { nodes: [] };
  const parts: Part[] = [];
  for await (const [name, tensor, placement] of bundle.stream().parts()) {
    if (name !== OBJECT_GRAPH_KEY) parts.push([name, tensor, { partition: placement?.partition }]);
  }
  const attributesOf = (id: number): CheckpointAttribute[] =>
    (graph.nodes[id]?.attributes ?? []).map(({ name, checkpointKey: key }) => {
      const own = parts.filter(([part]) => part.startsWith(key));
      return { name, value: own.map(([part, ...rest]): Part => [part.slice(key.length), ...rest]) };
    });
  const objects = graph.nodes.map(({ attributes }, id) => ({
    children: [] as [string, CheckpointNode][],
    attributes: attributesOf(id),
    fullName: attributes[0]?.fullName,
    slots: new Map<string, Map<CheckpointNode, CheckpointNode>>(),
  }));
  const at = (id: number) => {
    const object = objects[id];
    if (object === undefined) throw new Error(`no node ${id}`);
    return object;
  };
  for (const [id, { children, slotVariables }] of graph.nodes.entries()) {
    const object = at(id);
    for (const { localName, nodeId } of children) object.children.push([localName, at(nodeId)]);
    for (const { slotName, originalVariableNodeId, slotVariableNodeId } of slotVariables) {
      const slot = object.slots.get(slotName) ?? new Map<CheckpointNode, CheckpointNode>();
      object.slots.set(slotName, slot.set(at(originalVariableNodeId), at(slotVariableNodeId)));
    }
  }
  return at(0);
}
