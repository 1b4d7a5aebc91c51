// Reading a configuration: each value is what its grammar says, or the error names where it is.

import { CorruptError } from "@modelbytes/bytes";
import { isPyDict, isPyInt, isPyList, isPyTuple, type PyDict, type PyValue } from "../value.ts";

/** An error of the text, with the path to what is wrong. */
export function malformed(path: string, reason: string): CorruptError {
  return new CorruptError("architecture", path === "" ? reason : `${path}: ${reason}`);
}

/** The path of a member: `config.layers`. */
export function member(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** The items of a list or a tuple, which JSON does not tell apart; `undefined` for anything else. */
export function itemsOf(value: PyValue | undefined): readonly PyValue[] | undefined {
  return isPyTuple(value) ? value.items : isPyList(value) ? value : undefined;
}

/** A list that must be there. */
export function listAt(dict: PyDict, key: string, path: string): readonly PyValue[] {
  const items = itemsOf(dict.get(key));
  if (items === undefined) throw malformed(member(path, key), `${described(dict.get(key))} where a list belongs`);
  return items;
}

/** A dict that must be there. */
export function dictOf(value: PyValue | undefined, path: string): PyDict {
  if (!isPyDict(value)) throw malformed(path, `${described(value)} where a dict belongs`);
  return value;
}

/** A string that must be there. */
export function stringAt(dict: PyDict, key: string, path: string): string {
  const value = dict.get(key);
  if (typeof value !== "string") throw malformed(member(path, key), `${described(value)} where a string belongs`);
  return value;
}

/** A string, or `undefined` for anything else: what a text may leave out or set to None. */
export function optionalString(value: PyValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** An index: an integer of 0 or more that JavaScript knows exactly. */
export function indexOf(value: PyValue | undefined): number | undefined {
  const number = isPyInt(value) ? value.toNumber() : -1;
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** What a value is, for messages. */
export function described(value: PyValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (typeof value === "string")
    return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (itemsOf(value) !== undefined) return "a list";
  return isPyDict(value) ? "a dict" : isPyInt(value) ? `the integer ${value.text.slice(0, 20)}` : "a value";
}
