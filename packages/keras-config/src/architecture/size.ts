import { UnsupportedError } from "@modelbytes/bytes";
import { isPyDict, isPyList, isPySet, isPyTuple, type PyValue } from "../value.ts";

/** Deeper than any model that Python could build: its own recursion ends at a thousand frames. */
const DEEPEST = 300;
/** A hundred times a Functional model of 2,000 layers. */
const LARGEST = 20_000_000;

/**
 * Refuses what could not be walked: YAML's aliases let a short text stand for a tree without end. Each value is counted as often as it
 * is met, in one pass over the text.
 *
 * @throws UnsupportedError `architecture-size`.
 */
export function checkSize(root: PyValue): void {
  const known = new Map<PyValue, Extent>();
  const measure = (value: PyValue, depth: number): Extent => {
    if (value === null || typeof value !== "object") return ATOM;
    const before = known.get(value);
    if (depth + (before?.height ?? 0) > DEEPEST) throw tooLarge(`values are nested more than ${DEEPEST} deep`);
    if (before !== undefined) return before;
    let size = 1;
    let height = 0;
    for (const child of childrenOf(value)) {
      const below = measure(child, depth + 1);
      size += below.size;
      height = Math.max(height, below.height + 1);
    }
    if (size > LARGEST) throw tooLarge(`the text stands for more than ${LARGEST} values`);
    known.set(value, { size, height });
    return { size, height };
  };
  measure(root, 0);
}

interface Extent {
  readonly size: number;
  readonly height: number;
}

const ATOM: Extent = { size: 1, height: 0 };

function tooLarge(reason: string): UnsupportedError {
  return new UnsupportedError("architecture-size", reason);
}

function childrenOf(value: PyValue): Iterable<PyValue> {
  if (isPyDict(value)) return value.values();
  if (isPyTuple(value)) return value.items;
  if (isPySet(value) || isPyList(value)) return value;
  return [];
}
