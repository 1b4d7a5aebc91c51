import type { DType } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Floats of 16 bits and fewer as numbers. A code is laid out as
 *
 *     sign (1 bit) | exponent | mantissa      ±1.mantissa × 2^(exponent − bias), or
 *                                             ±0.mantissa × 2^(1 − bias) where the exponent is 0
 *
 * and the kinds differ in what the codes beyond the finite values mean:
 *
 *     ieee     the largest exponent is infinity (mantissa 0) and the NaNs
 *     fn       finite: no infinity, all ones is NaN
 *     fnuz     finite, unsigned zero: no infinity, the code that would be −0 is NaN
 *     finite   neither infinity nor NaN
 *
 * Numbers become codes as `astype` of numpy and ml_dtypes makes them: the nearest, of two the even one. What rounds beyond the
 * largest finite value becomes infinity, else NaN, else the largest value. numpy rounds a float64 to float16 at once; ml_dtypes
 * rounds it to float32 first, for each of its types, and so does this.
 */
interface SmallFloat {
  readonly kind: "ieee" | "fn" | "fnuz" | "finite";
  readonly mantissaBits: number;
  readonly bias: number;
  /** The sign's bit: the codes below it are those without sign. */
  readonly sign: number;
  /** The code of the largest finite value. */
  readonly largest: number;
  /** The code, but for the sign, of what is too large. */
  readonly overflow: number;
  /** The codes of a NaN: of one whose sign bit is clear, and of one whose sign bit is set. */
  readonly nan: readonly [clear: number, set: number];
  /** What the last bit of the mantissa is worth at each exponent. */
  readonly steps: readonly number[];
  readonly throughFloat32: boolean;
}

function describe(
  kind: SmallFloat["kind"],
  exponentBits: number,
  mantissaBits: number,
  bias: number,
  throughFloat32: boolean = true,
): SmallFloat {
  const sign = 2 ** (exponentBits + mantissaBits);
  const infinity = sign - 2 ** mantissaBits;
  const quiet = infinity + 2 ** (mantissaBits - 1);
  const steps = Array.from({ length: 2 ** exponentBits }, (_, at) => 2 ** (Math.max(at, 1) - bias - mantissaBits));
  const shared = { kind, mantissaBits, bias, sign, steps, throughFloat32 };
  switch (kind) {
    case "ieee":
      return { ...shared, largest: infinity - 1, overflow: infinity, nan: [quiet, sign | quiet] };
    case "fn":
      return { ...shared, largest: sign - 2, overflow: sign - 1, nan: [sign - 1, sign | (sign - 1)] };
    case "fnuz":
      return { ...shared, largest: sign - 1, overflow: sign, nan: [sign, sign] };
    case "finite":
      return { ...shared, largest: sign - 1, overflow: sign - 1, nan: [sign, 0] }; // zeros, as ml_dtypes has it
  }
}

/** The dtypes whose data are the codes of floats that have no array type everywhere. */
export type SmallFloatDType = Extract<DType, "float16" | "bfloat16" | `float8_${string}` | `float4_${string}`>;

const SMALL_FLOATS: Readonly<Record<SmallFloatDType, SmallFloat>> = {
  float16: describe("ieee", 5, 10, 15, false),
  bfloat16: describe("ieee", 8, 7, 127),
  float8_e5m2: describe("ieee", 5, 2, 15),
  float8_e4m3fn: describe("fn", 4, 3, 7),
  float8_e4m3fnuz: describe("fnuz", 4, 3, 8),
  float8_e4m3b11fnuz: describe("fnuz", 4, 3, 11),
  float8_e5m2fnuz: describe("fnuz", 5, 2, 16),
  float4_e2m1fn: describe("finite", 2, 1, 1),
};

/** Whether a tensor's data are the codes of small floats. */
export function isSmallFloat(tensor: Tensor): tensor is Tensor<SmallFloatDType> {
  return Object.hasOwn(SMALL_FLOATS, tensor.dtype);
}

/** Writes the numbers of `codes` to `to`. float32 holds each of them exactly. */
export function decodeSmallFloats(
  dtype: SmallFloatDType,
  codes: ArrayLike<number>,
  to: Float32Array | Float64Array,
): void {
  const format = SMALL_FLOATS[dtype];
  for (let index = 0; index < to.length; index++) to[index] = decode(format, codes[index] ?? 0);
}

/** Writes the codes of `numbers` to `to`. NaN becomes one whose sign bit is clear: numbers do not show it. */
export function encodeSmallFloats(
  dtype: SmallFloatDType,
  numbers: ArrayLike<number>,
  to: Uint8Array | Uint16Array,
): void {
  const format = SMALL_FLOATS[dtype];
  for (let index = 0; index < to.length; index++) to[index] = encode(format, numbers[index] ?? 0);
}

/** The code of a NaN whose sign bit is known. */
export function encodeNaN(dtype: SmallFloatDType, negative: boolean): number {
  return SMALL_FLOATS[dtype].nan[negative ? 1 : 0];
}

function decode({ kind, mantissaBits, sign, largest, overflow, steps }: SmallFloat, code: number): number {
  const magnitude = code & (sign - 1);
  const negative = (code & sign) !== 0;
  if (magnitude > largest)
    return kind !== "ieee" || magnitude !== overflow ? Number.NaN : negative ? -Infinity : Infinity;
  if (kind === "fnuz" && negative && magnitude === 0) return Number.NaN;
  const exponent = magnitude >> mantissaBits;
  const belowExponent = magnitude - (exponent << mantissaBits);
  const mantissa = exponent === 0 ? belowExponent : belowExponent + (1 << mantissaBits);
  const value = mantissa * (steps[exponent] ?? 0);
  return negative ? -value : value;
}

const FLOAT64 = new DataView(new ArrayBuffer(8));
const FLOAT64_BIAS = 1023;
/** From here to 2^53 the float64 are the whole numbers, so adding it rounds to nearest, ties to even. */
const WHOLE_NUMBERS = 2 ** 52;

function encode(format: SmallFloat, number: number): number {
  if (Number.isNaN(number)) return format.nan[0];
  const value = format.throughFloat32 ? Math.fround(number) : number;
  FLOAT64.setFloat64(0, value);
  const high = FLOAT64.getUint32(0);
  const sign = high >>> 31 === 0 ? 0 : format.sign;
  const exponent = Math.max(((high >>> 20) & 0x7ff) - FLOAT64_BIAS + format.bias, 1);
  const step = format.steps[exponent];
  if (step === undefined) return sign | format.overflow;
  // A mantissa that rounds up to the next power of two carries into the exponent, which is what the next code is.
  const mantissa = Math.abs(value) / step + WHOLE_NUMBERS - WHOLE_NUMBERS;
  const magnitude = ((exponent - 1) << format.mantissaBits) + mantissa;
  if (magnitude > format.largest) return sign | format.overflow;
  return magnitude === 0 && format.kind === "fnuz" ? 0 : sign | magnitude;
}
