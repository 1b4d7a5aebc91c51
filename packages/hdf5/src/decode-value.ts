import { DTYPES, elementCount, type FixedDType, fromBytes, swapBytes, type Tensor } from "@modelbytes/tensor";
import { complexPart, dtypeOf, fillsItsBytes } from "./element.ts";
import type { CompoundType, Datatype, FixedType, StringPadding } from "./model.ts";
import type { Hdf5Value } from "./value.ts";

/** Finds what elements of variable length refer to. Both engines have one. */
export interface Elsewhere {
  /** The bytes of the elements that the reference at `at` of `bytes` stands for. */
  find(type: Extract<Datatype, { class: "vlen" | "vlen-string" }>, bytes: Uint8Array, at: number): Uint8Array;
}

/**
 * The value of stored elements. Where memory and byte order allow, numbers are a view of `bytes`, which is never written to.
 * `bytes` has exactly the elements of `shape`.
 */
export function decodeValue(
  type: Datatype,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
  elsewhere: Elsewhere,
): Hdf5Value {
  switch (type.class) {
    case "fixed":
    case "bitfield":
    case "enum":
      return decodeWhole(type, shape, bytes);
    case "float":
    case "complex":
      return decodeNumbers(type, type.class === "float" ? type.order : type.base.order, shape, bytes);
    case "string":
      return {
        dtype: "string",
        shape,
        data: elements(type, shape, (at) => cut(bytes.slice(at, at + type.size), type.padding)),
      };
    case "vlen-string":
      return { dtype: "string", shape, data: elements(type, shape, (at) => untilNul(elsewhere.find(type, bytes, at))) };
    case "vlen":
      return {
        dtype: "list",
        shape,
        data: elements(type, shape, (at) => decodeList(type.base, elsewhere.find(type, bytes, at), elsewhere)),
      };
    case "array":
      return decodeValue(type.base, [...shape, ...type.shape], bytes, elsewhere);
    case "compound":
      return decodeRecords(type, shape, bytes, elsewhere);
    default:
      return opaque(type, shape, bytes);
  }
}

function elements<T>(type: Datatype, shape: readonly number[], decode: (at: number) => T): T[] {
  return Array.from({ length: elementCount(shape) }, (_, index) => decode(index * type.size));
}

function opaque({ size }: Datatype, shape: readonly number[], data: Uint8Array<ArrayBuffer>): Hdf5Value {
  return { dtype: "opaque", shape, itemsize: size, data };
}

function decodeNumbers(
  type: Datatype,
  order: FixedType["order"],
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): Hdf5Value {
  const dtype = dtypeOf(type);
  if (dtype === undefined || dtype === "string") return opaque(type, shape, bytes);
  return decodeFixed(dtype, order, shape, bytes);
}

function decodeFixed(
  dtype: FixedDType,
  order: FixedType["order"],
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): Tensor {
  const { unit } = DTYPES[dtype];
  if (order === "little-endian" || unit === 1) return fromBytes(dtype, shape, bytes);
  return fromBytes(dtype, shape, swapBytes(new Uint8Array(bytes), unit));
}

function decodeWhole(
  type: Extract<Datatype, { class: "fixed" | "bitfield" | "enum" }>,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): Hdf5Value {
  const stored = type.class === "enum" ? type.base : type;
  if (fillsItsBytes(stored) || dtypeOf(type) === undefined) return decodeNumbers(type, stored.order, shape, bytes);
  const signed = stored.class === "fixed" && stored.signed;
  const whole = cutBits(stored, signed, bytes);
  return decodeNumbers(type, "little-endian", shape, whole);
}

/** Numbers that do not fill their bytes, as ones that do, little-endian. */
function cutBits(
  { size, order, bitOffset, precision }: Pick<FixedType, "size" | "order" | "bitOffset" | "precision">,
  signed: boolean,
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes);
  if (order === "big-endian") swapBytes(result, size);
  for (let at = 0; at + size <= result.length; at += size) {
    let value = 0n;
    for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(result[at + index] ?? 0);
    value >>= BigInt(bitOffset);
    value = signed ? BigInt.asIntN(precision, value) : BigInt.asUintN(precision, value);
    for (let index = 0; index < size; index++)
      result[at + index] = Number(BigInt.asUintN(8, value >> BigInt(8 * index)));
  }
  return result;
}

/** A string without what pads it, as h5py gives it. */
function cut(bytes: Uint8Array, padding: StringPadding): Uint8Array {
  if (padding === "null-terminated") return untilNul(bytes);
  let end = bytes.length;
  if (padding === "space-padded") while (end > 0 && bytes[end - 1] === 0x20) end--;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

/** Bytes up to a NUL; libhdf5 hands out strings of variable length as C strings. */
function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function decodeList(base: Datatype, bytes: Uint8Array, elsewhere: Elsewhere): Hdf5Value {
  return decodeValue(base, [bytes.length / base.size], new Uint8Array(bytes), elsewhere);
}

function decodeRecords(
  type: CompoundType,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
  elsewhere: Elsewhere,
): Hdf5Value {
  const part = complexPart(type);
  if (part !== undefined) return decodeNumbers(type, part.order, shape, bytes);
  const count = elementCount(shape);
  const members = type.members.map(({ name, offset, type: member }) => {
    const column = new Uint8Array(count * member.size);
    for (let index = 0; index < count; index++) {
      const start = index * type.size + offset;
      column.set(bytes.subarray(start, start + member.size), index * member.size);
    }
    return [name, decodeValue(member, shape, column, elsewhere)] as const;
  });
  return { dtype: "record", shape, members: new Map(members) };
}
