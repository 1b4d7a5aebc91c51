// What Python's JSON and YAML texts hold, as plain data that loses nothing: integers of any size apart from floats, dicts in their
// order (JavaScript's objects move keys like "1" to the front), tuples apart from lists.

import { reprFloat } from "./float-repr.ts";

/** The most digits of an integer that Python reads by itself, since 3.11: converting more takes longer and longer. */
export const MAX_DIGITS = 4300;

/** An integer of Python, of any size. It keeps the text that it was read from. */
export class PyInt {
  /** Decimal digits, with `-` in front of a negative one. */
  readonly text: string;

  /** Trusts the text; `pyInt` checks. */
  constructor(text: string) {
    this.text = text;
  }

  get kind(): "int" {
    return "int";
  }

  /** The nearest number: exact up to 2^53. */
  toNumber(): number {
    return Number(this.text);
  }

  toBigInt(): bigint {
    return BigInt(this.text);
  }

  toString(): string {
    return this.text;
  }
}

/** A float of Python. It keeps the text that it was read from, so `1.50` and `1E5` are written again as they were. */
export class PyFloat {
  /** As JSON has it, with `NaN`, `Infinity` and `-Infinity`. */
  readonly text: string;

  /** Trusts the text; `pyFloat` checks. */
  constructor(text: string) {
    this.text = text;
  }

  get kind(): "float" {
    return "float";
  }

  toNumber(): number {
    return Number(this.text);
  }

  toString(): string {
    return this.text;
  }
}

/** A tuple: YAML tells it from a list (`!!python/tuple`), JSON writes it as one. */
export class PyTuple {
  readonly items: readonly PyValue[];

  constructor(items: readonly PyValue[]) {
    this.items = items;
  }

  get kind(): "tuple" {
    return "tuple";
  }
}

/** A key of a dict. In JSON, and in nearly every configuration, it is a string. */
export type PyKey = null | boolean | string | PyInt | PyFloat | PyTuple | Uint8Array;

/** A dict, in its order. An edited one is another Map. */
export type PyDict = ReadonlyMap<PyKey, PyValue>;

/** A value of Python: None, bool, str, int, float, list, tuple, bytes, dict or set. Strings may hold lone surrogates. */
export type PyValue =
  | null
  | boolean
  | string
  | PyInt
  | PyFloat
  | readonly PyValue[]
  | PyTuple
  | Uint8Array
  | PyDict
  | ReadonlySet<PyKey>;

/**
 * An integer of Python from a number, a bigint or its decimal digits.
 *
 * @throws RangeError for a number that is no integer or beyond 2^53, and for a text that is no decimal integer.
 */
export function pyInt(value: number | bigint | string): PyInt {
  const exact = typeof value === "number" ? Number.isSafeInteger(value) : typeof value === "bigint" || isDecimal(value);
  if (!exact) throw new RangeError(`${value} is no integer that is known exactly; above 2^53 give a bigint`);
  return new PyInt(`${value}`);
}

function isDecimal(text: string): boolean {
  return /^-?(?:0|[1-9]\d*)$/.test(text);
}

/** A float of Python, with the text that `json.dumps` writes for it. */
export function pyFloat(value: number): PyFloat {
  return new PyFloat(reprFloat(value));
}

/** Whether a value is an integer; a bool is none. */
export function isPyInt(value: unknown): value is PyInt {
  return value instanceof PyInt;
}

/** Whether a value is a float. */
export function isPyFloat(value: unknown): value is PyFloat {
  return value instanceof PyFloat;
}

/** Whether a value is a list; a tuple is none. */
export function isPyList(value: PyValue | undefined): value is readonly PyValue[] {
  return Array.isArray(value);
}

/** Whether a value is a tuple. */
export function isPyTuple(value: unknown): value is PyTuple {
  return value instanceof PyTuple;
}

/** Whether a value is a dict. */
export function isPyDict(value: PyValue | undefined): value is PyDict {
  return value instanceof Map;
}

/** Whether a value is a set. */
export function isPySet(value: PyValue | undefined): value is ReadonlySet<PyKey> {
  return value instanceof Set;
}

/** Whether a value is bytes. */
export function isPyBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}
