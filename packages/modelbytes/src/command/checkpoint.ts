import type { ModelbytesError } from "@modelbytes/bytes";
import type { Bundle, CheckpointV1 } from "@modelbytes/tensor-bundle";
import type { Model } from "../model.ts";

/** The checkpoint that holds the weights of a model; `undefined` for a model without any. */
export function checkpointOf(model: Model): Bundle | CheckpointV1 | undefined {
  return model.format === "saved-model" ? model.weights.bundle : model.weights;
}

/** Tensors that cannot be read, by their key, and why. */
export function unreadableTensors(model: Model): ReadonlyMap<string, ModelbytesError> {
  const checkpoint = checkpointOf(model);
  return checkpoint?.format === "tensor-bundle" ? checkpoint.unreadable : new Map();
}
