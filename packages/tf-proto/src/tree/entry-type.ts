import { decodeMessage } from "../decode.ts";
import type { MapKey } from "../map-order.ts";
import { propertiesOf } from "../properties.ts";
import { defaultOf } from "../scalar.ts";
import { type Field, type MessageType, message, wireTypeOf } from "../schema.ts";

/**
 * An entry of a map is a message of its own: 1 key, 2 value. Both are always written, even with their defaults, which they have
 * where they are absent.
 */

const DEFAULT_KEY = "string";
const FROM_ZERO = { offset: 0 };

/** The messages that entries of maps are, made once for each map. */
export class EntryTypes {
  readonly #types = new Map<Field, MessageType>();
  readonly #keyTypes = new Map<Field, MessageType>();

  /** What is in the records of a field: its messages, or the entries of a map. */
  inside(field: Field): MessageType {
    const type = field.label === "map" ? this.of(field) : field.message?.();
    if (type === undefined) throw new TypeError(`${field.name} is no message`);
    return type;
  }

  /** Of the entries of a map field: `key`, and `value` as the field has it. */
  of(map: Field): MessageType {
    const known = this.#types.get(map);
    if (known !== undefined) return known;
    const { key = DEFAULT_KEY, message: held, scalar = "int32" } = map;
    const made = message(
      `${map.name} entry`,
      () => ({ key: defaultOf(key), value: held?.().create() ?? defaultOf(scalar) }),
      () => [keyField(map), valueField(map)],
    );
    this.#types.set(map, made);
    return made;
  }

  /** The key of an entry. Its value is not looked into. Throws a `CorruptError` whose offset is in the entry. */
  keyIn(map: Field, entry: Uint8Array): MapKey {
    const { key } = propertiesOf(decodeMessage(this.#keyType(map), entry, FROM_ZERO));
    if (!isKey(key)) throw new TypeError(`${map.name} is no map`);
    return key;
  }

  #keyType(map: Field): MessageType {
    const known = this.#keyTypes.get(map);
    if (known !== undefined) return known;
    const made = message(
      `${map.name} entry`,
      () => ({ key: defaultOf(map.key ?? DEFAULT_KEY) }),
      () => [keyField(map)],
    );
    this.#keyTypes.set(map, made);
    return made;
  }
}

function keyField({ key: scalar = DEFAULT_KEY }: Field): Field {
  return {
    number: 1,
    name: "key",
    property: "key",
    label: "singular",
    packed: false,
    scalar,
    wireType: wireTypeOf(scalar),
    explicit: true,
  };
}

function valueField(map: Field): Field {
  return { ...map, number: 2, name: "value", property: "value", label: "singular", key: undefined, explicit: true };
}

function isKey(value: unknown): value is MapKey {
  return ["string", "number", "bigint", "boolean"].includes(typeof value);
}
