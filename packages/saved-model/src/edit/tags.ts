import type { MetaGraph } from "../meta-graph.ts";

/** Sets what a MetaGraph is for, e.g. `["serve", "gpu"]`. Throws a `RangeError` for a tag that comes twice. */
export function setTags(metaGraph: MetaGraph, tags: readonly string[]): void {
  if (new Set(tags).size < tags.length) throw new RangeError(`a tag comes twice: ${tags.join(", ")}`);
  const info = metaGraph.tree.message("metaInfoDef");
  if (info === undefined) metaGraph.tree.set("metaInfoDef", { tags: [...tags] });
  else info.set("tags", [...tags]);
  metaGraph.edited();
}
