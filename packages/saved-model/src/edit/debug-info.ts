import type { WireMessage } from "@modelbytes/tf-proto";
import type { NodeDef } from "@modelbytes/tf-proto/messages";
import type { MetaGraph } from "../meta-graph.ts";

/**
 * Removes what only debugging needs from the graph: the names that nodes had before they were optimised, and the stack traces. The
 * file `debug/saved_model_debug_info.pb` is the writer's: `writeSavedModel(…, { debugInfo: false })`.
 */
export function stripDebugInfo(metaGraph: MetaGraph): void {
  const graph = metaGraph.tree.message("graphDef");
  if (graph === undefined) return;
  if (graph.has("debugInfo")) graph.clear("debugInfo");
  stripNodes(graph.messages("node"));
  for (const body of graph.message("library")?.messages("function") ?? []) stripNodes(body.messages("nodeDef"));
  metaGraph.edited();
}

function stripNodes(nodes: readonly WireMessage<NodeDef>[]): void {
  for (const node of nodes) if (node.has("experimentalDebugInfo")) node.clear("experimentalDebugInfo");
}
