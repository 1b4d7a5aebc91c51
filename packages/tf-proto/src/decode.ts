import { CorruptError, type Place } from "@modelbytes/bytes";
import protobuf from "protobufjs/minimal.js";
import { FieldPath, MAX_DEPTH } from "./field-path.ts";
import { type Properties, propertiesOf } from "./properties.ts";
import type { Reader } from "./protobufjs.ts";
import { RecentStrings } from "./recent-strings.ts";
import { defaultOf, readScalar } from "./scalar.ts";
import { type Field, type MessageType, type Scalar, wireTypeOf } from "./schema.ts";

/** Wire types that records of unknown fields may have besides `DELIMITED`. */
const VARINT = 0;
const FIXED64 = 1;
const GROUP = 3;
const END_OF_GROUP = 4;
const FIXED32 = 5;

const DELIMITED = 2;

/** Bytes from which on strings are likely to come again. */
const LARGE = 1 << 16;

/**
 * Reads any message as protocol buffers do: of a scalar that comes twice the last one counts, of a message both are merged, of a
 * oneof the last member stays, of a map's key the last entry. Repeated numbers may be packed or not. Records whose number or wire
 * type the schema does not know are kept, in their order, in `$unknown`. Bytes are views of the input.
 *
 * Throws a `CorruptError` that names the byte and the field for bytes that are no such message: also for a string that is not
 * UTF-8, and for messages nested deeper than `MAX_DEPTH`.
 */
export function decodeMessage<T extends object>(type: MessageType<T>, bytes: Uint8Array, place: Place = {}): T {
  const reader = new protobuf.Reader(bytes);
  const decoder = new Decoder(reader);
  const message = type.create();
  try {
    decoder.merge(type, message, false);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const offset = place.offset === undefined ? undefined : place.offset + Math.min(reader.pos, reader.len);
    const reason = `${decoder.where(type)}: not a valid protocol buffer message (${cause.message})`;
    throw new CorruptError("protobuf", reason, { ...place, offset, cause });
  }
  return message;
}

