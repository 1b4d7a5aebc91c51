// Layers that only see the axes of a tensor: Flatten, Reshape, Permute, …; Dense and Embedding.

import { integerAt, integersAt, itemsAt, shapeOf } from "./arguments.ts";
import { type ShapeRule, single } from "./layer-shapes.ts";
import { product, type Shape, type Size } from "./shape.ts";

/** Dense, and the layers of Keras 1 that are like it. */
export const dense: ShapeRule = single((shape, { config }) => {
  const units = integerAt(config, "units", "output_dim");
  return units === undefined ? undefined : [...shape.slice(0, -1), units];
});

/** Embedding. A fixed `input_length` says how long sequences are. */
export const embedding: ShapeRule = single((shape, { config }) => {
  const units = integerAt(config, "output_dim");
  if (units === undefined) return undefined;
  const lengths = integersAt(config, "input_length");
  const known = shape.map((size, axis) => (axis > 0 ? (size ?? lengths?.[axis - 1] ?? null) : size));
  return [...known, units];
});

/** Flatten. */
export const flatten: ShapeRule = single(([batch = null, ...rest]) => [batch, product(rest)]);

/** Reshape; `-1` takes what is left. */
export const reshape: ShapeRule = single(([batch = null, ...rest], { config }) => {
  const target = shapeOf(itemsAt(config, "target_shape", "dims"));
  return target === undefined ? undefined : [batch, ...target.map((size) => (size === -1 ? left(rest, target) : size))];
});

function left(from: Shape, target: Shape): Size {
  const all = product(from);
  const others = product(target.filter((size) => size !== -1));
  return all === null || others === null || others === 0 ? null : all / others;
}

/** Permute: axes count from 1. */
export const permute: ShapeRule = single((shape, { config }) => {
  const dims = integersAt(config, "dims");
  return dims === undefined ? undefined : [shape[0] ?? null, ...dims.map((axis) => shape[axis] ?? null)];
});

/** RepeatVector. */
export const repeatVector: ShapeRule = single(([batch = null, size = null], { config }) => {
  const times = integerAt(config, "n");
  return times === undefined ? undefined : [batch, times, size];
});

/** Lambda: in Keras 1 and 2 a config may say what it gives. */
export const lambda: ShapeRule = single((shape, { config }) => {
  const given = shapeOf(config.get("output_shape"));
  return given === undefined ? undefined : [shape[0] ?? null, ...given];
});
