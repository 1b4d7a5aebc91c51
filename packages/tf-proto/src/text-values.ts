import type { Place } from "@modelbytes/bytes";
import type { TextField, TextValue } from "./text-format.ts";
import { TextFormatError } from "./text-tokens.ts";

/**
 * What a value of the text format is, once a schema says which type it has. Each throws a `TextFormatError` for a value that is
 * not of the type: Python's parser would refuse it too.
 */

/** The bytes of a string. */
export function textToBytes(value: TextValue, place: Place = {}): Uint8Array {
  if (value.kind === "string") return value.bytes;
  throw wrong(value, "a string", place);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A string of valid UTF-8, which fields of the type string have to be. */
export function textToString(value: TextValue, place: Place = {}): string {
  try {
    return UTF8.decode(textToBytes(value, place));
  } catch (cause) {
    if (cause instanceof TextFormatError) throw cause;
    throw new TextFormatError("the string is not valid UTF-8", value, { ...place, cause });
  }
}

/** The integer types of protocol buffers, however they are on the wire. */
export type IntegerType = "int32" | "uint32" | "int64" | "uint64";

const RANGES: Readonly<Record<IntegerType, readonly [least: bigint, most: bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** What Python's `int(text, 0)` takes, and C's octal numbers. */
const INTEGER = /^([+-]?)(0x(?:_?[\da-f])+|0o(?:_?[0-7])+|0b(?:_?[01])+|[1-9](?:_?\d)*|0(?:_?0)*)$/i;
const C_OCTAL = /^(-?)0([0-7]+)$/;

/** A whole number: decimal, octal (`010`), hexadecimal (`0x1F`). */
export function textToBigInt(value: TextValue, type: IntegerType = "int64", place: Place = {}): bigint {
  const number = value.kind === "word" ? parseInteger(value.text) : undefined;
  if (number === undefined) throw wrong(value, "a whole number", place);
  const [least, most] = RANGES[type];
  if (number < least || number > most) throw wrong(value, `a number of the type ${type}`, place);
  return number;
}

function parseInteger(text: string): bigint | undefined {
  const octal = C_OCTAL.exec(text);
  const [, sign, digits] = octal ?? INTEGER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const magnitude = BigInt(`${octal === null ? "" : "0o"}${digits.replaceAll("_", "")}`);
  return sign === "-" ? -magnitude : magnitude;
}

const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const NAN = /^[+-]?nan$|^nanf$/i;
const INFINITY_F = /^(-?)inf(?:inity)?f$/i;
const FLOAT = /^([+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?)f*$/i;

/** A number: `5`, `1.5e-07`, `.5`, `1.0f`, `inf`, `-infinity`, `nan`. As in Python neither octal nor hexadecimal. */
export function textToDouble(value: TextValue, place: Place = {}): number {
  const number = value.kind === "word" ? parseDouble(value.text) : undefined;
  if (number === undefined) throw wrong(value, "a number", place);
  return number;
}

function parseDouble(text: string): number | undefined {
  if (/^-?0\d/.test(text)) return undefined;
  const infinity = INFINITY.exec(text) ?? INFINITY_F.exec(text);
  if (infinity !== null) return infinity[1] === "-" ? -Infinity : Infinity;
  if (NAN.test(text)) return Number.NaN;
  const digits = FLOAT.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits.replaceAll("_", ""));
}

const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["True", true],
  ["t", true],
  ["1", true],
  ["false", false],
  ["False", false],
  ["f", false],
  ["0", false],
]);

/** `true`, `True`, `t`, `1` and their opposites. */
export function textToBool(value: TextValue, place: Place = {}): boolean {
  const bool = value.kind === "word" ? BOOLS.get(value.text) : undefined;
  if (bool === undefined) throw wrong(value, "true or false", place);
  return bool;
}

/** An enum by its name or its number. Of proto3's enums any number is one. */
export function textToEnum(value: TextValue, numbers: ReadonlyMap<string, number>, place: Place = {}): number {
  const named = value.kind === "word" ? numbers.get(value.text) : undefined;
  if (named !== undefined) return named;
  const number = value.kind === "word" ? parseInteger(value.text) : undefined;
  if (number === undefined || BigInt.asIntN(32, number) !== number) {
    throw wrong(value, `one of ${[...numbers.keys()].slice(0, 8).join(", ")} …`, place);
  }
  return Number(number);
}

/** The fields of a message. */
export function textToFields(value: TextValue, place: Place = {}): readonly TextField[] {
  if (value.kind === "message") return value.fields;
  throw wrong(value, "a message", place);
}

/** The values of a repeated field that are no messages. */
export function textScalars(field: TextField, place: Place = {}): readonly TextValue[] {
  if (field.hasColon) return field.values;
  throw new TextFormatError(`":" expected after ${field.name}`, field, place);
}

/** The only value of a field that does not repeat. */
export function onlyTextValue(field: TextField, place: Place = {}): TextValue {
  const [value] = field.values;
  if (value !== undefined && !field.isList) return value;
  throw new TextFormatError(`${field.name} does not repeat, so it takes no list`, field, place);
}

function wrong(value: TextValue, expected: string, place: Place): TextFormatError {
  const found = value.kind === "word" ? JSON.stringify(value.text.slice(0, 40)) : `a ${value.kind}`;
  return new TextFormatError(`${expected} expected, not ${found}`, value, place);
}
