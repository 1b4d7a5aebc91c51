import { type Place, UnsupportedError } from "@modelbytes/bytes";
import { encodeMessage } from "../encode.ts";
import { type Properties, propertiesOf } from "../properties.ts";
import { defaultOf, isDefault } from "../scalar.ts";
import type { Field, MessageType } from "../schema.ts";
import { ANY, KnownTypes, type TextOptions } from "./known-types.ts";
import { EntryTypes } from "./map-entry.ts";
import {
  type Closing,
  readBracketedName,
  readColon,
  readFields,
  readList,
  readName,
  readOpening,
  readScalar,
  readSeparator,
} from "./syntax.ts";
import { decodeText, quote, type TextPosition, TextTokens } from "./tokens.ts";
import { textToProperty } from "./values.ts";

/**
 * A message of the text format, as Python's `text_format.Parse` reads it. A field that does not repeat may come once (and, unless
 * its presence is tracked, any number of times before that as its default), a oneof have one member; of a map's key the last
 * entry counts. Bytes have to be UTF-8.
 *
 * Throws a `TextFormatError`, a `CorruptError` with line and column, for a text that is no such message: an unknown field is one.
 * Throws an `UnsupportedError` for an Any of a type that is not known, and for an extension: TensorFlow has none.
 */
export function parseMessage<T extends object>(
  type: MessageType<T>,
  text: string | Uint8Array,
  place: Place = {},
  options: TextOptions = {},
): T {
  const tokens = new TextTokens(typeof text === "string" ? text : decodeText(text, place), place);
  return new Parser(tokens, new KnownTypes(type, options)).message(type, "", 0);
}

class Parser {
  readonly #tokens: TextTokens;
  readonly #types: KnownTypes;
  readonly #entries = new EntryTypes();

  constructor(tokens: TextTokens, types: KnownTypes) {
    this.#tokens = tokens;
    this.#types = types;
  }

  /** A message up to and with what closes it. */
  message<T extends object>(type: MessageType<T>, closing: Closing, depth: number): T {
    const message = type.create();
    const properties = propertiesOf(message);
    readFields(this.#tokens, closing, depth, () => this.#field(type, properties, depth));
    return message;
  }

  #field(type: MessageType, message: Properties, depth: number): void {
    const tokens = this.#tokens;
    const { line, column } = tokens;
    if (tokens.skip("[")) {
      this.#bracketed(type, message, { line, column }, depth);
      return; // what is in an Any is followed by no separator
    }
    const name = readName(tokens);
    const field = type.byName.get(name);
    if (field === undefined) throw tokens.error(`${type.name} has no field ${quote(name)}`, { line, column });
    checkOnce(type, message, field, (reason) => tokens.error(reason, { line, column }));
    readColon(tokens, field.message !== undefined || field.label === "map");
    const repeats = field.label === "repeated" || field.label === "map";
    if (repeats && tokens.skip("[")) readList(tokens, () => this.#value(type, field, message, depth));
    else this.#value(type, field, message, depth);
    readSeparator(tokens);
  }

  /** Adds a value to a field of a message of the type `owner`. */
  #value(owner: MessageType, field: Field, message: Properties, depth: number): void {
    const before = message[field.property];
    if (field.label === "map" && before instanceof Map) {
      const { key, value } = this.#nested(this.#entries.of(owner, field), depth);
      before.set(
        key ?? defaultOf(field.key ?? "string"),
        value ?? field.message?.().create() ?? defaultOf(field.scalar ?? "int32"),
      );
    } else {
      const { message: type } = field;
      const value =
        type === undefined
          ? textToProperty(readScalar(this.#tokens), field, this.#tokens.place)
          : this.#nested(type(), depth);
      if (Array.isArray(before)) before.push(value);
      else message[field.property] = value;
    }
  }

  #nested<T extends object>(type: MessageType<T>, depth: number): T {
    const closing = readOpening(this.#tokens);
    if (closing === undefined) throw this.#tokens.error(`"{" expected, not ${this.#tokens.describe()}`);
    return this.message(type, closing, depth + 1);
  }

  /** `[host/package.Message] { … }` sets an Any, also if it was set before. */
  #bracketed(type: MessageType, message: Properties, at: TextPosition, depth: number): void {
    const tokens = this.#tokens;
    const url = readBracketedName(tokens);
    if (type.name !== ANY) throw unsupported(`[${url}] is an extension, and none are known`, at, tokens.place);
    if (!url.includes("/")) throw tokens.error(`"/" expected in the type of an Any`, at);
    const held = this.#types.find(url);
    if (held === undefined)
      throw unsupported(`the type of [${url}] is not known; name it in anyTypes`, at, tokens.place);
    tokens.skip(":");
    Object.assign(message, { typeUrl: url, value: encodeMessage(held, this.#nested(held, depth)) });
  }
}

function unsupported(reason: string, { line, column }: TextPosition, place: Place): UnsupportedError {
  return new UnsupportedError("text-type", `line ${line}, column ${column}: ${reason}`, place);
}

/** Throws what `error` makes of the reason if a field that comes once is there already, or another one of its oneof. */
function checkOnce(type: MessageType, message: Properties, field: Field, error: (reason: string) => Error): void {
  const { name, label, oneof, property, explicit } = field;
  if (label === "repeated" || label === "map") return;
  const before = message[property];
  if (before !== undefined && (explicit || !isDefault(before))) throw error(`${type.name} has ${name} twice`);
  if (oneof === undefined) return;
  const rival = type.fields.find((other) => other.oneof === oneof && message[other.property] !== undefined);
  if (rival !== undefined) throw error(`${name} and ${rival.name} are both of the oneof ${oneof} of ${type.name}`);
}
