import type { Place } from "@modelbytes/bytes";
import type { Field, Scalar } from "../schema.ts";
import type { TextField, TextValue } from "./fields.ts";
import { parseDouble, parseInteger, parsePythonInteger } from "./numbers.ts";
import { quote, TextFormatError } from "./tokens.ts";

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

/** Which of them each scalar is. */
export const INTEGER_TYPES: Readonly<Partial<Record<Scalar, IntegerType>>> = {
  int32: "int32",
  sint32: "int32",
  sfixed32: "int32",
  uint32: "uint32",
  fixed32: "uint32",
  int64: "int64",
  sint64: "int64",
  sfixed64: "int64",
  uint64: "uint64",
  fixed64: "uint64",
};

/** Whether a number, or a bigint, is a whole one that the type holds. */
export function isInRange(value: number | bigint, type: IntegerType): boolean {
  const isSigned = !type.startsWith("u");
  if (typeof value === "number") return value === (isSigned ? value | 0 : value >>> 0);
  const bits = type.endsWith("64") ? 64 : 32;
  return value === (isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
}

/** A whole number: decimal, octal (`010`), hexadecimal (`0x1F`). */
export function textToBigInt(value: TextValue, type: IntegerType = "int64", place: Place = {}): bigint {
  const number = value.kind === "word" ? parseInteger(value.text) : undefined;
  if (number === undefined) throw wrong(value, "a whole number", place);
  if (!isInRange(number, type)) throw wrong(value, `a number of the type ${type}`, place);
  return number;
}

/** A number: `5`, `1.5e-07`, `.5`, `1.0f`, `inf`, `-infinity`, `nan`. As in Python neither octal nor hexadecimal. */
export function textToDouble(value: TextValue, place: Place = {}): number {
  const number = value.kind === "word" ? parseDouble(value.text) : undefined;
  if (number === undefined) throw wrong(value, "a number", place);
  return number;
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
  const number = value.kind === "word" ? parsePythonInteger(value.text) : undefined;
  if (number === undefined || BigInt.asIntN(32, number) !== number) {
    throw wrong(value, `one of ${[...numbers.keys()].slice(0, 8).join(", ")} …`, place);
  }
  return Number(number);
}

/** The value of a field that holds no message, as it is in a typed object. */
export function textToProperty(value: TextValue, { scalar, enumeration }: Field, place: Place = {}): unknown {
  if (enumeration !== undefined) {
    const number = textToEnum(value, enumeration.numbers, place);
    if (!enumeration.closed || enumeration.names.has(number)) return number;
    throw wrong(value, `one of the enum ${enumeration.name}`, place);
  }
  switch (scalar) {
    case "string":
      return textToString(value, place);
    case "double":
      return textToDouble(value, place);
    case "float":
      return Math.fround(textToDouble(value, place));
    case "bool":
      return textToBool(value, place);
    default: {
      const type = scalar === undefined ? undefined : INTEGER_TYPES[scalar];
      if (type === undefined) return textToBytes(value, place);
      const number = textToBigInt(value, type, place);
      return type.endsWith("64") ? number : Number(number);
    }
  }
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
  const found = value.kind === "word" ? quote(value.text) : `a ${value.kind}`;
  return new TextFormatError(`${expected} expected, not ${found}`, value, place);
}
