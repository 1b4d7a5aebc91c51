import { CorruptError } from "@modelbytes/bytes";
import { decodeMessage } from "../decode.ts";
import type { Init } from "../encode.ts";
import { FieldPath, MAX_DEPTH } from "../field-path.ts";
import { inMapOrder, type MapKey } from "../map-order.ts";
import { propertiesOf } from "../properties.ts";
import { describe, isDefault } from "../scalar.ts";
import type { Field, MessageType } from "../schema.ts";
import { ANY, KnownTypes, type TextOptions } from "./known-types.ts";
import { EntryTypes } from "./map-entry.ts";
import { stringifyTextDouble, stringifyTextFloat } from "./numbers.ts";
import { stringifyTextString } from "./strings.ts";
import { INTEGER_TYPES, type IntegerType, isInRange } from "./values.ts";

/**
 * A message in the text format, byte for byte as Python's `text_format.MessageToString` prints it (protobuf 7.36, with TensorFlow
 * 2.21): fields by number, entries of maps by key, two spaces for each level. Unknown fields are left out, as Python does, so the
 * text of a message that has some says less than its bytes.
 *
 * Throws a `TypeError` or a `RangeError` for what `encodeMessage` throws one, and for a text that is longer than a string can be.
 * Throws a `CorruptError` where the bytes of an Any are no message of its type.
 */
export function stringifyMessage<T extends object>(
  type: MessageType<T>,
  message: Init<T>,
  options: TextOptions = {},
): string {
  const printer = new Printer(new KnownTypes(type, options));
  try {
    return printer.print(type, message);
  } catch (cause) {
    if (cause instanceof CorruptError) {
      throw new CorruptError(cause.code, `${printer.where(type)}: ${cause.reason}`, { cause });
    }
    if (cause instanceof TypeError) throw new TypeError(`${printer.where(type)}: ${cause.message}`, { cause });
    if (cause instanceof RangeError) throw new RangeError(`${printer.where(type)}: ${cause.message}`, { cause });
    throw cause;
  }
}

class Printer {
  readonly #types: KnownTypes;
  readonly #entries = new EntryTypes();
  readonly #path = new FieldPath();
  /** The field that is being printed, if it is not on the path. */
  #field: Field | undefined;
  readonly #lines: string[] = [];

  constructor(types: KnownTypes) {
    this.#types = types;
  }

  print(type: MessageType, message: object): string {
    this.#fields(type, message, "");
    return this.#lines.join("");
  }

  /** What is being printed. */
  where(type: MessageType): string {
    return this.#path.toString(this.#field) || type.name;
  }

  #fields(type: MessageType, message: object, indent: string): void {
    if (type.name === ANY && this.#held(message, indent)) return;
    const properties = propertiesOf(message);
    for (const name of Object.keys(properties)) {
      if (!type.byProperty.has(name) && name !== "$unknown" && properties[name] !== undefined) {
        throw new TypeError(`${type.name} has no property ${JSON.stringify(name)}`);
      }
    }
    const oneofs = new Set<string>();
    for (const field of type.fields) {
      const value = properties[field.property];
      if (value === undefined) continue;
      this.#field = field;
      if (field.label === "repeated") this.#list(field, value, indent);
      else if (field.label === "map") this.#map(type, field, value, indent);
      else if (field.explicit || !isDefault(value)) this.#value(field, value, indent);
      else scalarText(field, value); // refuses the default of another type
      if (field.oneof === undefined) continue;
      if (oneofs.has(field.oneof)) throw new TypeError(`another field of the oneof ${field.oneof} is there too`);
      oneofs.add(field.oneof);
    }
    this.#field = undefined;
  }

  /** Prints what is in an Any, unless its type is not known. */
  #held(message: object, indent: string): boolean {
    const { typeUrl, value = new Uint8Array(0) } = propertiesOf(message);
    const type = typeof typeUrl === "string" ? this.#types.find(typeUrl) : undefined;
    if (type === undefined || !(value instanceof Uint8Array)) return false;
    this.#braces(`[${typeUrl}]`, type, decodeMessage(type, value), indent);
    return true;
  }

  #list(field: Field, list: unknown, indent: string): void {
    if (!Array.isArray(list)) throw new TypeError(`an array is needed, not ${describe(list)}`);
    for (const [index, value] of list.entries()) this.#value(field, value, indent, index);
  }

  #map(owner: MessageType, field: Field, map: unknown, indent: string): void {
    if (!isMap(map)) throw new TypeError(`a Map is needed, not ${describe(map)}`);
    const type = this.#entries.of(owner, field);
    for (const [key, value] of inMapOrder(map, "c++")) {
      this.#path.enter(field, key);
      this.#braces(field.name, type, { key, value }, indent);
      this.#path.leave();
    }
  }

  #value(field: Field, value: unknown, indent: string, key?: unknown): void {
    this.#field = field;
    if (field.message === undefined) this.#lines.push(`${indent}${field.name}: ${scalarText(field, value)}\n`);
    else {
      if (typeof value !== "object" || value === null) {
        throw new TypeError(`a message is needed, not ${describe(value)}`);
      }
      this.#path.enter(field, key);
      this.#braces(field.name, field.message(), value, indent);
      this.#path.leave();
    }
  }

  /** A message whose field is on the path already. */
  #braces(name: string, type: MessageType, message: object, indent: string): void {
    this.#field = undefined;
    if (indent.length >= 2 * MAX_DEPTH) throw new RangeError(`messages are nested deeper than ${MAX_DEPTH}`);
    this.#lines.push(`${indent}${name} {\n`);
    this.#fields(type, message, `${indent}  `);
    this.#lines.push(`${indent}}\n`);
  }
}

function isMap(value: unknown): value is ReadonlyMap<MapKey, unknown> {
  return value instanceof Map;
}

/** The value of a field that is no message. An enum's number without a name is printed as it is. */
function scalarText({ scalar, enumeration }: Field, value: unknown): string {
  const type = INTEGER_TYPES[scalar ?? "int32"];
  if (typeof value === "number") {
    if (scalar === "float") return stringifyTextFloat(value);
    if (scalar === "double") return stringifyTextDouble(value);
    if (type?.endsWith("32")) return enumeration?.names.get(value) ?? integerText(value, type);
  }
  if (typeof value === "bigint" && type?.endsWith("64")) return integerText(value, type);
  if (typeof value === "boolean" && scalar === "bool") return String(value);
  if (typeof value === "string" && scalar === "string" && value.isWellFormed()) return stringifyTextString(value);
  if (value instanceof Uint8Array && scalar === "bytes") return stringifyTextString(value);
  throw new TypeError(`a value of the type ${enumeration?.name ?? scalar} is needed, not ${describe(value)}`);
}

function integerText(value: number | bigint, type: IntegerType): string {
  if (isInRange(value, type)) return String(value);
  throw new RangeError(`${value} is no ${type}`);
}
