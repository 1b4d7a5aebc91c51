// Attention: what is asked for keeps its place, what is found is put there.

import { integersAt } from "./arguments.ts";
import { type ShapeRule, unchanged } from "./layer-shapes.ts";
import { sizeAt } from "./shape.ts";

/** Attention and AdditiveAttention, called with [query, value, key]. */
export const attention: ShapeRule = ({ inputs: [query, value] }) =>
  query === undefined ? undefined : [[...query.slice(0, -1), sizeAt(value, -1)]];

/** MultiHeadAttention, called with query, value, key. */
export const multiHeadAttention: ShapeRule = (question) => {
  const [query] = question.inputs;
  const given = integersAt(question.config, "output_shape");
  if (given === undefined || query === undefined) return unchanged(question);
  return [[...query.slice(0, -1), ...given]];
};
