import {
  readFixed64,
  readInt64,
  readSfixed64,
  readSint64,
  readUint64,
  writeFixed64,
  writeSint64,
  writeVarint64,
} from "./integer64.ts";
import type { Reader, Writer } from "./protobufjs.ts";
import { NO_BYTES, type Scalar } from "./schema.ts";

/** Reads a value. Throws an `Error` without a place for bytes that are none; strings have to be UTF-8. */
export function readScalar(reader: Reader, scalar: Scalar): string | number | bigint | boolean | Uint8Array {
  switch (scalar) {
    case "string":
      return reader.stringVerify();
    case "bytes":
      return reader.bytes();
    case "int64":
      return readInt64(reader);
    case "bool":
      return reader.bool();
    case "int32":
      return reader.int32();
    case "float":
      return reader.float();
    case "double":
      return reader.double();
    case "uint32":
      return reader.uint32();
    case "uint64":
      return readUint64(reader);
    case "sint32":
      return reader.sint32();
    case "sint64":
      return readSint64(reader);
    case "fixed32":
      return reader.fixed32();
    case "fixed64":
      return readFixed64(reader);
    case "sfixed32":
      return reader.sfixed32();
    case "sfixed64":
      return readSfixed64(reader);
  }
}

/** The value of a field that is absent. */
export function defaultOf(scalar: Scalar): string | number | bigint | boolean | Uint8Array {
  switch (scalar) {
    case "string":
      return "";
    case "bytes":
      return NO_BYTES;
    case "bool":
      return false;
    case "int64":
    case "uint64":
    case "sint64":
    case "fixed64":
    case "sfixed64":
      return 0n;
    default:
      return 0;
  }
}

/** Whether a value is the one that is not written: zero, but not −0, and whatever is empty. */
export function isDefault(value: unknown): boolean {
  if (typeof value === "number") return Object.is(value, 0);
  return value === "" || value === 0n || value === false || (value instanceof Uint8Array && value.length === 0);
}

/** The least and the greatest number of each type. */
const RANGES = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  sint32: [-(2 ** 31), 2 ** 31 - 1],
  sfixed32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  fixed32: [0, 2 ** 32 - 1],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
} as const;

/** Writes a value. Throws a `TypeError` or a `RangeError`, without a place, for one that the type does not have. */
export function writeScalar(writer: Writer, scalar: Scalar, value: unknown): void {
  switch (scalar) {
    case "string":
      writer.string(wellFormed(value));
      return;
    case "bytes":
      if (!(value instanceof Uint8Array)) throw new TypeError(`a Uint8Array is needed, not ${describe(value)}`);
      writer.bytes(value);
      return;
    case "bool":
      if (typeof value !== "boolean") throw new TypeError(`true or false is needed, not ${describe(value)}`);
      writer.bool(value);
      return;
    case "float":
      writer.float(float32(value));
      return;
    case "double":
      writer.double(float64(value));
      return;
    case "int32":
      writer.int32(integer(value, scalar));
      return;
    case "sint32":
      writer.sint32(integer(value, scalar));
      return;
    case "uint32":
      writer.uint32(integer(value, scalar));
      return;
    case "fixed32":
      writer.fixed32(integer(value, scalar));
      return;
    case "sfixed32":
      writer.sfixed32(integer(value, scalar));
      return;
    case "int64":
    case "uint64":
      writeVarint64(writer, bigInteger(value, scalar));
      return;
    case "sint64":
      writeSint64(writer, bigInteger(value, scalar));
      return;
    case "fixed64":
    case "sfixed64":
      writeFixed64(writer, bigInteger(value, scalar));
      return;
  }
}

function wellFormed(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`a string is needed, not ${describe(value)}`);
  if (!value.isWellFormed()) throw new TypeError(`${describe(value)} holds a lone surrogate, which UTF-8 cannot hold`);
  return value;
}

function integer(value: unknown, scalar: "int32" | "sint32" | "uint32" | "fixed32" | "sfixed32"): number {
  if (typeof value !== "number") throw new TypeError(`a number is needed, not ${describe(value)}`);
  const [least, greatest] = RANGES[scalar];
  if (!Number.isInteger(value) || value < least || value > greatest) throw new RangeError(`${value} is no ${scalar}`);
  return value;
}

function bigInteger(value: unknown, scalar: "int64" | "sint64" | "uint64" | "fixed64" | "sfixed64"): bigint {
  if (typeof value !== "bigint") throw new TypeError(`a bigint is needed, not ${describe(value)}`);
  const [least, greatest] = RANGES[scalar];
  if (value < least || value > greatest) throw new RangeError(`${value} is no ${scalar}`);
  return value;
}

function float64(value: unknown): number {
  if (typeof value !== "number") throw new TypeError(`a number is needed, not ${describe(value)}`);
  return value;
}

/** Rounding is fine, as it is in every language's protocol buffers; that a number becomes infinite is not. */
function float32(value: unknown): number {
  const number = float64(value);
  if (Number.isFinite(number) && !Number.isFinite(Math.fround(number))) throw new RangeError(`${number} is no float`);
  return number;
}

/** A value in an error's message, cut short. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "bigint" ? `${value}n` : String(value);
}
