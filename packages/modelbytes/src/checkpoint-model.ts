import type { WaitOptions } from "@modelbytes/bytes";
import type { Bundle, CheckpointV1, ObjectGraph } from "@modelbytes/tensor-bundle";

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

/** An open checkpoint as a model. */
export function checkpointModel(weights: Bundle | CheckpointV1): CheckpointModel {
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
