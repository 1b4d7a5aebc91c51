// Layers that turn numbers and words into places: lookups, Hashing, CategoryEncoding, …

import type { PyDict } from "../value.ts";
import { flagAt, integerAt, itemsAt, textAt } from "./arguments.ts";
import { type Era, type ShapeRule, single } from "./layer-shapes.ts";
import type { Shape, Size } from "./shape.ts";

/** One number for each that comes in, or a row of `places(config)`. */
function encoded(places: (config: PyDict) => Size, mode = "int"): ShapeRule {
  return single((shape, { config, era }) => {
    const said = textAt(config, "output_mode") ?? mode;
    return said === "int" ? shape : inPlaces(shape, said, places(config), era);
  });
}

/**
 * `one_hot` has a row for each number, the other modes one for all of the last axis. What becomes of a vector, and of more than a
 * batch of rows, is not the same for all of these layers.
 */
function inPlaces(shape: Shape, mode: string, size: Size, era: Era): Shape | undefined {
  if (shape.length < 2) return mode === "one_hot" && era.major < 3 ? [...shape, size] : undefined;
  if (mode !== "one_hot") return shape.length === 2 ? [...shape.slice(0, -1), size] : undefined;
  return [...(shape.at(-1) === 1 ? shape.slice(0, -1) : shape), size];
}

/** Hashing and HashedCrossing: as many places as there are bins. */
export const hashed: ShapeRule = (question) => {
  const { config, inputs, era } = question;
  // Keras 3 says that the last axis is replaced, and does not replace it.
  if (era.major >= 3 && textAt(config, "output_mode") === "one_hot" && inputs[0]?.at(-1) !== 1) return undefined;
  return inBins(question);
};

const inBins: ShapeRule = encoded((config) => integerAt(config, "num_bins") ?? null);

/** CategoryEncoding, whose mode is `multi_hot` where none is said. */
export const categories: ShapeRule = encoded((config) => integerAt(config, "num_tokens") ?? null, "multi_hot");

/** Discretization: one bin more than there are boundaries. */
export const discretized: ShapeRule = encoded((config) => {
  const boundaries = itemsAt(config, "bin_boundaries");
  return boundaries === undefined ? (integerAt(config, "num_bins") ?? null) : boundaries.length + 1;
});

/** How many places a lookup has: its words, those for what it does not know, one for the mask. */
function vocabularySize(config: PyDict): Size {
  if (flagAt(config, false, "pad_to_max_tokens")) return integerAt(config, "max_tokens") ?? null;
  const words = itemsAt(config, "vocabulary");
  if (words === undefined) return null;
  const isMasked = textAt(config, "output_mode") === "int" && config.get("mask_token") != null;
  return words.length + (integerAt(config, "num_oov_indices") ?? 1) + (isMasked ? 1 : 0);
}

/** StringLookup and IntegerLookup. */
export const lookup: ShapeRule = encoded(vocabularySize);

/** TextVectorization: a text becomes as many words as there are, or as it is told. */
export const vectorized: ShapeRule = single((shape, { config, era }) => {
  const [batch = null] = shape;
  if ((textAt(config, "output_mode") ?? "int") !== "int") {
    const size = vocabularySize(config);
    return era.major >= 3 ? [...shape, size] : [batch, size];
  }
  return [batch, integerAt(config, "output_sequence_length") ?? null];
});
