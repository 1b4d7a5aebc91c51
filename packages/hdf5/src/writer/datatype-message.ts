import { ByteWriter, encodeName, UnsupportedError } from "@modelbytes/bytes";
import type {
  ArrayType,
  ByteOrder,
  CompoundType,
  Datatype,
  EnumType,
  FixedType,
  FloatType,
  StringPadding,
} from "../model.ts";

/**
 * Datatype messages as h5py makes them:
 *
 *     type   class | version << 4 · class bits (3) · bytes of an element (4) · properties of the class
 *
 * The version is 1, but 2 for arrays and what holds them. A record gets it with the first member that has it, and gives it to all that
 * it holds by then and that has members, too: not to those that come later.
 */

const CLASSES = { fixed: 0, float: 1, string: 3, opaque: 5, compound: 6, enum: 8, vlen: 9, array: 10 } as const;
const PADDINGS: Readonly<Record<StringPadding, number>> = { "null-terminated": 0, "null-padded": 1, "space-padded": 2 };
const NORMALIZATIONS: Readonly<Record<FloatType["normalization"], number>> = { none: 0, kept: 1, implied: 2 };
/** Members of a compound or an enum that the class bits can count. */
const MOST_MEMBERS = 65_535;

/**
 * The message's body. Throws an `UnsupportedError` for types that h5py does not write for numpy's: bit fields, times, references,
 * lists of any length, and strings of any length inside another type.
 */
export function encodeDatatype(type: Datatype): Uint8Array {
  const writer = new ByteWriter();
  if (type.class === "vlen-string") {
    const bits = [1 | (PADDINGS[type.padding] << 4), charsetBit(type.charset), 0] as const;
    head(writer, CLASSES.vlen, 1, bits, 16);
    encodeType(writer, BYTE, 1);
  } else {
    encodeType(writer, type, 1);
  }
  return writer.finish();
}

/** What a string of any length is a list of. */
const BYTE: FixedType = { class: "fixed", size: 1, signed: false, order: "little-endian", bitOffset: 0, precision: 8 };

type ClassBits = readonly [number, number, number];

type Version = 1 | 2;

/** `least` is the version that what has members takes at least. */
function encodeType(writer: ByteWriter, type: Datatype, least: Version): void {
  switch (type.class) {
    case "fixed":
      head(writer, CLASSES.fixed, 1, [orderBit(type.order) | (type.signed ? 8 : 0), 0, 0], type.size);
      uint16(uint16(writer, type.bitOffset), type.precision);
      return;
    case "float":
      encodeFloat(writer, type);
      return;
    case "string":
      head(writer, CLASSES.string, 1, [PADDINGS[type.padding] | (charsetBit(type.charset) << 4), 0, 0], type.size);
      return;
    case "opaque": {
      const tag = encodeName(type.tag);
      const padded = Math.ceil(tag.length / 8) * 8;
      head(writer, CLASSES.opaque, 1, [padded, 0, 0], type.size);
      writer.bytes(tag).zeros(padded - tag.length);
      return;
    }
    case "compound":
      encodeCompound(writer, type, least);
      return;
    case "enum":
      encodeEnum(writer, type, least);
      return;
    case "array":
      encodeArray(writer, type, least);
      return;
    default:
      throw new UnsupportedError("datatype-not-written", `datatypes of class ${type.class} are not written here`);
  }
}

function encodeFloat(writer: ByteWriter, type: FloatType): void {
  const flags = orderBit(type.order) | (NORMALIZATIONS[type.normalization] << 4);
  head(writer, CLASSES.float, 1, [flags, type.signLocation, 0], type.size);
  uint16(uint16(writer, type.bitOffset), type.precision);
  writer.uint8(type.exponentLocation).uint8(type.exponentSize).uint8(type.mantissaLocation).uint8(type.mantissaSize);
  writer.uint32(type.exponentBias);
}

function encodeCompound(writer: ByteWriter, type: CompoundType, least: Version): void {
  const { size, members } = type;
  const version = Math.max(least, ownVersion(type));
  head(writer, CLASSES.compound, version, memberCount(members.length), size);
  const raising = members.findIndex((member) => ownVersion(member.type) === 2);
  for (const [index, member] of members.entries()) {
    paddedName(writer, member.name).uint32(member.offset);
    if (version === 1) writer.zeros(28); // rank, permutation and dimensions of an array, before arrays were types
    encodeType(writer, member.type, index <= raising ? 2 : least);
  }
}

function encodeEnum(writer: ByteWriter, { size, base, members }: EnumType, version: Version): void {
  head(writer, CLASSES.enum, version, memberCount(members.length), size);
  encodeType(writer, base, 1);
  for (const { name } of members) paddedName(writer, name);
  for (const { value } of members) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
    const own = bytes.subarray(0, base.size);
    writer.bytes(base.order === "big-endian" ? own.reverse() : own);
  }
}

function encodeArray(writer: ByteWriter, { size, base, shape }: ArrayType, least: Version): void {
  head(writer, CLASSES.array, 2, [0, 0, 0], size);
  writer.uint8(shape.length).zeros(3);
  for (const dim of shape) writer.uint32(dim);
  for (const index of shape.keys()) writer.uint32(index); // the permutation, which nobody uses
  encodeType(writer, base, least);
}

function ownVersion(type: Datatype): Version {
  if (type.class === "compound") return type.members.some((member) => ownVersion(member.type) === 2) ? 2 : 1;
  return type.class === "array" ? 2 : 1;
}

function head(writer: ByteWriter, ofClass: number, version: number, bits: ClassBits, size: number): void {
  if (size < 1) throw new RangeError(`a datatype of ${size} bytes`);
  writer
    .uint8(ofClass | (version << 4))
    .uint8(bits[0])
    .uint8(bits[1])
    .uint8(bits[2])
    .uint32(size);
}

function memberCount(count: number): ClassBits {
  if (count > MOST_MEMBERS) throw new RangeError(`${count} members, where a datatype counts up to ${MOST_MEMBERS}`);
  return [count & 0xff, count >>> 8, 0];
}

/** A name with its NUL, padded to a multiple of 8 bytes. */
function paddedName(writer: ByteWriter, name: string): ByteWriter {
  const bytes = encodeName(name);
  return writer.bytes(bytes).zeros(8 - (bytes.length % 8));
}

function uint16(writer: ByteWriter, value: number): ByteWriter {
  return writer.uint8(value & 0xff).uint8(value >>> 8);
}

function orderBit(order: ByteOrder): number {
  return order === "big-endian" ? 1 : 0;
}

function charsetBit(charset: "ascii" | "utf-8"): number {
  return charset === "utf-8" ? 1 : 0;
}
