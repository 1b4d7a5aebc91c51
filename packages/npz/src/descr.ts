import { type Place, UnsupportedError } from "@modelbytes/bytes";
import { DTYPES, type DType, type FixedDType } from "@modelbytes/tensor";
import type { PythonLiteral } from "./literal.ts";

/**
 * The dtypes of NumPy, as a header describes them: `<` little-endian, `>` big-endian or `|` neither; the kind; bytes of an element, of
 * `U` characters of four bytes.
 *
 *     |b1 bool   |i1 <i2 <i4 <i8   |u1 <u2 <u4 <u8   <f2 <f4 <f8   <c8 <c16   |S5 bytes, padded with NULs   <U5 text, the same
 *
 * What ml_dtypes adds is written under the name of bytes without meaning: `<V2` can only be bfloat16, and `<f1` float8_e5m2, both of
 * which NumPy itself cannot read; `<V1` may be any of the others.
 */

/** An element as it is stored. */
export type StoredElement =
  | { readonly kind: "fixed"; readonly dtype: FixedDType; readonly itemsize: number; readonly bigEndian: boolean }
  | { readonly kind: "bytes"; readonly dtype: "string"; readonly itemsize: number }
  | { readonly kind: "text"; readonly dtype: "string"; readonly itemsize: number; readonly bigEndian: boolean };

const FIXED: ReadonlyMap<string, FixedDType> = new Map([
  ["b1", "bool"],
  ["i1", "int8"],
  ["i2", "int16"],
  ["i4", "int32"],
  ["i8", "int64"],
  ["u1", "uint8"],
  ["u2", "uint16"],
  ["u4", "uint32"],
  ["u8", "uint64"],
  ["f1", "float8_e5m2"],
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
  ["c8", "complex64"],
  ["c16", "complex128"],
]);

/** What numpy.save writes for the dtypes that NumPy has not; quantized ones are the integers that they store. */
const OTHERS: Readonly<Partial<Record<DType, string>>> = {
  bfloat16: "<V2",
  float8_e5m2: "<f1",
  float8_e4m3fn: "<V1",
  float8_e4m3fnuz: "<V1",
  float8_e4m3b11fnuz: "<V1",
  float8_e5m2fnuz: "<V1",
  int4: "<V1",
  uint4: "<V1",
  int2: "<V1",
  uint2: "<V1",
  float4_e2m1fn: "<V1",
  qint8: "|i1",
  quint8: "|u1",
  qint16: "<i2",
  quint16: "<u2",
  qint32: "<i4",
};

const DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ...[...FIXED].map(
    ([description, dtype]) => [dtype, `${DTYPES[dtype].unit === 1 ? "|" : "<"}${description}`] as const,
  ),
  ...Object.entries(OTHERS),
]);

/** How numpy.save describes a dtype, byte for byte. */
export function describeDType(dtype: FixedDType): string {
  return DESCRIPTIONS.get(dtype) ?? "";
}

/** Whether a file keeps a dtype: what is written is read as the same again. */
export function keepsDType(dtype: FixedDType): boolean {
  return parseDescription(describeDType(dtype))?.dtype === dtype;
}

/**
 * The elements that a header describes. Throws an `UnsupportedError` for Python objects (`"pickle"`), which are pickles and are never
 * read, and for what no tensor holds (`"npy-dtype"`).
 */
export function toElement(description: PythonLiteral, place: Place): StoredElement {
  if (description.kind !== "string") {
    throw new UnsupportedError(
      "npy-dtype",
      "a structured array holds several tensors; save its fields one by one",
      place,
    );
  }
  const { value } = description;
  const element = parseDescription(value);
  if (element !== undefined) return element;
  if (/^\|?O/.test(value)) {
    const reason = "the array is a pickle, and loading a pickle runs what is in it: it is not read";
    throw new UnsupportedError("pickle", reason, place);
  }
  throw new UnsupportedError(
    "npy-dtype",
    `elements of ${value}${HINTS.get(value.replace(/\d.*/, "")) ?? ""} are no tensor`,
    place,
  );
}

/** What else there is, by its kind. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ["<V", ", which may be float8, int4 or another dtype of ml_dtypes,"],
  ["|V", ", bytes without meaning,"],
  ["<M", ", dates,"],
  [">M", ", dates,"],
  ["<m", ", lengths of time,"],
  [">m", ", lengths of time,"],
]);

function parseDescription(description: string): StoredElement | undefined {
  if (description === "<V2") return { kind: "fixed", dtype: "bfloat16", itemsize: 2, bigEndian: false };
  const [, order, kind = "", digits = ""] = /^([<>|=]?)([a-zA-Z])(\d{1,9})$/.exec(description) ?? [];
  const bigEndian = order === ">";
  const size = Number(digits);
  if (kind === "S" || kind === "a") return { kind: "bytes", dtype: "string", itemsize: size };
  if (kind === "U") return { kind: "text", dtype: "string", itemsize: 4 * size, bigEndian };
  const dtype = FIXED.get(`${kind}${size}`);
  return dtype === undefined ? undefined : { kind: "fixed", dtype, itemsize: size, bigEndian };
}
