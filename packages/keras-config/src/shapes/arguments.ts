// Arguments of layers, by all the names that they have had: those of Keras 1 after those of today.

import { isPyDict, isPyFloat, isPyInt, isPyList, isPyTuple, type PyDict, type PyValue } from "../value.ts";

/** The first argument that is there and not None. */
export function argumentAt(config: PyDict, ...names: readonly string[]): PyValue | undefined {
  for (const name of names) {
    const value = config.get(name);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

/** A whole number; a float that is one (`3.0`) counts, as it does in Keras 1 and 2. */
export function integerOf(value: PyValue | undefined): number | undefined {
  if (!isPyInt(value) && !isPyFloat(value)) return undefined;
  const number = value.toNumber();
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A whole number, or `undefined`. */
export function integerAt(config: PyDict, ...names: readonly string[]): number | undefined {
  return integerOf(argumentAt(config, ...names));
}

/** The items of a list or a tuple. */
export function itemsAt(config: PyDict, ...names: readonly string[]): readonly PyValue[] | undefined {
  const value = argumentAt(config, ...names);
  return isPyTuple(value) ? value.items : isPyList(value) ? value : undefined;
}

/** A list of whole numbers, or one alone; `undefined` for anything else. */
export function integersAt(config: PyDict, ...names: readonly string[]): readonly number[] | undefined {
  const one = integerAt(config, ...names);
  if (one !== undefined) return [one];
  return integers(itemsAt(config, ...names));
}

function integers(items: readonly PyValue[] | undefined): readonly number[] | undefined {
  const numbers = items?.map(integerOf).filter((number) => number !== undefined);
  return numbers?.length === items?.length ? numbers : undefined;
}

/** One whole number for each of `rank` axes: a list of them, or one for all. */
export function sizesAt(config: PyDict, rank: number, ...names: readonly string[]): readonly number[] | undefined {
  const given = integersAt(config, ...names);
  const [first] = given ?? [];
  if (given?.length === rank) return given;
  return given?.length === 1 && first !== undefined ? Array.from({ length: rank }, () => first) : undefined;
}

/** Shapes in a config: whole numbers and None. */
export function shapeOf(value: PyValue | undefined): readonly (number | null)[] | undefined {
  const items = isPyTuple(value) ? value.items : isPyList(value) ? value : undefined;
  if (items === undefined) return undefined;
  const shape: (number | null)[] = [];
  for (const item of items) {
    const size = item === null ? null : integerOf(item);
    if (size === undefined) return undefined;
    shape.push(size);
  }
  return shape;
}

/** True or False; `fallback` where the argument is not there. */
export function flagAt(config: PyDict, fallback: boolean, ...names: readonly string[]): boolean {
  const value = argumentAt(config, ...names);
  return typeof value === "boolean" ? value : fallback;
}

/** A string, or `undefined`. */
export function textAt(config: PyDict, ...names: readonly string[]): string | undefined {
  const value = argumentAt(config, ...names);
  return typeof value === "string" ? value : undefined;
}

/** A dict, or `undefined`. */
export function dictAt(config: PyDict, name: string): PyDict | undefined {
  const value = config.get(name);
  return isPyDict(value) ? value : undefined;
}

/** Whether the channels come before the sizes in space: `data_format`, or `dim_ordering` in Keras 1. */
export function isChannelsFirst(config: PyDict): boolean {
  const format = textAt(config, "data_format", "dim_ordering");
  return format === "channels_first" || format === "th";
}
