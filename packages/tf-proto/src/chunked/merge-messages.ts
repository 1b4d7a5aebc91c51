import { type Properties, propertiesOf } from "../properties.ts";
import { isDefault } from "../scalar.ts";
import type { Field, MessageType } from "../schema.ts";

/**
 * Merges `from` into `into`, as protocol buffers do: lists are appended, entries of maps replace those with their keys, messages
 * are merged, everything else that is there replaces. `from` may share its parts with `into` afterwards.
 */
export function mergeMessages(type: MessageType, into: object, from: object): void {
  const target = propertiesOf(into);
  const source = propertiesOf(from);
  for (const field of type.fields) {
    const value = source[field.property];
    if (value !== undefined) mergeField(type, field, target, value);
  }
  if (source.$unknown instanceof Uint8Array) target.$unknown = joined(target.$unknown, source.$unknown);
}

function mergeField(type: MessageType, field: Field, target: Properties, value: unknown): void {
  const before = target[field.property];
  if (Array.isArray(before) && Array.isArray(value)) {
    for (const element of value) before.push(element);
  } else if (before instanceof Map && value instanceof Map) {
    for (const [key, element] of value) before.set(key, element);
  } else if (field.message !== undefined && isObject(before) && isObject(value)) {
    mergeMessages(field.message(), before, value);
  } else if (field.explicit || !isDefault(value)) {
    setField(type, field, target, value);
  }
}

/** Sets a field; of a oneof the other members go. */
export function setField(type: MessageType, field: Field, target: Properties, value: unknown): void {
  if (field.oneof !== undefined) {
    for (const { oneof, property } of type.fields) if (oneof === field.oneof) Reflect.deleteProperty(target, property);
  }
  target[field.property] = value;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function joined(before: unknown, records: Uint8Array): Uint8Array {
  if (!(before instanceof Uint8Array)) return records;
  const both = new Uint8Array(before.length + records.length);
  both.set(before);
  both.set(records, before.length);
  return both;
}
