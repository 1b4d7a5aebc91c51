/**
 * What a message looks like, as data: everything that reads, writes or prints messages works from these tables. Those of
 * TensorFlow's messages are in messages/, which generate.mjs makes from proto/.
 */

/** The types of protocol buffers that are neither messages nor enums. */
export type Scalar =
  | "double"
  | "float"
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "sint32"
  | "sint64"
  | "fixed32"
  | "fixed64"
  | "sfixed32"
  | "sfixed64"
  | "bool"
  | "string"
  | "bytes";

/** An enum: in messages its values are plain numbers, also those that have no name. */
export interface EnumType {
  /** With the package: `"tensorflow.DataType"`. */
  readonly name: string;
  /** In a proto2 file: a number without a name counts as an unknown field when it is read. */
  readonly closed: boolean;
  readonly numbers: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

/** What the low three bits of a tag say of the value; 3 and 4, the ends of a group, are in no field of ours. */
export type WireType = 0 | 1 | 2 | 5;

/** A field of a message. Exactly one of `scalar`, `message` and `enumeration` is there; for a map it is the type of the values. */
export interface Field {
  readonly number: number;
  /** As the .proto file has it: `"attr_value"`. */
  readonly name: string;
  /** As the typed object has it: `"attrValue"`. */
  readonly property: string;
  /** `"optional"` is a scalar or enum that is absent or present by the keyword; see `explicit`. */
  readonly label: "singular" | "optional" | "repeated" | "map";
  /** Repeated numbers that are written in one record. Readers accept both ways. */
  readonly packed: boolean;
  /** The name of the oneof that the field belongs to. */
  readonly oneof?: string | undefined;
  /** The type of a map's keys. */
  readonly key?: Scalar | undefined;
  readonly scalar?: Scalar | undefined;
  /** A function, because messages refer to each other. */
  readonly message?: (() => MessageType) | undefined;
  readonly enumeration?: EnumType | undefined;
  /** How one value is on the wire, for a map one of its values: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes. */
  readonly wireType: WireType;
  /**
   * Whether absence is told apart from the default: messages, members of a oneof, `optional`. The property is then left out; all
   * other properties are always there, and are not written while they have their default.
   */
  readonly explicit: boolean;
}

/** A message: its fields, and how to make one. `T` is its typed object. */
export interface MessageType<T extends object = object> {
  /** With the package: `"tensorflow.NodeDef"`. */
  readonly name: string;
  /** Ascending by number. */
  readonly fields: readonly Field[];
  /** The fields at their numbers, which are small: for decoders that have no time for a map. */
  readonly numbered: readonly (Field | undefined)[];
  readonly byNumber: ReadonlyMap<number, Field>;
  readonly byProperty: ReadonlyMap<string, Field>;
  /** By the name in the .proto file. */
  readonly byName: ReadonlyMap<string, Field>;
  /** A new object with every default: `""`, `0`, `0n`, `false`, no bytes, `[]`, a new `Map`. */
  create(): T;
}

/** What a field holds: the third argument of the functions that make fields. */
export type FieldType = Scalar | EnumType | MessageType;

/** What a new message has where it has no bytes: no message can change it. */
export const NO_BYTES: Uint8Array<ArrayBuffer> = /*#__PURE__*/ new Uint8Array(0);

/** The fields of a message, found in every way. */
interface Tables {
  readonly fields: readonly Field[];
  readonly numbered: readonly (Field | undefined)[];
  readonly byNumber: ReadonlyMap<number, Field>;
  readonly byProperty: ReadonlyMap<string, Field>;
  readonly byName: ReadonlyMap<string, Field>;
}

class Schema<T extends object> implements MessageType<T> {
  readonly name: string;
  readonly create: () => T;
  readonly #makeFields: () => readonly Field[];
  #tables: Tables | undefined;

  constructor(name: string, create: () => T, makeFields: () => readonly Field[]) {
    this.name = name;
    this.create = create;
    this.#makeFields = makeFields;
  }

  get fields(): readonly Field[] {
    return this.#made().fields;
  }

