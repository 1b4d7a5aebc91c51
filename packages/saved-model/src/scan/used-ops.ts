import type { WireMessage } from "@modelbytes/tf-proto";
import type { NodeDef } from "@modelbytes/tf-proto/messages";
import type { MetaGraph } from "../meta-graph.ts";

/**
 * The ops of a graph as `saved_model_cli` and `meta_info_def.stripped_op_list` count them: those of the main graph, and of functions
 * that are called by their name as an op or by `PartitionedCall` and `StatefulPartitionedCall`. The bodies of While, If, Case and
 * datasets are not looked into: `findDangerousOps` does that.
 */
export function usedOps(metaGraph: MetaGraph): Set<string> {
  const library = metaGraph.functions;
  const used = new Set<string>();
  const waiting: (readonly WireMessage<NodeDef>[])[] = [metaGraph.tree.message("graphDef")?.messages("node") ?? []];
  for (let nodes = waiting.pop(); nodes !== undefined; nodes = waiting.pop()) {
    for (const node of nodes) {
      for (const op of opsOf(node)) {
        if (used.has(op)) continue;
        used.add(op);
        const body = library.get(op);
        if (body !== undefined) waiting.push(body.messages("nodeDef"));
      }
    }
  }
  return new Set([...used].filter((op) => !library.has(op)));
}

const CALLS: ReadonlySet<string> = new Set(["PartitionedCall", "StatefulPartitionedCall"]);

function opsOf(node: WireMessage<NodeDef>): string[] {
  const op = node.value("op");
  if (!CALLS.has(op)) return [op];
  return [op, node.entries("attr").get("f")?.value("func")?.name ?? ""];
}
