import { sortNames } from "@modelbytes/bytes";
import type { MetaGraph } from "../meta-graph.ts";
import type { SavedModel } from "../saved-model.ts";
import { showFunctions } from "./functions.ts";
import { showOps } from "./ops.ts";
import { showSignature } from "./signatures.ts";
import { sortedByTags } from "./tag-sets.ts";

/** What `saved_model_cli show --all` prints: of each MetaGraph its signatures and ops, then the functions behind the model. */
export function showAll(model: SavedModel): string {
  return sortedByTags(model).map(metaGraphText).join("") + showFunctions(model);
}

function metaGraphText(metaGraph: MetaGraph): string {
  const heading = `\nMetaGraphDef with tag-set: '${metaGraph.tags.join(", ")}' contains the following SignatureDefs:\n`;
  const keys = sortNames(metaGraph.tree.value("signatureDef").keys());
  const signatures = keys.map((key) => `\nsignature_def['${key}']:\n${showSignature(metaGraph, key, "  ")}`);
  return heading + signatures.join("") + showOps(metaGraph);
}