class Decoder {
  readonly #reader: Reader;
  readonly #strings: RecentStrings | undefined;
  readonly #path = new FieldPath();
  /** The field whose value is being read. */
  #field: Field | undefined;
  /** Messages, entries of maps and groups around what is being read. */
  #depth = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
    this.#strings = reader.len - reader.pos < LARGE ? undefined : new RecentStrings();
  }

  /** What is being read. */
  where(type: MessageType): string {
    return this.#path.toString(this.#field) || type.name;
  }

  /** Reads the fields that come next, up to the end of the message, into one that may hold some already. */
  merge(type: MessageType, message: object, mayHoldSome: boolean): void {
    const reader = this.#reader;
    const properties = propertiesOf(message);
    const { numbered } = type;
    let unknown: Uint8Array[] | undefined;
    let member: Field | undefined;
    while (reader.pos < reader.len) {
      const start = reader.pos;
      this.#field = undefined;
      const tag = reader.tag();
      const field = numbered[tag >>> 3];
      this.#field = field;
      if (field !== undefined && this.#take(field, tag & 7, properties)) {
        if (field.oneof === undefined || field === member) continue;
        if (mayHoldSome || member !== undefined) clearOthers(type, field, properties);
        member = field;
      } else {
        reader.pos = start;
        this.#skip();
        unknown ??= [];
        unknown.push(reader.buf.subarray(start, reader.pos));
      }
    }
    this.#field = undefined;
    if (unknown !== undefined) keepUnknown(properties, unknown);
  }

  /** Reads a record, whose tag is read already. False if it has to count as unknown; how much of it is read is then open. */
  #take(field: Field, wireType: number, properties: Properties): boolean {
    const { label, property } = field;
    const before = properties[property];
    if (label === "repeated") {
      if (!Array.isArray(before)) return false;
      if (wireType === field.wireType) {
        const value = this.#value(field, undefined, before.length);
        // engines make room for some more in an array that grows, but not in one that is written with its elements
        if (before.length === 0) properties[property] = [value];
        else before.push(value);
      } else if (wireType === DELIMITED) this.#packed(field, before);
      else return false;
    } else if (label === "map") {
      if (wireType !== DELIMITED || !(before instanceof Map)) return false;
      this.#entry(field, before);
    } else {
      if (wireType !== field.wireType) return false;
      const value = this.#value(field, before);
      if (field.enumeration?.closed === true && isUnnamed(field.enumeration, value)) return false;
      properties[property] = value;
    }
    return true;
  }

  /** A value; a message is read into the one that was there before. `key` is its index, or its key in a map. */
  #value(field: Field, before: unknown, key?: unknown): unknown {
    if (field.scalar !== undefined) return this.#scalar(field.scalar);
    if (field.message === undefined) return this.#reader.int32();
    const type = field.message();
    const mayHoldSome = typeof before === "object" && before !== null;
    const message = mayHoldSome ? before : type.create();
    const outer = this.#enter();
    this.#path.enter(field, key);
    this.merge(type, message, mayHoldSome);
    this.#path.leave();
    this.#leave(outer);
    return message;
  }

  #scalar(scalar: Scalar): unknown {
    if (scalar === "string" && this.#strings !== undefined) return this.#strings.read(this.#reader);
    return readScalar(this.#reader, scalar);
  }

  /** Narrows the reader to the message that comes next. */
  #enter(): number {
    if (++this.#depth > MAX_DEPTH) throw new Error(`messages are nested deeper than ${MAX_DEPTH}`);
    return this.#narrow();
  }

  #narrow(): number {
    const reader = this.#reader;
    const outer = reader.len;
    const end = reader.size() + reader.pos;
    if (end > outer) throw new RangeError("a field is longer than the message around it");
    reader.len = end;
    return outer;
  }

  #leave(outer: number): void {
    this.#depth--;
    this.#reader.len = outer;
  }

  #packed(field: Field, list: unknown[]): void {
    const outer = this.#narrow();
    const reader = this.#reader;
    while (reader.pos < reader.len) list.push(this.#value(field, undefined));
    reader.len = outer;
  }

  /** An entry of a map: 1 key, 2 value, either of which may be absent. What else is in it is dropped. */
  #entry(field: Field, map: Map<unknown, unknown>): void {
    const { key: keyType = "string", scalar, message } = field;
    const reader = this.#reader;
    const keyTag = 8 | wireTypeOf(keyType);
    const valueTag = 16 | field.wireType;
    let key: unknown = defaultOf(keyType);
    let value: unknown;
    const outer = this.#enter();
    while (reader.pos < reader.len) {
      const start = reader.pos;
      const tag = reader.tag();
      if (tag === keyTag) key = this.#scalar(keyType);
      else if (tag === valueTag) value = this.#value(field, value, key);
      else {
        reader.pos = start;
        this.#skip();
      }
    }
    this.#leave(outer);
    map.set(key, value ?? message?.().create() ?? defaultOf(scalar ?? "int32"));
  }

  /** A record of any wire type. A group ends where its end tag, which has the same number, is. */
  #skip(): void {
    const reader = this.#reader;
    const tag = reader.tag();
    if (tag < 8) throw new Error("a field has the number 0");
    switch (tag & 7) {
      case VARINT:
        reader.bool(); // unlike skip() refuses more than ten bytes
        return;
      case FIXED64:
        reader.skip(8);
        return;
      case DELIMITED:
        reader.skip(reader.size());
        return;
      case GROUP:
        this.#skipGroup(tag);
        return;
      case FIXED32:
        reader.skip(4);
        return;
      default:
        throw new Error(`a record has the wire type ${tag & 7}`);
    }
  }

  #skipGroup(tag: number): void {
    const reader = this.#reader;
    if (++this.#depth > MAX_DEPTH) throw new Error(`groups are nested deeper than ${MAX_DEPTH}`);
    for (;;) {
      const start = reader.pos;
      const next = reader.tag();
      if ((next & 7) === END_OF_GROUP) {
        if (next >>> 3 !== tag >>> 3) throw new Error("a group ends that did not begin");
        break;
      }
      reader.pos = start;
      this.#skip();
    }
    this.#depth--;
  }
}

/** Of a oneof only one member is there. */
function clearOthers(type: MessageType, chosen: Field, properties: Properties): void {
  for (const field of type.fields) {
    if (field.oneof === chosen.oneof && field !== chosen && field.property in properties) {
      Reflect.deleteProperty(properties, field.property);
    }
  }
}

function isUnnamed({ names }: { readonly names: ReadonlyMap<number, string> }, value: unknown): boolean {
  return typeof value === "number" && !names.has(value);
}

/** Adds records to those that are unknown already. A single one stays a view of the input. */
function keepUnknown(properties: Properties, records: readonly Uint8Array[]): void {
  const { $unknown: before } = properties;
  const pieces = before instanceof Uint8Array ? [before, ...records] : records;
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) {
    properties.$unknown = only;
    return;
  }
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  properties.$unknown = joined;
}
