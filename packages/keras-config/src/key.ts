// The keys of Python's dicts: which are equal, and in which order `sorted` puts them. JavaScript's Map knows that of strings only.

import { PyFloat, PyInt, type PyKey, PyTuple, type PyValue } from "./value.ts";

/** Whether Python can use a value as a key: lists, dicts and sets are not hashable, nor are tuples that hold them. */
export function isPyKey(value: PyValue): value is PyKey {
  if (value instanceof PyTuple) return value.items.every(isPyKey);
  return !Array.isArray(value) && !(value instanceof Map) && !(value instanceof Set);
}

/** A text that is the same for keys that Python calls equal: `1`, `1.0` and `True` are. */
export function keyIdentity(key: PyValue): string {
  if (typeof key === "string") return `s${JSON.stringify(key)}`;
  if (key instanceof PyTuple) return `(${key.items.map(keyIdentity).join()})`;
  if (key instanceof Uint8Array) return `b${key.join()}`;
  if (key instanceof PyInt) return key.text === "-0" ? "n0" : `n${key.text}`;
  if (typeof key === "boolean") return `n${Number(key)}`;
  if (!(key instanceof PyFloat)) return "None";
  const number = key.toNumber();
  return `n${Number.isInteger(number) ? BigInt(number) : number}`;
}

/** The entries by key as `sorted` orders them, or undefined where it refuses: keys of several types have no order. */
export function sortEntries(entries: Iterable<readonly [PyKey, PyValue]>): (readonly [PyKey, PyValue])[] | undefined {
  const list = [...entries];
  let ordered = true;
  list.sort(([a], [b]) => {
    const order = compare(a, b);
    ordered &&= order !== undefined;
    return order ?? 0;
  });
  return ordered ? list : undefined;
}

/** The order of two values of one type, undefined for others. */
function compare(a: PyValue, b: PyValue): number | undefined {
  if (typeof a === "string") return typeof b === "string" ? compareStrings(a, b) : undefined;
  if (a instanceof PyTuple) return b instanceof PyTuple ? compareItems(a.items, b.items) : undefined;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? compareBytes(a, b) : undefined;
  const left = sizeOf(a);
  const right = sizeOf(b);
  if (left === undefined || right === undefined) return undefined;
  return left < right ? -1 : left > right ? 1 : 0;
}

function sizeOf(value: PyValue): number | bigint | undefined {
  if (value instanceof PyInt) return value.toBigInt();
  if (value instanceof PyFloat) return value.toNumber();
  return typeof value === "boolean" ? Number(value) : undefined;
}

/** By code points, as Python does, where JavaScript compares UTF-16 units. */
function compareStrings(a: string, b: string): number {
  let at = 0;
  for (;;) {
    const left = a.codePointAt(at) ?? -1;
    const right = b.codePointAt(at) ?? -1;
    if (left !== right) return left - right;
    if (left < 0) return 0;
    at += left > 0xffff ? 2 : 1;
  }
}

/** By the first items that are not equal. */
function compareItems(a: readonly PyValue[], b: readonly PyValue[]): number | undefined {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    if (keyIdentity(left) !== keyIdentity(right)) return compare(left, right);
  }
  return a.length - b.length;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}
