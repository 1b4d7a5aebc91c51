import { type Field, type FieldType, field, type MessageType, message, optional } from "../schema.ts";

/** The messages of proto2 files that have maps: their entries tell a missing key or value apart from a default. */
const PROTO2 = new Set(["tensorflow.GraphDebugInfo"]);

/** An entry of a map as the message that it is in text. */
export interface MapEntry {
  key?: unknown;
  value?: unknown;
}

/** The types of the entries of maps, each made once. */
export class EntryTypes {
  readonly #types = new Map<Field, MessageType<MapEntry>>();

  /** The type of the entries of a map in messages of the type `owner`. */
  of(owner: MessageType, map: Field): MessageType<MapEntry> {
    const made = this.#types.get(map) ?? entryType(map, PROTO2.has(owner.name));
    this.#types.set(map, made);
    return made;
  }
}

function entryType({ name, key = "string", ...held }: Field, explicit: boolean): MessageType<MapEntry> {
  const value = held.scalar ?? held.enumeration ?? held.message?.() ?? "bytes";
  const member = (number: number, name: string, type: FieldType) =>
    explicit && !isMessageType(type) ? optional(number, name, type) : field(number, name, type);
  return message<MapEntry>(
    `the entry of ${name}`,
    () => ({}),
    () => [member(1, "key", key), member(2, "value", value)],
  );
}

function isMessageType(type: FieldType): type is MessageType {
  return typeof type === "object" && "create" in type;
}
