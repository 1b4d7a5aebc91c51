import { DTYPES, type FixedDType } from "@modelbytes/tensor";
import type {
  Charset,
  Datatype,
  EnumType,
  FixedType,
  FloatType,
  OpaqueType,
  StringType,
  VlenStringType,
} from "../model.ts";

/** The datatypes that h5py 3 gives numpy's dtypes on a little-endian machine. */

/** A whole number of `size` bytes. */
export function integerType(size: number, signed: boolean): FixedType {
  return { class: "fixed", size, signed, order: "little-endian", bitOffset: 0, precision: 8 * size };
}

/** An IEEE number of 2, 4 or 8 bytes. */
export function floatType(size: 2 | 4 | 8): FloatType {
  const [exponentSize, mantissaSize] = { 2: [5, 10] as const, 4: [8, 23] as const, 8: [11, 52] as const }[size];
  return {
    class: "float",
    size,
    order: "little-endian",
    bitOffset: 0,
    precision: 8 * size,
    signLocation: 8 * size - 1,
    exponentLocation: mantissaSize,
    exponentSize,
    exponentBias: 2 ** (exponentSize - 1) - 1,
    mantissaLocation: 0,
    mantissaSize,
    normalization: "implied",
  };
}

/** numpy's `S<size>`: bytes, padded with NULs. */
export function fixedStringType(size: number, charset: Charset = "ascii"): StringType {
  return { class: "string", size, padding: "null-padded", charset };
}

/** Python's `str` (UTF-8) or `bytes` (ASCII): a string of any length. */
export function vlenStringType(charset: Charset): VlenStringType {
  return { class: "vlen-string", size: 16, padding: "null-terminated", charset };
}

/** numpy's `V<size>`: bytes that mean nothing to HDF5. */
export function opaqueType(size: number): OpaqueType {
  return { class: "opaque", size, tag: "" };
}

/** numpy's `bool`: an enum. */
export const BOOL_TYPE: EnumType = {
  class: "enum",
  size: 1,
  base: integerType(1, true),
  members: [
    { name: "FALSE", value: 0n },
    { name: "TRUE", value: 1n },
  ],
};

/**
 * The datatype of a tensor's dtype: numbers as themselves, bool as an enum, complex numbers as records of `r` and `i`, quantized ones as
 * the integers that they are, and what numpy itself does not have (bfloat16, float8, int4) as opaque bytes, as Keras stores them.
 */
export function h5pyType(dtype: FixedDType): Datatype {
  const { kind, itemsize, bits } = DTYPES[dtype];
  if (dtype === "bool") return BOOL_TYPE;
  if (dtype === "complex64" || dtype === "complex128") {
    const part = floatType(dtype === "complex64" ? 4 : 8);
    const members = [
      { name: "r", offset: 0, type: part },
      { name: "i", offset: part.size, type: part },
    ];
    return { class: "compound", size: itemsize, members };
  }
  if (dtype === "float16" || dtype === "float32" || dtype === "float64")
    return floatType(itemsize === 2 ? 2 : itemsize === 4 ? 4 : 8);
  if ((kind === "int" || kind === "uint") && bits >= 8) return integerType(itemsize, kind === "int");
  return opaqueType(itemsize);
}
