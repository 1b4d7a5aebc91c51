import { CorruptError } from "@modelbytes/bytes";
import type { ObjectGraph, ObjectNode } from "@modelbytes/tf-proto";
import { firstIndex } from "./first-index.ts";
import type { IndexFile } from "./index-file.ts";

/** What is wrong with an object graph: nodes that it refers to and has not, and values that it names and the index has not. */
export function* graphProblems({ nodes }: ObjectGraph, index: IndexFile): Generator<CorruptError> {
  const { file } = index;
  for (const [id, node] of nodes.entries()) {
    const wrong = referencesOf(node).find((nodeId) => nodeId < 0 || nodeId >= nodes.length);
    if (wrong === undefined) continue;
    const reason = `node ${id} of the object graph refers to node ${wrong}, which is not there`;
    yield new CorruptError("object-graph", reason, { file });
  }
  for (const tensor of missingKeys(nodes, index)) {
    const reason = "the object graph has this value, the index has not";
    yield new CorruptError("object-graph-key", reason, { file, tensor });
  }
}

function referencesOf({ children, slotVariables }: ObjectNode): number[] {
  const slots = slotVariables.flatMap((slot) => [slot.originalVariableNodeId, slot.slotVariableNodeId]);
  return [...children.map(({ nodeId }) => nodeId), ...slots];
}

/**
 * Keys that the graph names and the index has not, each once. Tables and iterators name only how their keys begin. Where a block of
 * the index is lost, or was not read, nobody knows which keys were in it.
 */
function missingKeys(nodes: readonly ObjectNode[], { entries, unreadable, damage, names }: IndexFile): Set<string> {
  const missing = new Set<string>();
  if (names !== undefined || damage.some(({ lost }) => lost !== undefined)) return missing;
  const sorted = [...entries.keys(), ...unreadable.keys()].sort();
  for (const { attributes } of nodes) {
    for (const { checkpointKey } of attributes) {
      const next = sorted[firstIndex(sorted.length, (at) => (sorted[at] ?? "") >= checkpointKey)];
      if (next?.startsWith(checkpointKey) !== true) missing.add(checkpointKey);
    }
  }
  return missing;
}
