import type { FieldIndex } from "../messages/chunk.ts";
import { propertiesOf } from "../properties.ts";
import type { Field, MessageType } from "../schema.ts";
import { setField } from "./merge-messages.ts";
import { keyOf } from "./path.ts";

/** A place for one value in a typed object: a field, an element of a list or an entry of a map. */
export interface Slot {
  /** The index, or the key. */
  readonly key?: unknown;
  /** `undefined` as long as there is nothing. */
  readonly value: unknown;
  set(value: unknown): void;
}

/**
 * The place that a field, with the step of the path behind it if it is a list or a map, stands for. A list may get one more element.
 * `undefined` where the step does not fit the field.
 */
export function slotOf(
  type: MessageType,
  message: object,
  field: Field,
  step: FieldIndex | undefined,
): Slot | undefined {
  const properties = propertiesOf(message);
  const value = properties[field.property];
  if (Array.isArray(value)) return step?.index === undefined ? undefined : element(value, step.index);
  if (value instanceof Map) return step === undefined ? undefined : entry(value, keyOf(step, field));
  return { value, set: (next) => setField(type, field, properties, next) };
}

function element(list: unknown[], index: bigint): Slot | undefined {
  if (index > list.length) return undefined;
  const key = Number(index);
  return {
    key,
    value: list[key],
    set(value) {
      list[key] = value;
    },
  };
}

function entry(map: Map<unknown, unknown>, key: unknown): Slot | undefined {
  return key === undefined ? undefined : { key, value: map.get(key), set: (value) => map.set(key, value) };
}
