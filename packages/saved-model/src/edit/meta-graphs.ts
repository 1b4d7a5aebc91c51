import type { MetaGraph } from "../meta-graph.ts";
import { type SavedModel, sameTags } from "../saved-model.ts";

/**
 * Adds a MetaGraph of another SavedModel, byte for byte, behind those that are there. All MetaGraphs share one checkpoint: the
 * variables of the new one are looked up in this model's by their keys. Once there are several, `tf.saved_model.load` wants tags and
 * gives signatures alone.
 *
 * Throws a `RangeError` where a MetaGraph has the same tags: nobody would load the second.
 */
export function addMetaGraph(model: SavedModel, metaGraph: MetaGraph): void {
  const tags = new Set(metaGraph.tags);
  if (model.metaGraphs.some((each) => sameTags(each.tags, tags))) {
    throw new RangeError(`there is a MetaGraph with the tags [${metaGraph.tags.join(", ")}] already`);
  }
  model.tree.append("metaGraphs", metaGraph.tree.encode());
}

/** Removes a MetaGraph of a model. Throws a `RangeError` for one that is not the model's. */
export function dropMetaGraph(model: SavedModel, metaGraph: MetaGraph): void {
  if (model.metaGraphs[metaGraph.index]?.tree !== metaGraph.tree) throw new RangeError("not a MetaGraph of this model");
  model.tree.remove("metaGraphs", metaGraph.index);
}
