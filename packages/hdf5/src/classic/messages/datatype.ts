import { decodeName } from "@modelbytes/bytes";
import type { ByteOrder, Charset, CompoundMember, Datatype, EnumMember, StringPadding } from "../../model.ts";
import { MAX_TYPE_DEPTH } from "../limits.ts";
import type { MetadataReader } from "../metadata-reader.ts";

/**
 * Message 0x03, what an element is: class in the low and version in the high half of the first byte, three bytes of bits that
 * depend on the class, the size as u32, then properties of the class.
 *
 *     0 fixed      bit 0 big-endian, 3 signed                    u16 bit offset, u16 precision
 *     1 float      bits 0, 6 order, 4-5 normalization, 8-15 sign u16 bit offset, u16 precision, u8 ×4 exponent and mantissa, u32 bias
 *     2 time       bit 0 big-endian                              u16 precision
 *     3 string     bits 0-3 padding, 4-7 charset
 *     4 bitfield   bit 0 big-endian                              u16 bit offset, u16 precision
 *     5 opaque     bits 0-7 length of the tag                    tag
 *     6 compound   bits 0-15 members                             members: name, offset, [dimensions in version 1], type
 *     7 reference  bits 0-3 kind
 *     8 enum       bits 0-15 members                             base type, names, values
 *     9 vlen       bits 0-3 string, 4-7 padding, 8-11 charset    base type
 *    10 array                                                    u8 rank, [3 zero], u32 dimensions, [u32 permutation], base type
 *    11 complex                                                  base type
 */
export function decodeDatatype(reader: MetadataReader, depth = 0): Datatype {
  const start = reader.position;
  const first = reader.uint8();
  const version = first >> 4;
  const bits = reader.uint8() | (reader.uint8() << 8) | (reader.uint8() << 16);
  const size = reader.uint32();
  if (version < 1 || version > 5)
    throw reader.unsupported("version", `version ${version} of a datatype is unknown`, start);
  if (size === 0) throw reader.corrupt("datatype", "a datatype of size 0", start);
  if (depth > MAX_TYPE_DEPTH) throw reader.corrupt("datatype-depth", "datatypes within datatypes without end", start);
  const head: Head = { reader, start, version, bits, size, depth };
  switch (first & 15) {
    case 0:
      return { class: "fixed", size, signed: (bits & 8) !== 0, order: orderOf(bits), ...decodeBits(head) };
    case 1:
      return decodeFloat(head);
    case 2:
      return { class: "time", size, order: orderOf(bits), precision: reader.uint16() };
    case 3:
      return { class: "string", size, padding: paddingOf(head, bits & 15), charset: charsetOf(head, (bits >> 4) & 15) };
    case 4:
      return { class: "bitfield", size, order: orderOf(bits), ...decodeBits(head) };
    case 5:
      return { class: "opaque", size, tag: decodeTag(reader.view(bits & 255)) };
    case 6:
      return { class: "compound", size, members: decodeMembers(head) };
    case 7:
      return { class: "reference", size, kind: referenceKind(head) };
    case 8:
      return decodeEnum(head);
    case 9:
      return decodeVlen(head);
    case 10:
      return decodeArray(head);
    case 11:
      return decodeComplex(head);
    default:
      throw reader.unsupported("datatype-class", `datatype class ${first & 15} is unknown`, start);
  }
}

/** What all datatypes begin with. */
interface Head {
  readonly reader: MetadataReader;
  readonly start: number;
  readonly version: number;
  readonly bits: number;
  readonly size: number;
  readonly depth: number;
}

function wrong({ reader, start }: Head, reason: string): Error {
  return reader.corrupt("datatype", reason, start);
}

function orderOf(bits: number): ByteOrder {
  return (bits & 1) === 0 ? "little-endian" : "big-endian";
}

function paddingOf(head: Head, value: number): StringPadding {
  const padding = (["null-terminated", "null-padded", "space-padded"] as const)[value];
  if (padding === undefined) throw wrong(head, `string padding ${value} is unknown`);
  return padding;
}

function charsetOf(head: Head, value: number): Charset {
  const charset = (["ascii", "utf-8"] as const)[value];
  if (charset === undefined) throw wrong(head, `character set ${value} is unknown`);
  return charset;
}

function decodeBits(head: Head): { readonly bitOffset: number; readonly precision: number } {
  const bitOffset = head.reader.uint16();
  const precision = head.reader.uint16();
  if (precision === 0 || bitOffset + precision > 8 * head.size) {
    throw wrong(head, `${precision} bits from bit ${bitOffset} on are not inside ${head.size} bytes`);
  }
  return { bitOffset, precision };
}