  get numbered(): readonly (Field | undefined)[] {
    return this.#made().numbered;
  }

  get byNumber(): ReadonlyMap<number, Field> {
    return this.#made().byNumber;
  }

  get byProperty(): ReadonlyMap<string, Field> {
    return this.#made().byProperty;
  }

  get byName(): ReadonlyMap<string, Field> {
    return this.#made().byName;
  }

  #made(): Tables {
    this.#tables ??= tablesOf(this.#makeFields());
    return this.#tables;
  }
}

function tablesOf(made: readonly Field[]): Tables {
  const fields = [...made].sort((a, b) => a.number - b.number);
  const byNumber = new Map(fields.map((each) => [each.number, each]));
  return {
    fields,
    numbered: Array.from({ length: (fields.at(-1)?.number ?? 0) + 1 }, (_, number) => byNumber.get(number)),
    byNumber,
    byProperty: new Map(fields.map((each) => [each.property, each])),
    byName: new Map(fields.map((each) => [each.name, each])),
  };
}

/** A message. `fields` is called when they are first needed, by which time the messages in them exist. */
export function message<T extends object>(
  name: string,
  create: () => T,
  fields: () => readonly Field[],
): MessageType<T> {
  return new Schema(name, create, fields);
}

/** An enum whose unnamed numbers are values too, as in proto3. */
export function enumeration(name: string, values: Readonly<Record<string, number>>): EnumType {
  const entries = Object.entries(values);
  return {
    name,
    closed: false,
    numbers: new Map(entries),
    names: new Map(entries.map(([each, number]) => [number, each])),
  };
}

/** An enum of a proto2 file. */
export function closedEnumeration(name: string, values: Readonly<Record<string, number>>): EnumType {
  return { ...enumeration(name, values), closed: true };
}

/** A field that has its default when it is absent; or a message. */
export function field(number: number, name: string, type: FieldType): Field {
  return describe(number, name, type, { label: "singular" });
}

/** A scalar or enum whose absence is told apart from its default. */
export function optional(number: number, name: string, type: Scalar | EnumType): Field {
  return describe(number, name, type, { label: "optional" });
}

/** A member of a oneof. */
export function member(oneof: string, number: number, name: string, type: FieldType): Field {
  return describe(number, name, type, { label: "singular", oneof });
}

/** A field that comes any number of times, each with a record of its own. */
export function repeated(number: number, name: string, type: FieldType): Field {
  return describe(number, name, type, { label: "repeated" });
}

/** Numbers that come in one record. */
export function packed(number: number, name: string, type: Scalar | EnumType): Field {
  return describe(number, name, type, { label: "repeated", packed: true });
}

/** A map. */
export function map(number: number, name: string, key: Scalar, type: FieldType): Field {
  return describe(number, name, type, { label: "map", key });
}

const WIRE_TYPES: Readonly<Record<Scalar, WireType>> = {
  double: 1,
  float: 5,
  int32: 0,
  int64: 0,
  uint32: 0,
  uint64: 0,
  sint32: 0,
  sint64: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed32: 5,
  sfixed64: 1,
  bool: 0,
  string: 2,
  bytes: 2,
};

/** How a scalar is on the wire. An enum is written as an int32 is. */
export function wireTypeOf(scalar: Scalar): WireType {
  return WIRE_TYPES[scalar];
}

function describe(
  number: number,
  name: string,
  type: FieldType,
  { label, packed = false, oneof, key }: Pick<Field, "label" | "oneof" | "key"> & { readonly packed?: boolean },
): Field {
  const scalar = typeof type === "string" ? type : undefined;
  const enumeration = typeof type === "object" && "numbers" in type ? type : undefined;
  const held = typeof type === "object" && "create" in type ? type : undefined;
  return {
    number,
    name,
    property: name.replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase()),
    label,
    packed,
    oneof,
    key,
    scalar,
    message: held === undefined ? undefined : () => held,
    enumeration,
    wireType: held === undefined ? wireTypeOf(scalar ?? "int32") : 2,
    explicit: label === "optional" || oneof !== undefined || (label === "singular" && held !== undefined),
  };
}
