import type { FixedDType } from "@modelbytes/tensor";

/** A dtype as the header names it. */
export type SafetensorsDType =
  | "BOOL"
  | "F4"
  | "F6_E2M3"
  | "F6_E3M2"
  | "U8"
  | "I8"
  | "F8_E5M2"
  | "F8_E4M3"
  | "F8_E8M0"
  | "F8_E4M3FNUZ"
  | "F8_E5M2FNUZ"
  | "I16"
  | "U16"
  | "F16"
  | "BF16"
  | "I32"
  | "U32"
  | "F32"
  | "C64"
  | "F64"
  | "I64"
  | "U64";

/** A row of the table of dtypes. */
export interface SafetensorsDTypeRow {
  /** Bits of an element; elements of fewer than eight are packed. */
  readonly bits: number;
  /** What it is as a tensor; `undefined` for what no tensor holds. */
  readonly dtype: FixedDType | undefined;
}

/**
 * The dtypes of safetensors 0.8. Their order is the reference implementation's own: a file is written from the last of them to the
 * first, by which each tensor is aligned.
 */
export const SAFETENSORS_DTYPES: { readonly [D in SafetensorsDType]: SafetensorsDTypeRow } = {
  BOOL: { bits: 8, dtype: "bool" },
  F4: { bits: 4, dtype: "float4_e2m1fn" },
  F6_E2M3: { bits: 6, dtype: undefined },
  F6_E3M2: { bits: 6, dtype: undefined },
  U8: { bits: 8, dtype: "uint8" },
  I8: { bits: 8, dtype: "int8" },
  F8_E5M2: { bits: 8, dtype: "float8_e5m2" },
  F8_E4M3: { bits: 8, dtype: "float8_e4m3fn" },
  F8_E8M0: { bits: 8, dtype: undefined },
  F8_E4M3FNUZ: { bits: 8, dtype: "float8_e4m3fnuz" },
  F8_E5M2FNUZ: { bits: 8, dtype: "float8_e5m2fnuz" },
  I16: { bits: 16, dtype: "int16" },
  U16: { bits: 16, dtype: "uint16" },
  F16: { bits: 16, dtype: "float16" },
  BF16: { bits: 16, dtype: "bfloat16" },
  I32: { bits: 32, dtype: "int32" },
  U32: { bits: 32, dtype: "uint32" },
  F32: { bits: 32, dtype: "float32" },
  C64: { bits: 64, dtype: "complex64" },
  F64: { bits: 64, dtype: "float64" },
  I64: { bits: 64, dtype: "int64" },
  U64: { bits: 64, dtype: "uint64" },
};

/** Whether `name` is the name of a dtype in a header. */
export function isSafetensorsDType(name: string): name is SafetensorsDType {
  return Object.hasOwn(SAFETENSORS_DTYPES, name);
}

const RANKS: ReadonlyMap<string, number> = new Map(Object.keys(SAFETENSORS_DTYPES).map((name, rank) => [name, rank]));

/** The place of a dtype in the table, from 0 up. */
export function rankOf(dtype: SafetensorsDType): number {
  return RANKS.get(dtype) ?? 0;
}

const STORED_AS: ReadonlyMap<string, SafetensorsDType> = new Map(
  Object.keys(SAFETENSORS_DTYPES)
    .filter(isSafetensorsDType)
    .flatMap((name) => {
      const { dtype } = SAFETENSORS_DTYPES[name];
      return dtype === undefined ? [] : [[dtype, name] as const];
    }),
);

/** What a file calls a dtype of tensors; `undefined` for one that no file can hold, such as `string`, `complex128` or `int4`. */
export function toSafetensorsDType(dtype: string): SafetensorsDType | undefined {
  return STORED_AS.get(dtype);
}
