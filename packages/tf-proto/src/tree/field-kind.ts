import type { Field, MessageType } from "../schema.ts";

/** Fields by the names that callers give: a `TypeError` for a name that is not one of such a field. */

const DELIMITED = 2;

/** Any field. */
export function fieldNamed({ name: type, byProperty }: MessageType, name: string): Field {
  const field = byProperty.get(name);
  if (field === undefined) throw new TypeError(`${type} has no field ${JSON.stringify(name)}`);
  return field;
}

/** A repeated field or a map. */
export function repeatedField(type: MessageType, name: string): Field {
  return checked(type, name, ({ label }) => label === "repeated" || label === "map", "does not repeat");
}

/** A field that holds one message. */
export function messageField(type: MessageType, name: string): Field {
  return checked(type, name, isMessage, "is not one message");
}

/** A repeated field of messages. */
export function messageListField(type: MessageType, name: string): Field {
  return checked(
    type,
    name,
    ({ label, message }) => label === "repeated" && message !== undefined,
    "is no list of messages",
  );
}

/** A repeated field whose elements each have a record. */
export function listField(type: MessageType, name: string): Field {
  return checked(type, name, isList, "is no list of messages, strings or bytes");
}

/** A map. */
export function mapField(type: MessageType, name: string): Field {
  return checked(type, name, isMap, "is no map");
}

/** A map of messages. */
export function messageMapField(type: MessageType, name: string): Field {
  return checked(type, name, ({ label, message }) => label === "map" && message !== undefined, "is no map of messages");
}

/** Whether a field is a map. */
export function isMap({ label }: Field): boolean {
  return label === "map";
}

/** Whether a field holds one message. */
export function isMessage({ label, message }: Field): boolean {
  return message !== undefined && label !== "repeated" && label !== "map";
}

/** Whether a field is repeated and each element has a record of its own: not so numbers. */
export function isList({ label, wireType }: Field): boolean {
  return label === "repeated" && wireType === DELIMITED;
}

/** The error for a field that cannot be used so. */
export function wrongField(type: MessageType, { name }: Field, what: string): TypeError {
  return new TypeError(`${type.name}.${name} ${what}`);
}

function checked(type: MessageType, name: string, fits: (field: Field) => boolean, otherwise: string): Field {
  const field = fieldNamed(type, name);
  if (!fits(field)) throw wrongField(type, field, otherwise);
  return field;
}
