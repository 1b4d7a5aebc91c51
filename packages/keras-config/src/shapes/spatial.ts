// Layers that cut, pad, repeat and resize in space.

import { isPyList, isPyTuple, type PyDict, type PyValue } from "../value.ts";
import { integerAt, integerOf, isChannelsFirst, itemsAt, sizesAt } from "./arguments.ts";
import { type ShapeRule, single } from "./layer-shapes.ts";
import { axisOf, type Shape, type Size, withSize } from "./shape.ts";
import { picture } from "./windowed.ts";

/** What is put before and after each axis: `2`, `(1, 2)`, `((1, 2), (3, 4))`, of one axis `(1, 2)`. */
function sides(config: PyDict, rank: number, name: string, fallback: number): readonly number[] | undefined {
  const value = config.get(name);
  if (value === undefined) return Array.from({ length: rank }, () => 2 * fallback);
  const one = integerOf(value);
  if (one !== undefined) return Array.from({ length: rank }, () => 2 * one);
  const items = itemsAt(config, name);
  if (items === undefined) return undefined;
  const numbers = items.map(integerOf);
  if (rank === 1 && numbers.length === 2) return [(numbers[0] ?? 0) + (numbers[1] ?? 0)];
  // Keras 1 gives two axes their four sides in one list.
  if (rank === 2 && numbers.length === 4)
    return [(numbers[0] ?? 0) + (numbers[1] ?? 0), (numbers[2] ?? 0) + (numbers[3] ?? 0)];
  const pairs = items.map(pairSum).filter((pair) => pair !== undefined);
  return pairs.length === rank ? pairs : undefined;
}

/** The two sides of an axis together; a number is for each of them. */
function pairSum(item: PyValue): number | undefined {
  const one = integerOf(item);
  if (one !== undefined) return 2 * one;
  const [before, after] = (isPyTuple(item) ? item.items : isPyList(item) ? item : []).map(integerOf);
  return before === undefined || after === undefined ? undefined : before + after;
}

/** ZeroPadding. */
export function zeroPadding(rank: number): ShapeRule {
  return lengthened(rank, (config) => sides(config, rank, "padding", 1), 1);
}

/** Cropping; what Keras takes when it is not told differs, but is always written. */
export function cropping(rank: number): ShapeRule {
  return lengthened(rank, (config) => sides(config, rank, "cropping", rank === 2 ? 0 : 1), -1);
}

function lengthened(rank: number, added: (config: PyDict) => readonly number[] | undefined, sign: 1 | -1): ShapeRule {
  return picture(rank, ({ space, channels }, config) => {
    const change = added(config);
    return change && { space: space.map((size, axis) => plus(size, sign * (change[axis] ?? 0))), channels };
  });
}

function plus(size: Size, change: number): Size {
  return size === null ? null : size + change;
}

/** UpSampling. */
export function upSampling(rank: number): ShapeRule {
  return picture(rank, ({ space, channels }, config) => {
    const factors = sizesAt(config, rank, "size", "length");
    return (
      factors && { space: space.map((size, axis) => (size === null ? null : size * (factors[axis] ?? 1))), channels }
    );
  });
}

/** Layers that give images of another size: Resizing, CenterCrop, RandomCrop; with or without a batch. */
export const resized: ShapeRule = single((shape, { config }) => {
  const [height, width] = [integerAt(config, "height"), integerAt(config, "width")];
  return height === undefined || width === undefined ? undefined : withSides(shape, config, height, width);
});

/** RandomHeight and RandomWidth: the size of one axis becomes anything. */
export function anySize(axis: "height" | "width"): ShapeRule {
  return single((shape) => withSize(shape, axis === "height" ? -3 : -2, null));
}

function withSides(shape: Shape, config: PyDict, height: number, width: number): Shape | undefined {
  const first = isChannelsFirst(config);
  const [row, column] = first ? [-2, -1] : [-3, -2];
  if (axisOf(row, shape.length) === undefined) return undefined;
  return withSize(withSize(shape, row, height), column, width);
}
