import type { WireMessage } from "@modelbytes/tf-proto";
import type { FunctionDef, NodeDef } from "@modelbytes/tf-proto/messages";
import { functionNames, type GraphNode, nodesOf } from "./graph.ts";

/**
 * Which functions a graph can come to call. A node calls one by its op, or by attributes of functions: `f` of PartitionedCall,
 * `body` and `cond` of While, `then_branch` of If, lists of branches of Case; a dataset's functions and gradients are named the same
 * way. `meta_info_def.stripped_op_list` follows only two ops and so is incomplete; every body is walked here.
 */

/** The names that a node calls by attributes; whether its op is a function, only the library can tell. */
export function calledBy(node: GraphNode): string[] {
  return [...node.attrs().values()].flatMap(functionNames);
}

/** The names of the functions that `nodes` can come to call, each once, in the order in which they are found. Cycles are fine. */
export function reachableFunctions(
  nodes: Iterable<GraphNode>,
  library: ReadonlyMap<string, WireMessage<FunctionDef>>,
): Set<string> {
  const reached = new Set<string>();
  const waiting = [...nodes];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const name of [node.op, ...calledBy(node)]) {
      const body = library.get(name);
      if (body === undefined || reached.has(name)) continue;
      reached.add(name);
      waiting.push(...bodyOf(body).values());
    }
  }
  return reached;
}

/** The nodes of a function's body. */
export function bodyOf(body: WireMessage<FunctionDef>): ReadonlyMap<string, GraphNode> {
  const nodes: readonly WireMessage<NodeDef>[] = body.messages("nodeDef");
  return nodesOf(nodes);
}
