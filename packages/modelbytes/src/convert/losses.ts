import { UnsupportedError } from "@modelbytes/bytes";
import type { Format } from "../format.ts";
import type { Model } from "../open-model.ts";

/**
 * What a model may have beside the values of its variables, and what not every format can hold: the architecture of Keras; the state of
 * the optimizer, and how it is set up; signatures and functions; tensors that are no variables, such as tables and metrics.
 */
export const LOSSES = ["architecture", "optimizer", "signatures", "other"] as const;

/** Something that a conversion may leave out. */
export type Loss = (typeof LOSSES)[number];

/** What the files of a format can hold, beside the variables of the model itself. */
const HOLDS: Readonly<Record<Format, readonly Loss[]>> = {
  "tensor-bundle": ["optimizer", "other"],
  "tensor-bundle-v1": [],
  "saved-model": ["optimizer", "other"],
  "keras-hdf5": ["architecture", "optimizer"],
  "keras-hdf5-weights": [],
  "keras-weights": ["optimizer"],
  "keras-weights-sharded": ["optimizer"],
  "keras-archive": ["architecture", "optimizer"],
  "keras-config": ["architecture"],
  safetensors: ["architecture", "optimizer", "other"],
  npz: ["optimizer", "other"],
};

const WHAT: Readonly<Record<Loss, string>> = {
  architecture: "the architecture",
  optimizer: "the optimizer",
  signatures: "the signatures and functions",
  other: "tensors that are no variables of the model",
};

/** Throws an `UnsupportedError` (`"loss"`) for what a model has, the format cannot hold, and nobody has said may go. */
export function checkLosses(has: ReadonlySet<Loss>, model: Model, format: Format, strip: ReadonlySet<Loss>): void {
  const held = isCopied(model.format, format) ? LOSSES : HOLDS[format];
  const lost = [...has].filter((loss) => !strip.has(loss) && !held.includes(loss));
  if (lost.length === 0) return;
  const what = lost.map((loss) => WHAT[loss]).join(", ");
  const reason = `${format} cannot hold ${what}, which would be lost: strip ${lost.join(", ")}`;
  throw new UnsupportedError("loss", reason, { file: model.path });
}

/** Whether a file is written again as it is, whatever else is in it: the state of metrics, datasets that Keras does not read. */
function isCopied(from: Format, to: Format): boolean {
  const isNumbered = (format: Format) => format === "keras-weights" || format === "keras-weights-sharded";
  return isNumbered(from) ? isNumbered(to) : from === to && from !== "saved-model";
}
