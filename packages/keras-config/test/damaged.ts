// Values with something else in one place.

import fc from "fast-check";
import { type PyValue, pyFloat, pyInt } from "../src/index.ts";

const ODD: readonly PyValue[] = [
  ...[null, true, "layers", "constructor", "__proto__", pyInt(-1), pyInt(9), pyFloat(Number.NaN), [], [[]], new Map()],
  ...[new Map([["class_name", "Sequential"]]), new Map([["class_name", "toString"]]), pyInt(10n ** 30n)],
];

/** One of the values, with something odd in place of one of its parts. */
export function damaged(values: readonly PyValue[]): fc.Arbitrary<PyValue> {
  return fc
    .record({ value: fc.constantFrom(...values), position: fc.nat(), other: fc.constantFrom(...ODD) })
    .map(({ value, position, other }) => withReplaced(value, position % countOf(value), other));
}

/** How many values there are in a value, itself included. */
function countOf(value: PyValue): number {
  if (Array.isArray(value)) return value.reduce((count: number, item: PyValue) => count + countOf(item), 1);
  return value instanceof Map
    ? [...value.values()].reduce((count: number, item: PyValue) => count + countOf(item), 1)
    : 1;
}

/** The same value with another at a place. */
function withReplaced(value: PyValue, place: number, other: PyValue): PyValue {
  let left = place;
  const replace = (each: PyValue): PyValue => {
    if (left-- === 0) return other;
    if (Array.isArray(each)) return each.map(replace);
    return each instanceof Map ? new Map([...each].map(([key, item]) => [key, replace(item)])) : each;
  };
  return replace(value);
}