function decodeFloat(head: Head): Datatype {
  const { reader, bits, size } = head;
  if ((bits & 0x40) !== 0) throw reader.unsupported("vax", "numbers in the byte order of a VAX", head.start);
  const { bitOffset, precision } = decodeBits(head);
  const exponentLocation = reader.uint8();
  const exponentSize = reader.uint8();
  const mantissaLocation = reader.uint8();
  const mantissaSize = reader.uint8();
  const exponentBias = reader.uint32();
  const normalization = (["none", "kept", "implied"] as const)[(bits >> 4) & 3];
  if (normalization === undefined) throw wrong(head, "an unknown normalization of mantissas");
  return {
    class: "float",
    size,
    order: orderOf(bits),
    bitOffset,
    precision,
    signLocation: (bits >> 8) & 255,
    exponentLocation,
    exponentSize,
    exponentBias,
    mantissaLocation,
    mantissaSize,
    normalization,
  };
}

function decodeTag(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeName(end < 0 ? bytes : bytes.subarray(0, end));
}

function referenceKind(head: Head): "object" | "region" | "attribute" {
  const kind = (["object", "region", "object", "region", "attribute"] as const)[head.bits & 15];
  if (kind === undefined) throw wrong(head, `reference kind ${head.bits & 15} is unknown`);
  return kind;
}

/** Names are padded to a multiple of eight bytes before version 3. */
function decodePaddedName({ reader, version }: Head): string {
  const name = reader.untilNul();
  if (version < 3) reader.skip((8 - ((name.length + 1) % 8)) % 8);
  return decodeName(name);
}

function decodeMembers(head: Head): CompoundMember[] {
  const { reader, version, bits, size, depth } = head;
  const members: CompoundMember[] = [];
  for (let left = bits & 0xffff; left > 0; left--) {
    const name = decodePaddedName(head);
    const offset = reader.uint(version < 3 ? 4 : bytesFor(size));
    const dims = version === 1 ? decodeOldDimensions(head) : [];
    const base = decodeDatatype(reader, depth + 1);
    const count = dims.reduce((product, dim) => product * dim, 1);
    const type: Datatype = dims.length === 0 ? base : { class: "array", size: base.size * count, base, shape: dims };
    if (offset + type.size > size) throw wrong(head, `the member ${JSON.stringify(name)} does not fit its record`);
    members.push({ name, offset, type });
  }
  if (members.length === 0) throw wrong(head, "a record without members");
  if (members.reduce((sum, { type }) => sum + type.size, 0) > size)
    throw wrong(head, "members that lie over each other");
  return members;
}

function decodeOldDimensions(head: Head): number[] {
  const { reader } = head;
  const rank = reader.uint8();
  if (rank > 4) throw wrong(head, `a member of ${rank} dimensions`);
  reader.skip(3 + 4 + 4);
  const dims = Array.from({ length: 4 }, () => reader.uint32());
  return dims.slice(0, rank);
}

/** The fewest bytes that hold numbers up to `value`. */
function bytesFor(value: number): number {
  let bytes = 1;
  while (value >= 256 ** bytes) bytes++;
  return bytes;
}

function decodeEnum(head: Head): Datatype {
  const { reader, bits, size, depth } = head;
  const base = decodeDatatype(reader, depth + 1);
  if (base.class !== "fixed" || base.size !== size || size > 8)
    throw wrong(head, "an enum whose base is no whole number");
  const names = Array.from({ length: bits & 0xffff }, () => decodePaddedName(head));
  const members = names.map((name): EnumMember => ({ name, value: enumValue(reader.view(size), base) }));
  return { class: "enum", size, base, members };
}

function enumValue(stored: Uint8Array, base: { readonly order: ByteOrder; readonly signed: boolean }): bigint {
  const bytes = base.order === "little-endian" ? stored : stored.slice().reverse();
  let value = 0n;
  for (const [index, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * index);
  return base.signed ? BigInt.asIntN(8 * bytes.length, value) : value;
}

function decodeVlen(head: Head): Datatype {
  const { reader, bits, size, depth } = head;
  if (size !== 8 + reader.widths.offsetSize)
    throw wrong(head, `a reference of ${size} bytes to elements stored elsewhere`);
  const base = decodeDatatype(reader, depth + 1);
  if ((bits & 15) === 0) return { class: "vlen", size, base };
  if ((bits & 15) !== 1) throw wrong(head, `variable length of kind ${bits & 15} is unknown`);
  return {
    class: "vlen-string",
    size,
    padding: paddingOf(head, (bits >> 4) & 15),
    charset: charsetOf(head, (bits >> 8) & 15),
  };
}

function decodeArray(head: Head): Datatype {
  const { reader, version, size, depth } = head;
  const rank = reader.uint8();
  if (version < 3) reader.skip(3);
  const shape = Array.from({ length: rank }, () => reader.uint32());
  if (version < 3) reader.skip(4 * rank);
  const base = decodeDatatype(reader, depth + 1);
  const needed = shape.reduce((product, dim) => product * dim, base.size);
  if (rank === 0 || rank > 32 || needed !== size)
    throw wrong(head, `an array of ${shape.join(" × ")} elements in ${size} bytes`);
  return { class: "array", size, base, shape };
}

function decodeComplex(head: Head): Datatype {
  const base = decodeDatatype(head.reader, head.depth + 1);
  if (base.class !== "float" || 2 * base.size !== head.size)
    throw wrong(head, "a complex number that is not made of two floats");
  return { class: "complex", size: head.size, base };
}
