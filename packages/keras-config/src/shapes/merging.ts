// Layers that put several tensors together.

import { integerAt, integersAt } from "./arguments.ts";
import type { Era, ShapeRule } from "./layer-shapes.ts";
import { axisOf, type Shape, type Shapes, type Size, sum } from "./shape.ts";

/** The shapes, if all of them are known. */
function allKnown(inputs: Shapes): readonly Shape[] | undefined {
  const known = inputs.filter((shape) => shape !== undefined);
  return known.length === inputs.length && known.length > 0 ? known : undefined;
}

/** Two sizes that are stretched to each other. TensorFlow takes the size that it knows, Keras 3 says nothing. */
function stretched(one: Size, two: Size, era: Era): Size {
  if (one === 1) return two;
  if (two === 1) return one;
  if (one === null || two === null) return era.major >= 3 ? null : (one ?? two);
  return one;
}

/** The shape of an operation on tensors element by element; missing axes are taken to be in front. */
export function broadcast(one: Shape, two: Shape, era: Era): Shape {
  const rank = Math.max(one.length, two.length);
  const padded = (shape: Shape): Shape => [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
  const others = padded(two);
  return padded(one).map((size, axis) => stretched(size, others[axis] ?? null, era));
}

/** Add, Multiply, Average, Maximum, Minimum, Subtract. The batch is no axis to be stretched. */
export const elementwise: ShapeRule = ({ inputs, era }) => {
  const shapes = allKnown(inputs);
  if (shapes === undefined) return undefined;
  const batch = shapes.map(([size = null]) => size).find((size) => size !== null) ?? null;
  const [first = [], ...others] = shapes.map((shape): Shape => shape.slice(1));
  return [[batch, ...others.reduce<Shape>((one, two) => broadcast(one, two, era), first)]];
};

/** Concatenate. */
export const concatenate: ShapeRule = ({ inputs, config, era }) => {
  const shapes = allKnown(inputs);
  const [first] = shapes ?? [];
  const axis = axisOf(integerAt(config, "axis", "concat_axis") ?? -1, first?.length ?? 0);
  if (shapes === undefined || first === undefined || axis === undefined) return undefined;
  if (shapes.some((shape) => shape.length !== first.length)) return undefined;
  // Keras 3 takes the other sizes from the first, known or not.
  const known =
    era.major >= 3
      ? first
      : first.map((_, at) => shapes.map((shape) => shape[at] ?? null).find((size) => size !== null) ?? null);
  return [known.map((size, at) => (at === axis ? sum(...shapes.map((shape) => shape[at] ?? null)) : size))];
};

/** Dot: the axes that are summed over go away. */
export const dot: ShapeRule = ({ inputs, config }) => {
  const [one, two] = allKnown(inputs) ?? [];
  const axes = integersAt(config, "axes", "dot_axes") ?? [];
  if (one === undefined || two === undefined || axes[0] === undefined) return undefined;
  const first = axisOf(axes[0], one.length);
  const second = axisOf(axes[1] ?? axes[0], two.length);
  const rest = [...one.filter((_, axis) => axis !== first), ...two.filter((_, axis) => axis !== second && axis !== 0)];
  return [rest.length === 1 ? [...rest, 1] : rest];
};

/** Merge of Keras 1: what it does is an argument. */
export const merge: ShapeRule = (question) => {
  const { config, inputs } = question;
  const mode = config.get("mode");
  if (config.get("output_shape") != null) return undefined;
  if (mode === "concat") return concatenate(question);
  if (mode === "dot") return dot(question);
  return ["sum", "mul", "ave", "max"].some((known) => known === mode) ? inputs.slice(0, 1) : undefined;
};
