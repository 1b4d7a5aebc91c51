// Scalars by their tags: what PyYAML's constructors make of them.

import { reprFloat } from "../float-repr.ts";
import { MAX_DIGITS, PyFloat, type PyInt, type PyValue, pyInt } from "../value.ts";
import { NDARRAY_TAG } from "./numpy.ts";
import { PyListObject } from "./object.ts";
import { YamlTrouble } from "./trouble.ts";

const BOOLS: Readonly<Record<string, boolean>> = {
  yes: true,
  no: false,
  true: true,
  false: false,
  on: true,
  off: false,
};

/** Tags of scalars, without YAML's prefix, and what they make of a text. Those of Python 2 are among them. */
const SCALARS: Readonly<Record<string, (text: string) => PyValue>> = {
  null: () => null,
  bool: toBool,
  int: toInt,
  float: toFloat,
  str: (text) => text,
  binary: toBytes,
  "python/none": () => null,
  "python/bool": toBool,
  "python/int": toInt,
  "python/long": toInt,
  "python/float": toFloat,
  "python/str": (text) => text,
  "python/unicode": (text) => text,
  "python/bytes": toBytes,
  [NDARRAY_TAG]: () => new PyListObject(NDARRAY_TAG, [], ""),
};

/**
 * The value of a scalar by its tag.
 *
 * @throws YamlTrouble for a tag that is none of these, and for a text that is none of its type.
 */
export function constructScalar(tag: string, text: string): PyValue {
  if (!Object.hasOwn(SCALARS, tag)) throw unknownTag(tag);
  return SCALARS[tag]?.(text) ?? null;
}

/** The refusal of a tag, which is named and never followed. */
export function unknownTag(tag: string): YamlTrouble {
  const shown = tag.startsWith("!") ? tag : `!!${tag}`;
  const danger = tag.startsWith("python/") ? "; in Python it may run code" : "";
  return new YamlTrouble(`the tag ${shown} is not read${danger}`, "yaml-tag");
}

function toBool(text: string): boolean {
  const value = Object.hasOwn(BOOLS, text.toLowerCase()) ? BOOLS[text.toLowerCase()] : undefined;
  if (value === undefined) throw new YamlTrouble(`${JSON.stringify(text)} is no bool`);
  return value;
}

/** The bases that a prefix tells; a leading zero is octal in YAML 1.1. */
const INTEGERS: readonly (readonly [pattern: RegExp, prefix: string])[] = [
  [/^0b([01]+)$/, "0b"],
  [/^0x([\da-fA-F]+)$/, "0x"],
  [/^0([0-7]+)$/, "0o"],
  [/^(0|[1-9]\d*)$/, ""],
];
function toInt(text: string): PyInt {
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "");
  const sign = text.startsWith("-") ? "-" : "";
  if (digits.length > MAX_DIGITS) throw new YamlTrouble(`an integer of more than ${MAX_DIGITS} digits`, "too-large");
  for (const [pattern, prefix] of INTEGERS) {
    const match = pattern.exec(digits)?.[1];
    if (match === undefined) continue;
    if (prefix !== "") return pyInt(signed(sign, BigInt(prefix + match)));
    return pyInt(match === "0" ? "0" : sign + match);
  }
  const parts = digits.split(":");
  const isSexagesimal = /^[1-9]\d*(?::\d+)+$/.test(digits);
  if (!isSexagesimal) throw new YamlTrouble(`${JSON.stringify(text)} is no int`);
  const value = parts.reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  return pyInt(signed(sign, value));
}

function signed(sign: string, value: bigint): bigint {
  return sign === "-" ? -value : value;
}

function toFloat(text: string): PyFloat {
  const bare = text.replaceAll("_", "").toLowerCase();
  const digits = bare.replace(/^[-+]/, "");
  const sign = bare.startsWith("-") ? -1 : 1;
  if (digits === ".inf") return new PyFloat(reprFloat(sign * Number.POSITIVE_INFINITY));
  if (digits === ".nan") return new PyFloat("NaN");
  const parts = digits.split(":");
  const areNumbers = parts.every((part) => /^(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(part));
  if (!areNumbers) throw new YamlTrouble(`${JSON.stringify(text)} is no float`);
  // From the last part on, as PyYAML adds them up: the order decides how sums are rounded.
  const value = parts.reduceRight((sum, part, index) => sum + Number(part) * 60 ** (parts.length - 1 - index), 0);
  return new PyFloat(reprFloat(sign * value));
}

/** Base64 with all of its padding; Python passes over what is no letter of it. */
function toBytes(text: string): Uint8Array {
  const letters = text.replace(/[^A-Za-z0-9+/=]/g, "");
  if (letters.length % 4 !== 0 || !/^[^=]*={0,2}$/.test(letters)) throw new YamlTrouble("bytes that are no base64");
  return Uint8Array.from(atob(letters), (character) => character.charCodeAt(0));
}
