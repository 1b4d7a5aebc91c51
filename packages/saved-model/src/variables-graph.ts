import { pathOfKey } from "@modelbytes/tensor-bundle";
import type { ObjectGraph, ObjectNode, ObjectReference } from "@modelbytes/tf-proto";

/** Object graphs as `tf.saved_model.load` can restore them into objects that have no Python class of their own. */

const END = "/.ATTRIBUTES/VARIABLE_VALUE";

/** Beyond, the rest of a name is one: names that nest deeper are made to make trouble. */
const DEEPEST = 100;

/** The key of a variable whose path has the names in `name`; what is a key already comes back as it is. */
export function keyOfName(name: string): string {
  return name.endsWith(END) ? name : `${name.replaceAll(".", "..")}${END}`;
}

/**
 * Objects for keys that `keyOfName` made: the name cut at each slash, but where what is before the slash is a variable itself, for a
 * variable of a SavedModel has no children.
 */
export function graphOfKeys(keys: Iterable<string>): ObjectGraph {
  const byName = new Map([...keys].map((key) => [pathOfKey(key), key]));
  const children: ObjectReference[][] = [[]];
  const variables = new Map<number, string>();
  const holders = new Map<string, number>();
  const childOf = (parent: number, localName: string): number => {
    const nodeId = children.push([]) - 1;
    children[parent]?.push({ nodeId, localName });
    return nodeId;
  };
  for (const name of byName.keys()) {
    let holder = 0;
    let start = 0;
    for (
      let cut = name.indexOf("/"), depth = 0;
      cut >= 0 && depth < DEEPEST;
      cut = name.indexOf("/", cut + 1), depth++
    ) {
      const path = name.slice(0, cut);
      if (byName.has(path)) continue;
      const known = holders.get(path) ?? childOf(holder, name.slice(start, cut));
      holders.set(path, known);
      holder = known;
      start = cut + 1;
    }
    variables.set(childOf(holder, name.slice(start)), name);
  }
  const nodes = children.map((each, id): ObjectNode => {
    const name = variables.get(id);
    return {
      children: each,
      attributes: name === undefined ? [] : [variable(name, byName.get(name) ?? keyOfName(name))],
      slotVariables: [],
      registeredSaver: undefined,
      hasCheckpointValues: true,
    };
  });
  return { nodes };
}

function variable(fullName: string, checkpointKey: string): ObjectNode["attributes"][number] {
  return { name: "VARIABLE_VALUE", fullName, checkpointKey, optionalRestore: undefined };
}

/**
 * The graph with each slot variable as a child of its optimizer too, called `slot/path of its variable`: only optimizers of Keras 2
 * themselves know how to make slots. The same object where there are none.
 */
export function withLinkedSlots(graph: ObjectGraph): ObjectGraph {
  if (graph.nodes.every(({ slotVariables }) => slotVariables.length === 0)) return graph;
  const nodes = graph.nodes.map((node): ObjectNode => {
    const taken = new Set(node.children.map(({ localName }) => localName));
    const slots = node.slotVariables.flatMap(({ slotName, originalVariableNodeId, slotVariableNodeId: nodeId }) => {
      const key = graph.nodes[originalVariableNodeId]?.attributes[0]?.checkpointKey;
      const localName = `${slotName}/${key === undefined ? originalVariableNodeId : pathOfKey(key)}`;
      return taken.has(localName) ? [] : [{ nodeId, localName }];
    });
    return slots.length === 0 ? node : { ...node, children: [...node.children, ...slots] };
  });
  return { nodes };
}

/** The numbers of the nodes that lead to one of `wanted`, these included. */
export function leadingTo(wanted: Iterable<number>, { nodes }: ObjectGraph): Set<number> {
  const parents = new Map<number, number[]>();
  for (const [id, { children }] of nodes.entries()) {
    for (const { nodeId } of children) {
      const known = parents.get(nodeId);
      if (known === undefined) parents.set(nodeId, [id]);
      else known.push(id);
    }
  }
  const found = new Set(wanted);
  for (const id of found) for (const parent of parents.get(id) ?? []) found.add(parent);
  return found;
}
