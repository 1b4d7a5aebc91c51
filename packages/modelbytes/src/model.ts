import type { WaitOptions } from "@modelbytes/bytes";
import {
  type Bundle,
  type BundleLike,
  type CheckpointV1,
  type ObjectGraph,
  type OpenBundleOptions,
  openCheckpoint,
} from "@modelbytes/tensor-bundle";

/** What can be opened: a path, a URL, a folder, dropped files, or the files one by one. */
export type ModelLike = BundleLike;

/** How a model is opened. */
export type OpenModelOptions = OpenBundleOptions;

/** A checkpoint: variables by their key, and the objects that they belong to. */
export interface CheckpointModel extends AsyncDisposable {
  readonly format: "tensor-bundle" | "tensor-bundle-v1";
  /** The prefix of its files, as the place where it was found calls it. */
  readonly path: string;
  /** The tensors by their key. */
  readonly weights: Bundle | CheckpointV1;
  /** The object graph; `undefined` for a checkpoint that was saved by names. Read anew by each call. */
  objectGraph(options?: WaitOptions): Promise<ObjectGraph | undefined>;
  close(): Promise<void>;
}

/** An open model, told apart by `format`. */
export type Model = CheckpointModel;

/**
 * Opens a model file of any format; so far these are checkpoints. Reads what describes it, not its weights.
 *
 * Throws a `NotFoundError` where there is none, a `CorruptError` where its description is damaged, an `UnsupportedError` for one
 * that this library cannot read.
 */
export async function openModel(from: ModelLike, options: OpenModelOptions = {}): Promise<Model> {
  const weights = await openCheckpoint(from, options);
  return {
    format: weights.format,
    path: weights.prefix,
    weights,
    objectGraph: async (waiting) =>
      weights.format === "tensor-bundle" ? await weights.objectGraph(waiting) : undefined,
    close: async () => await weights.close(),
    [Symbol.asyncDispose]: async () => await weights.close(),
  };
}
