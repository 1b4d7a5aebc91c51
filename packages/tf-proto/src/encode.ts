import protobuf from "protobufjs/minimal.js";
import { FieldPath, MAX_DEPTH } from "./field-path.ts";
import { inMapOrder, type MapKey, type MapOrder } from "./map-order.ts";
import { type Properties, propertiesOf } from "./properties.ts";
import type { Writer } from "./protobufjs.ts";
import { defaultOf, describe, isDefault, writeScalar } from "./scalar.ts";
import { type EnumType, type Field, type MessageType, wireTypeOf } from "./schema.ts";

/** A message to be written: what may be left out has its default, at every depth. */
export type Init<T> = { readonly [K in keyof T]?: InitValue<T[K]> | undefined };

/** What a field of a message to be written may hold. */
export type InitValue<V> = V extends Uint8Array
  ? Uint8Array
  : V extends ReadonlyMap<infer K, infer E>
    ? ReadonlyMap<K, InitValue<E>>
    : V extends readonly (infer E)[]
      ? readonly InitValue<E>[]
      : V extends object
        ? Init<V>
        : V;

/** What a message is too large for: lengths of protocol buffers are int32. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Writes any message as protocol buffers do: fields ascend by number, repeated numbers are packed, defaults are left out unless
 * their presence is tracked, unknown fields come last. Throws a `TypeError` for a value of the wrong type, a property that the
 * message does not have, two members of a oneof, a lone surrogate in a string; a `RangeError` for a number that its type does not
 * hold, for messages nested deeper than `MAX_DEPTH` and for one beyond 2 GiB. Both name the field.
 */
export function encodeMessage<T extends object>(
  type: MessageType<T>,
  message: Init<T>,
  { mapOrder = "upb" }: { readonly mapOrder?: MapOrder } = {},
): Uint8Array<ArrayBuffer> {
  const encoder = new Encoder(mapOrder);
  try {
    encoder.write(type, message);
    if (encoder.writer.len > MAX_BYTES) throw new RangeError(`the message is longer than ${MAX_BYTES} bytes`);
  } catch (cause) {
    if (cause instanceof TypeError) throw new TypeError(`${encoder.where(type)}: ${cause.message}`, { cause });
    if (cause instanceof RangeError) throw new RangeError(`${encoder.where(type)}: ${cause.message}`, { cause });
    throw cause;
  }
  return new Uint8Array(encoder.writer.finish()); // in Node protobufjs gives a piece of a pool
}

class Encoder {
  readonly writer: Writer = protobuf.Writer.create();
  readonly #mapOrder: MapOrder;
  readonly #path = new FieldPath();
  /** The field whose value is being written, and its index or its key in a map. */
  #field: Field | undefined;
  #key: unknown;
  #depth = 0;

  constructor(mapOrder: MapOrder) {
    this.#mapOrder = mapOrder;
  }

  /** What is being written. */
  where(type: MessageType): string {
    return this.#path.toString(this.#field, this.#key) || type.name;
  }

  write(type: MessageType, message: object): void {
    const properties = propertiesOf(message);
    let member: Field | undefined;
    let count = 0;
    for (const field of type.fields) {
      const value = properties[field.property];
      if (value === undefined) continue;
      count++;
      this.#field = field;
      this.#key = undefined;
      if (field.oneof !== undefined) {
        if (member !== undefined) refuseRival(type, field, properties);
        member = field;
      }
      if (field.label === "repeated") this.#list(field, value);
      else if (field.label === "map") this.#map(field, value);
      else if (field.explicit || !isLeftOut(field, value)) this.#record(field.number, field, value);
    }
    this.#field = undefined;
    const { $unknown: unknown } = properties;
    if (unknown !== undefined) {
      if (!(unknown instanceof Uint8Array)) throw new TypeError("$unknown has to be a Uint8Array");
      this.writer.raw(unknown);
      count++;
    }
    for (const _ in properties) count--;
    if (count < 0) refuseOthers(type, properties);
  }

  #record(number: number, field: Field, value: unknown, key?: unknown): void {
    this.writer.uint32((number << 3) | field.wireType);
    this.#value(field, value, key);
  }

  #value(field: Field, value: unknown, key?: unknown): void {
    this.#field = field;
    this.#key = key;
    if (field.scalar !== undefined) writeScalar(this.writer, field.scalar, value);
    else if (field.enumeration !== undefined) this.#enumeration(field.enumeration, value);
    else if (field.message !== undefined) this.#message(field, field.message(), value);
  }

  #enumeration({ name, closed, names }: EnumType, value: unknown): void {
    if (closed && typeof value === "number" && !names.has(value)) throw new RangeError(`${value} is no ${name}`);
    writeScalar(this.writer, "int32", value);
  }

  #message(field: Field, type: MessageType, value: unknown): void {
    if (!isMessage(value)) throw new TypeError(`a message is needed, not ${describe(value)}`);
    this.#enter();
    this.#path.enter(field, this.#key);
    this.write(type, value);
    this.#path.leave();
    this.#leave();
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new RangeError(`messages are nested deeper than ${MAX_DEPTH}`);
    this.writer.fork();
  }

  #leave(): void {
    this.writer.ldelim();
    this.#depth--;
  }

  #list(field: Field, list: unknown): void {
    if (!Array.isArray(list)) throw new TypeError(`an array is needed, not ${describe(list)}`);
    if (!field.packed) {
      for (let index = 0; index < list.length; index++) this.#record(field.number, field, list[index], index);
    } else if (list.length > 0) {
      this.writer.uint32((field.number << 3) | 2).fork();
      for (let index = 0; index < list.length; index++) this.#value(field, list[index], index);
      this.writer.ldelim();
    }
  }

  /** Entries have both key and value, whatever they are. */
  #map(field: Field, map: unknown): void {
    if (!isMap(map)) throw new TypeError(`a Map is needed, not ${describe(map)}`);
    const { key: keyType = "string" } = field;
    for (const [key, value] of inMapOrder(map, this.#mapOrder)) {
      this.writer.uint32((field.number << 3) | 2);
      this.#enter();
      this.writer.uint32(8 | wireTypeOf(keyType));
      writeScalar(this.writer, keyType, key);
      this.#record(2, field, value, key);
      this.#leave();
    }
  }
}

/** Whether a field without presence has its default. A value of another type is not left out, so that it is refused. */
function isLeftOut({ scalar }: Field, value: unknown): boolean {
  return isDefault(value) && typeof value === typeof defaultOf(scalar ?? "int32");
}

function isMessage(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) && !(value instanceof Map) && !ArrayBuffer.isView(value);
}

function isMap(value: unknown): value is ReadonlyMap<MapKey, unknown> {
  return value instanceof Map;
}

/** Of a oneof only one member may be there. */
function refuseRival({ fields }: MessageType, { oneof, name, number }: Field, properties: Properties): void {
  const rival = fields.find(
    (other) => other.oneof === oneof && other.number < number && properties[other.property] !== undefined,
  );
  if (rival !== undefined) throw new TypeError(`${rival.name} and ${name} are both members of the oneof ${oneof}`);
}

/** A property that is no field would be lost without a word. */
function refuseOthers(type: MessageType, properties: Properties): void {
  const other = Object.keys(properties).find(
    (name) => properties[name] !== undefined && name !== "$unknown" && !type.byProperty.has(name),
  );
  if (other !== undefined) throw new TypeError(`${type.name} has no property ${JSON.stringify(other)}`);
}
