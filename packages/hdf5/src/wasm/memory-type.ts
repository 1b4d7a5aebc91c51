import type { Metadata } from "h5wasm";
import type { ByteOrder, Charset, CompoundMember, Datatype, StringPadding } from "../model.ts";

/**
 * The type of elements as libhdf5 puts them into memory: references are pointers of WebAssembly, so 4 bytes for a string and 8 for a
 * list. h5wasm does not say where the bits of numbers are; `stored`, the type as our own code reads it from the file, does.
 * `undefined` where that would be needed and is not there.
 */
export function memoryType(metadata: Metadata, stored: Datatype | undefined): Datatype | undefined {
  return convert(metadata, stored, isTurned(metadata));
}

/** libhdf5 is asked for little-endian numbers where all of a type are big-endian; otherwise they come as they are stored. */
function isTurned(metadata: Metadata): boolean {
  const orders = new Set(ordersOf(metadata));
  return orders.size === 1 && orders.has("big-endian");
}

const [FIXED, FLOAT, TIME, STRING, BITFIELD, OPAQUE, COMPOUND, REFERENCE, ENUM, VLEN, ARRAY] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
] as const;

function ordersOf(metadata: Metadata): ByteOrder[] {
  const { type, compound_type, array_type, vlen_type } = metadata;
  if (type === COMPOUND) return (compound_type?.members ?? []).flatMap(ordersOf);
  const base = type === ARRAY ? array_type : type === VLEN ? vlen_type : undefined;
  if (base !== undefined) return ordersOf(base);
  return type === STRING || type === OPAQUE || type === REFERENCE ? [] : [orderOf(metadata)];
}

function orderOf({ littleEndian, size }: Metadata): ByteOrder {
  return littleEndian || size === 1 ? "little-endian" : "big-endian";
}

function convert(metadata: Metadata, stored: Datatype | undefined, turned: boolean): Datatype | undefined {
  const { type, size, cset = 0, strpad = 0 } = metadata;
  const order = turned ? "little-endian" : orderOf(metadata);
  const charset: Charset = cset === 0 ? "ascii" : "utf-8";
  const padding: StringPadding = PADDINGS[strpad] ?? "null-terminated";
  switch (type) {
    case FIXED:
      if (stored?.class === "fixed" && stored.size === size) return { ...stored, order };
      return { class: "fixed", size, signed: metadata.signed, order, bitOffset: 0, precision: 8 * size };
    case FLOAT:
      return stored?.class === "float" && stored.size === size ? { ...stored, order } : ieee(size, order);
    case TIME:
      return { class: "time", size, order, precision: 8 * size };
    case STRING:
      if (metadata.vlen) return { class: "vlen-string", size, padding, charset };
      return { class: "string", size, padding, charset };
    case BITFIELD:
      return stored?.class === "bitfield" ? { ...stored, order } : undefined;
    case OPAQUE:
      return stored?.class === "opaque" ? stored : { class: "opaque", size, tag: "" };
    case COMPOUND:
      return convertCompound(metadata, stored, turned);
    case REFERENCE:
      return { class: "reference", size, kind: metadata.ref_type ?? "object" };
    case ENUM:
      return convertEnum(metadata, stored, order);
    case VLEN:
    case ARRAY:
      return convertList(metadata, stored, turned);
    default:
      return undefined;
  }
}

const PADDINGS: readonly StringPadding[] = ["null-terminated", "null-padded", "space-padded"];

/** A float of four or eight bytes; one of two can be either of two, and others are anything. */
function ieee(size: number, order: ByteOrder): Datatype | undefined {
  const [exponentSize, mantissaSize] = size === 4 ? [8, 23] : [11, 52];
  if (size !== 4 && size !== 8) return undefined;
  const bits = { bitOffset: 0, precision: 8 * size, signLocation: 8 * size - 1, normalization: "implied" } as const;
  const exponent = { exponentLocation: mantissaSize, exponentSize, exponentBias: 2 ** (exponentSize - 1) - 1 };
  return { class: "float", size, order, ...bits, ...exponent, mantissaLocation: 0, mantissaSize };
}

function convertCompound(metadata: Metadata, stored: Datatype | undefined, turned: boolean): Datatype | undefined {
  const known = stored?.class === "compound" ? stored.members : [];
  const members: CompoundMember[] = [];
  for (const member of metadata.compound_type?.members ?? []) {
    const { name, offset } = member;
    const type = convert(member, known.find((candidate) => candidate.name === name)?.type, turned);
    if (type === undefined) return undefined;
    members.push({ name, offset, type });
  }
  return { class: "compound", size: metadata.size, members };
}

function convertEnum(metadata: Metadata, stored: Datatype | undefined, order: ByteOrder): Datatype {
  const { size, signed, enum_type } = metadata;
  if (stored?.class === "enum") return { ...stored, base: { ...stored.base, order } };
  const base = { class: "fixed", size, signed, order, bitOffset: 0, precision: 8 * size } as const;
  const members = Object.entries(enum_type?.members ?? {}).map(([name, value]) => ({ name, value: BigInt(value) }));
  return { class: "enum", size, base, members };
}

function convertList(metadata: Metadata, stored: Datatype | undefined, turned: boolean): Datatype | undefined {
  const { size, vlen_type, array_type } = metadata;
  const inner = vlen_type ?? array_type;
  const known = stored?.class === "vlen" || stored?.class === "array" ? stored.base : undefined;
  const base = inner === undefined ? undefined : convert(inner, known, turned);
  if (base === undefined) return undefined;
  return vlen_type === undefined
    ? { class: "array", size, base, shape: inner?.shape ?? [] }
    : { class: "vlen", size, base };
}
