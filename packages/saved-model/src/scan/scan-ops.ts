import { sortNames } from "@modelbytes/bytes";
import type { MetaGraph } from "../meta-graph.ts";
import { reprList, reprSet } from "../show/python-text.ts";
import { usedOps } from "./used-ops.ts";

/** The ops that `saved_model_cli scan` looks for unless it is told others. */
export const DENYLIST: readonly string[] = ["PrintV2", "ReadFile", "WriteFile"];

/** What `saved_model_cli scan` finds. */
export interface OpScan {
  /** The ops of the denylist that the MetaGraph uses, sorted. */
  readonly found: readonly string[];
  /** What the command prints; sorted where Python leaves it to chance. */
  readonly text: string;
}

/**
 * What `saved_model_cli scan` says of a MetaGraph, with `denylist` as `--op_denylist`. It sees the main graph and what is called
 * directly, but not the bodies of While, If, Case and datasets: a loop hides a WriteFile from it, but not from `findDangerousOps`.
 */
export function scanOps(metaGraph: MetaGraph, denylist: Iterable<string> = DENYLIST): OpScan {
  const [denied, used] = [new Set(denylist), usedOps(metaGraph)];
  const found = sortNames([...denied].filter((op) => used.has(op)));
  const [verdict, ops] =
    found.length > 0 ? ["contains the following", found] : ["does not contain the default", denied];
  return {
    found,
    text: `MetaGraph with tag set ${reprList(metaGraph.tags)} ${verdict} denylisted ops: ${reprSet(ops)}\n`,
  };
}
