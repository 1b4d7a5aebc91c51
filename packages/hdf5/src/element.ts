import type { FixedDType } from "@modelbytes/tensor";
import type { CompoundType, Datatype, FixedType, FloatType } from "./model.ts";

/**
 * The dtype that elements of a type are read as, `undefined` where no tensor holds them. An array's is that of its base, as its
 * dimensions go to the shape.
 */
export function dtypeOf(type: Datatype): FixedDType | "string" | undefined {
  switch (type.class) {
    case "fixed":
      return WHOLE.get(`${type.signed ? "int" : "uint"}${8 * type.size}`);
    case "bitfield":
      return WHOLE.get(`uint${8 * type.size}`);
    case "float":
      return floatDType(type);
    case "enum":
      return isBool(type) ? "bool" : dtypeOf(type.base);
    case "complex":
      return complexDType(type.base);
    case "compound": {
      const part = complexPart(type);
      return part === undefined ? undefined : complexDType(part);
    }
    case "string":
    case "vlen-string":
      return "string";
    case "array":
      return dtypeOf(type.base);
    default:
      return undefined;
  }
}

const WHOLE: ReadonlyMap<string, FixedDType> = new Map(
  (["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"] as const).map((name) => [name, name]),
);

/** The floats that a dtype has the name of. */
const FLOATS = [
  { dtype: "float32", exponentSize: 8, mantissaSize: 23, exponentBias: 127 },
  { dtype: "float64", exponentSize: 11, mantissaSize: 52, exponentBias: 1023 },
  { dtype: "float16", exponentSize: 5, mantissaSize: 10, exponentBias: 15 },
  { dtype: "bfloat16", exponentSize: 8, mantissaSize: 7, exponentBias: 127 },
] as const;

function floatDType(type: FloatType): FixedDType | undefined {
  const { size, bitOffset, precision, mantissaLocation, exponentLocation } = type;
  const { exponentSize, mantissaSize, exponentBias } = type;
  const packed = mantissaLocation === 0 && exponentLocation === mantissaSize && type.signLocation === precision - 1;
  const whole = bitOffset === 0 && precision === 8 * size && exponentSize + mantissaSize + 1 === precision;
  if (!packed || !whole || type.normalization !== "implied") return undefined;
  for (const float of FLOATS) {
    if (float.exponentSize !== exponentSize || float.mantissaSize !== mantissaSize) continue;
    if (float.exponentBias === exponentBias) return float.dtype;
  }
  return undefined;
}

function complexDType(part: FloatType): FixedDType | undefined {
  const dtype = floatDType(part);
  if (dtype === "float32") return "complex64";
  return dtype === "float64" ? "complex128" : undefined;
}

function isBool(type: Extract<Datatype, { class: "enum" }>): boolean {
  const { members, size } = type;
  if (size !== 1 || members.length !== 2) return false;
  const numberOf = (name: string) => members.find((member) => member.name === name)?.value;
  return numberOf("FALSE") === 0n && numberOf("TRUE") === 1n;
}

/** The type of both parts of h5py's complex numbers, a record of `r` and `i`; `undefined` for other records. */
export function complexPart({ members, size }: CompoundType): FloatType | undefined {
  const [r, i] = members;
  if (members.length !== 2 || r?.name !== "r" || i?.name !== "i") return undefined;
  if (r.type.class !== "float" || i.type.class !== "float") return undefined;
  const same = r.type.size === i.type.size && r.type.order === i.type.order;
  const packed = r.offset === 0 && i.offset === r.type.size && size === 2 * r.type.size;
  if (!same || !packed || complexDType(r.type) === undefined || complexDType(i.type) !== complexDType(r.type))
    return undefined;
  return r.type;
}

/** Whether a whole number fills its bytes; otherwise its bits have to be cut out. */
export function fillsItsBytes({
  size,
  bitOffset,
  precision,
}: Pick<FixedType, "size" | "bitOffset" | "precision">): boolean {
  return bitOffset === 0 && precision === 8 * size;
}

/** Whether elements of a type refer to bytes elsewhere. */
export function hasReferences(type: Datatype): boolean {
  switch (type.class) {
    case "vlen":
    case "vlen-string":
      return true;
    case "array":
      return hasReferences(type.base);
    case "compound":
      return type.members.some((member) => hasReferences(member.type));
    default:
      return false;
  }
}
