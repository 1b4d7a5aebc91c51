import { ModelbytesError, type WaitOptions } from "@modelbytes/bytes";
import { findDangerousOps, kerasNodes } from "@modelbytes/saved-model";
import type { SavedModelModel } from "../models/saved-model-model.ts";
import { scanConfigText } from "./config.ts";
import { leadsUpwards } from "./config-string.ts";
import { type Finding, finding } from "./finding.ts";

/**
 * The dangers of a SavedModel: ops of its graphs, and what Keras 2 stored of the layers. What is too damaged to be looked at is a
 * problem, and no reason to look at nothing else.
 */
export async function scanSavedModel(
  { savedModel }: SavedModelModel,
  problems: ModelbytesError[],
  options: WaitOptions,
): Promise<Finding[]> {
  const ops = () =>
    savedModel.metaGraphs.flatMap((metaGraph) =>
      findDangerousOps(metaGraph).map(({ severity, op, node, function: body, reason }) =>
        finding({ severity, what: op, reason, node, function: body ?? null, tags: metaGraph.tags }),
      ),
    );
  const layers = async () => {
    const [first] = savedModel.metaGraphs;
    const nodes = kerasNodes(await savedModel.kerasMetadata(options), first?.objectGraph);
    return nodes.flatMap(({ nodeId, identifier, metadata }) => {
      const place = { part: "keras_metadata", node: `object ${nodeId}`, tags: first?.tags ?? [] };
      return scanConfigText(metadata, identifier, { file: "saved-model", place });
    });
  };
  const assets = () =>
    savedModel.metaGraphs.flatMap(({ assets, tags }) =>
      assets
        .filter(({ filename }) => leadsUpwards(filename))
        .map(({ filename: path }) => {
          const reason = "leads out of the folder of the assets: what is there would be read";
          return finding({ severity: "high", what: "asset", reason, part: "asset_file_def", path, tags });
        }),
    );
  const found: Finding[] = [];
  for (const part of [ops, assets, layers]) {
    try {
      found.push(...(await part()));
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      problems.push(error);
    }
  }
  return found;
}
