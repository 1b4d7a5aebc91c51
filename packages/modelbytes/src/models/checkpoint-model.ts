import type { WaitOptions } from "@modelbytes/bytes";
import {
  type Bundle,
  type BundleLike,
  type CheckpointV1,
  type ObjectGraph,
  type OpenBundleOptions,
  openCheckpoint,
  readableNames,
} from "@modelbytes/tensor-bundle";
import type { ModelBase } from "../model-base.ts";

/** A checkpoint: variables by their key, and the objects that they belong to. */
export interface CheckpointModel extends ModelBase {
  readonly format: "tensor-bundle" | "tensor-bundle-v1";
  /** The tensors by their key. */
  readonly weights: Bundle | CheckpointV1;
  /** The object graph; `undefined` for a checkpoint that was saved by names. Read anew by each call. */
  objectGraph(options?: WaitOptions): Promise<ObjectGraph | undefined>;
}

/** Opens a checkpoint. Rejects as `openCheckpoint` does. */
export async function openCheckpointModel(from: BundleLike, options: OpenBundleOptions): Promise<CheckpointModel> {
  return checkpointModel(await openCheckpoint(from, options));
}

/** An open checkpoint as a model. */
export function checkpointModel(weights: Bundle | CheckpointV1): CheckpointModel {
  const bundle = weights.format === "tensor-bundle" ? weights : undefined;
  return {
    format: weights.format,
    path: weights.prefix,
    weights,
    unreadable: bundle?.unreadable ?? new Map(),
    damage: bundle?.damage ?? [],
    objectGraph: async (waiting) => await bundle?.objectGraph(waiting),
    names: async (waiting) => {
      const keys = [...weights.entries.keys()];
      const graph = await bundle?.objectGraph(waiting);
      return graph === undefined ? new Map(keys.map((key) => [key, key])) : readableNames(graph, keys);
    },
    verify: (options) => weights.verify(options),
    close: async () => await weights.close(),
    [Symbol.asyncDispose]: async () => await weights.close(),
  };
}
