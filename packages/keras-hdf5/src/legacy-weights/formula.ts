import { elementCount } from "@modelbytes/tensor";

/**
 * How a weight is made of those that a file has. A formula is made of shapes alone, so what a conversion would do can be told before
 * anything is read; `evaluate` makes the values.
 */
export type Formula = Stored | Rearranged | Reshaped | Joined | HalvesSummed | Halved;

/** A weight as the file has it, by its number. */
export interface Stored {
  readonly op: "stored";
  readonly index: number;
  readonly shape: readonly number[];
}

/** Elements taken in another order: the one at `[i, j]` is the element `start + i * strides[0] + j * strides[1]`. */
export interface Rearranged {
  readonly op: "rearranged";
  readonly of: Formula;
  readonly shape: readonly number[];
  readonly start: number;
  readonly strides: readonly number[];
}

/** The same elements in the same order. */
export interface Reshaped {
  readonly op: "reshaped";
  readonly of: Formula;
  readonly shape: readonly number[];
}

/** Several behind one another along the last axis. */
export interface Joined {
  readonly op: "joined";
  readonly parts: readonly Formula[];
  readonly shape: readonly number[];
}

/** The first half of a vector plus the second. */
export interface HalvesSummed {
  readonly op: "halves-summed";
  readonly of: Formula;
  readonly shape: readonly number[];
}

/** Half of each element. */
export interface Halved {
  readonly op: "halved";
  readonly of: Formula;
  readonly shape: readonly number[];
}

/** Elements from one to the next along each axis. */
function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** With axis `axes[i]` as the i-th. */
export function transposed(of: Formula, ...axes: readonly number[]): Formula {
  const strides = stridesOf(of.shape);
  const along = (list: readonly number[]) => axes.map((axis) => list[axis] ?? 0);
  return { op: "rearranged", of, shape: along(of.shape), start: 0, strides: along(strides) };
}

/** With all axes but the last `kept` turned around. */
export function flipped(of: Formula, kept: number): Formula {
  const turned = of.shape.length - kept;
  const strides = stridesOf(of.shape);
  const start = of.shape
    .slice(0, turned)
    .reduce((sum, size, axis) => sum + Math.max(0, size - 1) * (strides[axis] ?? 0), 0);
  const signed = strides.map((stride, axis) => (axis < turned ? -stride : stride));
  return { op: "rearranged", of, shape: of.shape, start, strides: signed };
}

/** The last axis in `count` parts of one size. */
export function split(of: Formula, count: number): Formula[] {
  const strides = stridesOf(of.shape);
  const size = (of.shape.at(-1) ?? 0) / count;
  const shape = [...of.shape.slice(0, -1), size];
  return Array.from({ length: count }, (_, part) => ({ op: "rearranged", of, shape, start: part * size, strides }));
}

/** The same elements in the same order, in another shape of as many. */
export function reshaped(of: Formula, ...shape: readonly number[]): Formula {
  return { op: "reshaped", of, shape };
}

/** Behind one another along the last axis; the shape of all but that axis is the first one's. */
export function joined(...parts: readonly Formula[]): Formula {
  const last = parts.reduce((sum, { shape }) => sum + (shape.at(-1) ?? 0), 0);
  return { op: "joined", parts, shape: [...(parts[0]?.shape.slice(0, -1) ?? []), last] };
}

/** Of a vector, its halves added. */
export function halvesSummed(of: Formula): Formula {
  return { op: "halves-summed", of, shape: [(of.shape[0] ?? 0) / 2] };
}

/** Half of each element. */
export function halved(of: Formula): Formula {
  return { op: "halved", of, shape: of.shape };
}
