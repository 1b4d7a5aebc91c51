import type { Region } from "./region.ts";

/**
 * A part of a tensor, a term for each dimension from the first on: `null` is all of it, `[start, stop]` a range without its end,
 * a number one index, whose dimension is dropped. Dimensions without a term are taken whole. Counts are from 0 up; nothing wraps.
 */
export type Selection = readonly (null | number | readonly [start: number, stop: number])[];

/** A selection as a region of the tensor, and the shape of what it gives. */
export interface Selected extends Region {
  readonly shape: readonly number[];
}

/** Applies a selection to a shape. Throws a `RangeError` for one that does not lie inside it. */
export function select(selection: Selection, shape: readonly number[]): Selected {
  if (selection.length > shape.length) {
    throw new RangeError(
      `${selection.length} terms of selection for the ${shape.length} dimensions of [${shape.join(", ")}]`,
    );
  }
  const start: number[] = [];
  const count: number[] = [];
  const result: number[] = [];
  for (const [dim, size] of shape.entries()) {
    const term = selection[dim] ?? null;
    const [first, stop] = term === null ? [0, size] : typeof term === "number" ? [term, term + 1] : term;
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(stop) || first < 0 || stop < first || stop > size) {
      throw new RangeError(`${JSON.stringify(term)} is not inside dimension ${dim} of [${shape.join(", ")}]`);
    }
    start.push(first);
    count.push(stop - first);
    if (typeof term !== "number") result.push(stop - first);
  }
  return { start, count, shape: result };
}

/**
 * A selection written as in Python: `"0:10,:"`, `"3"`, `":, -2:"`. Ends that are left out are those of the dimension, and negative
 * ones count from its end. Throws a `RangeError` for one that is no selection of `shape`.
 */
export function parseSelection(text: string, shape: readonly number[]): Selection {
  if (text.trim() === "") return [];
  const terms = text.split(",").map((part, dim) => parseTerm(part.trim(), shape[dim] ?? 0, text));
  select(terms, shape);
  return terms;
}

function parseTerm(term: string, size: number, text: string): Selection[number] {
  const match = /^(?<first>[-+]?\d+)?(?<colon>:)?(?<stop>[-+]?\d+)?$/.exec(term);
  const { first, colon, stop } = match?.groups ?? {};
  const fromEnd = (digits: string) => (Number(digits) < 0 ? Number(digits) + size : Number(digits));
  if (colon === undefined && first !== undefined && stop === undefined) return fromEnd(first);
  if (colon === undefined) {
    throw new RangeError(`"${text}" is no selection; write it as in Python, for example "0:10,:" or "3"`);
  }
  if (first === undefined && stop === undefined) return null;
  return [first === undefined ? 0 : fromEnd(first), stop === undefined ? size : fromEnd(stop)];
}
