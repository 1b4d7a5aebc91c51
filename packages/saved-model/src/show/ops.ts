import type { MetaGraph } from "../meta-graph.ts";
import { usedOps } from "../scan/used-ops.ts";
import { reprList, reprSet } from "./python-text.ts";

/** What `saved_model_cli show --tag_set T --list_ops` prints before the signatures: the ops, sorted where Python leaves it to chance. */
export function showOps(metaGraph: MetaGraph): string {
  return `The MetaGraph with tag set ${reprList(metaGraph.tags)} contains the following ops: ${reprSet(usedOps(metaGraph))}\n`;
}
