import {
  isPyDict,
  isPyList,
  isPySet,
  isPyTuple,
  PyFloat,
  PyInt,
  type PyKey,
  PyTuple,
  type PyValue,
  pyInt,
} from "./value.ts";

/** What `toPlain` gives: JavaScript's own values. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** What `fromPlain` takes: JavaScript's own values except numbers, with values of Python anywhere between. */
export type PlainSource =
  | PyValue
  | bigint
  | readonly PlainSource[]
  | { readonly [key: string]: PlainSource | undefined };

/**
 * A value as plain JavaScript, to be looked at: what Python tells apart is lost. Integers and floats become numbers (nearest), tuples
 * and sets arrays, dicts objects whose integer-like keys come first.
 */
export function toPlain(value: PyValue): Plain {
  if (value instanceof PyInt || value instanceof PyFloat) return value.toNumber();
  if (isPyList(value)) return value.map(toPlain);
  if (isPyTuple(value)) return value.items.map(toPlain);
  if (isPySet(value)) return [...value].map(toPlain);
  if (isPyDict(value)) return Object.fromEntries([...value].map(([key, each]) => [plainKey(key), toPlain(each)]));
  return value;
}

function plainKey(key: PyKey): string {
  return isPyTuple(key) ? `(${key.items.map((item) => JSON.stringify(toPlain(item))).join(", ")})` : String(key);
}

/**
 * Plain JavaScript as a value of Python: objects become dicts, bigints integers, `undefined` members are left out.
 *
 * @throws TypeError for a number, which does not say whether it is an integer or a float: give `pyInt(3)` or `pyFloat(3)`.
 */
export function fromPlain(source: PlainSource): PyValue {
  if (source === null || typeof source === "string" || typeof source === "boolean") return source;
  if (typeof source === "bigint") return pyInt(source);
  if (isAtom(source)) return source;
  if (isPlainList(source)) return source.map(fromPlain);
  if (typeof source !== "object") {
    throw new TypeError(`fromPlain: ${typeof source} ${String(source)}: say pyInt(…) or pyFloat(…)`);
  }
  const dict = new Map<PyKey, PyValue>();
  for (const [key, value] of Object.entries(source)) if (value !== undefined) dict.set(key, fromPlain(value));
  return dict;
}

function isPlainList(source: PlainSource): source is readonly PlainSource[] {
  return Array.isArray(source);
}

/** Whether a value is one of Python already. */
function isAtom(
  source: PlainSource,
): source is PyInt | PyFloat | PyTuple | Uint8Array | ReadonlyMap<PyKey, PyValue> | ReadonlySet<PyKey> {
  return [PyInt, PyFloat, PyTuple, Uint8Array, Map, Set].some((type) => source instanceof type);
}
