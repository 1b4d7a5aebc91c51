import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { FloatDType, SmallFloatDType } from "@modelbytes/tensor";

/** What fixtures/tensor/small_floats.py wrote with numpy and ml_dtypes; the script says what the parts are. */
export interface Golden {
  readonly decoded: Readonly<Record<SmallFloatDType, Decoded>>;
  readonly encoded: Readonly<Record<SmallFloatDType, Encoded>>;
  readonly nans: { readonly float32: readonly string[]; readonly float64: readonly string[] };
  readonly casts: Readonly<Record<FloatDType, Readonly<Partial<Record<FloatDType, string>>>>>;
}

interface Decoded {
  readonly float32?: string;
  readonly sha256?: string;
  readonly samples?: Readonly<Record<string, string>>;
}

interface Encoded {
  readonly numbers: string;
  readonly fromFloat64: string;
  readonly fromFloat32: string;
}

/** A file of fixtures/tensor. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../../../fixtures/tensor/${name}`, import.meta.url), "utf8");
}

export const GOLDEN: Golden = JSON.parse(fixture("small_floats.json"));

/** The small floats, and the bits that a code of each has. */
export const SMALL_FLOATS: readonly (readonly [SmallFloatDType, number])[] = [
  ["float16", 16],
  ["bfloat16", 16],
  ["float8_e5m2", 8],
  ["float8_e4m3fn", 8],
  ["float8_e4m3fnuz", 8],
  ["float8_e4m3b11fnuz", 8],
  ["float8_e5m2fnuz", 8],
  ["float4_e2m1fn", 4],
];

/** The bytes of base64 text, in memory of their own. */
export function unbase64(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "base64"));
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
