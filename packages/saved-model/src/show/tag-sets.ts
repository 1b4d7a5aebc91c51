import { sortNames } from "@modelbytes/bytes";
import type { MetaGraph } from "../meta-graph.ts";
import type { SavedModel } from "../saved-model.ts";
import { reprString } from "./python-text.ts";

/** What `saved_model_cli show` prints: the tags of each MetaGraph. */
export function showTagSets(model: SavedModel): string {
  const lines = sortedByTags(model).map(({ tags }) => `${reprString(sortNames(tags).join(", "))}\n`);
  return `The given SavedModel contains the following tag-sets:\n${lines.join("")}`;
}

/** The MetaGraphs in the order of their lists of tags, as they are stored. */
export function sortedByTags({ metaGraphs }: SavedModel): MetaGraph[] {
  return [...metaGraphs].sort((a, b) => compareLists(a.tags, b.tags));
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((tag, index) => tag !== b[index]);
  const [first, second] = [a[at], b[at]];
  if (first === undefined || second === undefined) return a.length - b.length;
  return sortNames([first, second])[0] === first ? -1 : 1;
}
