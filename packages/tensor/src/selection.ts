import type { Region } from "./region.ts";

/**
 * A part of a tensor, a term for each dimension from the first on: `null` is all of it, `[start, stop]` a range without its end,
 * a number one index, whose dimension is dropped. Dimensions without a term are taken whole. Counts are from 0 up; nothing wraps.
 */
export type Selection = readonly Term[];

type Term = null | number | readonly [start: number, stop: number];

/** A selection as a region of the tensor, and the shape of what it gives. */
export interface Selected extends Region {
  readonly shape: readonly number[];
}

/** Applies a selection to a shape. Throws a `RangeError` for one that does not lie inside it. */
export function select(selection: Selection, shape: readonly number[]): Selected {
  checkLength(selection.length, shape);
  const start: number[] = [];
  const count: number[] = [];
  const result: number[] = [];
  for (const [dim, size] of shape.entries()) {
    const term = selection[dim] ?? null;
    const [first, stop] = rangeOf(term, size);
    if (!isInside(first, stop, size)) throw outside(JSON.stringify(term), dim, shape);
    start.push(first);
    count.push(stop - first);
    if (typeof term !== "number") result.push(stop - first);
  }
  return { start, count, shape: result };
}

/**
 * A selection written as in Python: `"0:10,:"`, `"3"`, `":, -2:"`. Ends that are left out are those of the dimension, and negative
 * ones count from its end. Throws a `RangeError` for one that is no selection of `shape`; ends beyond the dimension are not cut off.
 */
export function parseSelection(text: string, shape: readonly number[]): Selection {
  if (text.trim() === "") return [];
  const parts = text.split(",").map((part) => part.trim());
  checkLength(parts.length, shape);
  return parts.map((part, dim) => {
    const size = shape[dim] ?? 0;
    const term = parseTerm(part, size);
    if (term === undefined) {
      throw new RangeError(
        `"${text}" is no selection: write indices and ranges as in Python, for example "0:10,:" or "3"`,
      );
    }
    if (!isInside(...rangeOf(term, size), size)) throw outside(`"${part}"`, dim, shape);
    return term;
  });
}

const INDEX = /^[-+]?\d+$/;
const RANGE = /^([-+]?\d+)?\s*:\s*([-+]?\d+)?$/;

function parseTerm(text: string, size: number): Term | undefined {
  if (INDEX.test(text)) return parseEnd(text, size, 0);
  const range = RANGE.exec(text);
  if (range === null) return undefined;
  if (range[1] === undefined && range[2] === undefined) return null;
  return [parseEnd(range[1], size, 0), parseEnd(range[2], size, size)];
}

function parseEnd(digits: string | undefined, size: number, whenLeftOut: number): number {
  if (digits === undefined) return whenLeftOut;
  const value = Number(digits);
  return value < 0 ? value + size : Math.abs(value); // "-0" is 0
}

function rangeOf(term: Term, size: number): readonly [first: number, stop: number] {
  if (term === null) return [0, size];
  return typeof term === "number" ? [term, term + 1] : term;
}

function isInside(first: number, stop: number, size: number): boolean {
  return Number.isSafeInteger(first) && Number.isSafeInteger(stop) && first >= 0 && first <= stop && stop <= size;
}

function checkLength(terms: number, shape: readonly number[]): void {
  if (terms <= shape.length) return;
  throw new RangeError(`${terms} terms of selection for the ${shape.length} dimensions of ${print(shape)}`);
}

function outside(term: string, dim: number, shape: readonly number[]): RangeError {
  return new RangeError(`${term} is not inside dimension ${dim} of ${print(shape)}`);
}

function print(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
