import { DTYPES, type DType } from "./dtype.ts";
import { fromNumbers } from "./numbers.ts";
import { decodeSmallFloats, encodeNaN, isSmallFloat, type SmallFloatDType } from "./small-float.ts";
import type { Tensor } from "./tensor.ts";

/** The dtypes of real floats, which `cast` turns into each other. */
export type FloatDType = SmallFloatDType | "float32" | "float64";

/** Whether a dtype is one of real floats. */
export function isFloat(dtype: DType): dtype is FloatDType {
  return DTYPES[dtype].kind === "float";
}

/**
 * The tensor in another float dtype: bit for bit what numpy's and ml_dtypes' `astype` give, NaNs included. In its own dtype it is
 * the tensor itself. Throws a `TypeError` for a tensor that is not of floats: `toNumbers` and `fromNumbers` convert those.
 */
export function cast<D extends FloatDType>(tensor: Tensor, dtype: D): Tensor<D>;
export function cast(tensor: Tensor, dtype: FloatDType): Tensor<FloatDType> {
  if (!isFloatTensor(tensor)) throw new TypeError(`cast takes tensors of floats, not of ${tensor.dtype}`);
  if (tensor.dtype === dtype) return tensor;
  const numbers = floatNumbers(tensor);
  const result = fromNumbers(dtype, tensor.shape, numbers);
  castNaNs(tensor, numbers, result);
  return result;
}

function isFloatTensor(tensor: Tensor): tensor is Tensor<FloatDType> {
  return isFloat(tensor.dtype);
}

/** The numbers of a tensor of floats, without a copy where they have an array already. */
function floatNumbers(tensor: Tensor<FloatDType>): Float32Array | Float64Array {
  if (!isSmallFloat(tensor)) return tensor.data;
  const numbers = new Float32Array(tensor.data.length);
  decodeSmallFloats(tensor.dtype, tensor.data, numbers);
  return numbers;
}

/** Numbers may lose the sign and the payload of a NaN, so these are cast as bits. */
function castNaNs(from: Tensor<FloatDType>, numbers: ArrayLike<number>, to: Tensor<FloatDType>): void {
  const fromBits = bitsOf(from);
  const toBits = bitsOf(to);
  for (let index = 0; index < numbers.length; index++) {
    if (!Number.isNaN(numbers[index])) continue;
    const bits = castNaN(from.dtype, to.dtype, BigInt(fromBits[index] ?? 0));
    if (toBits instanceof BigUint64Array) toBits[index] = bits;
    else toBits[index] = Number(bits);
  }
}

function bitsOf(tensor: Tensor<FloatDType>): Uint8Array | Uint16Array | Uint32Array | BigUint64Array {
  const { buffer, byteOffset, length } = tensor.data;
  if (tensor.dtype === "float64") return new BigUint64Array(buffer, byteOffset, length);
  if (tensor.dtype === "float32") return new Uint32Array(buffer, byteOffset, length);
  return tensor.data;
}

/** Bits of the mantissa where a NaN can carry a payload in it. The top one says that the NaN is quiet. */
const PAYLOAD_BITS: Readonly<Partial<Record<FloatDType, bigint>>> = {
  bfloat16: 7n,
  float16: 10n,
  float32: 23n,
  float64: 52n,
};
const QUIET = 1n << 51n;

/**
 * numpy keeps the high bits of the payload between float16, float32 and float64, and from bfloat16 to the latter two. Where it
 * lets the processor convert, to or from float64, that makes the NaN quiet. All else gives the one NaN of the new dtype.
 */
function castNaN(from: FloatDType, to: FloatDType, bits: bigint): bigint {
  const negative = bits >> BigInt(DTYPES[from].itemsize * 8 - 1) === 1n;
  if (to !== "float16" && to !== "float32" && to !== "float64") return BigInt(encodeNaN(to, negative));
  const fromBits = from === "bfloat16" && to === "float16" ? undefined : PAYLOAD_BITS[from];
  const toBits = PAYLOAD_BITS[to] ?? 0n;
  // as the payload of a float64
  let payload = fromBits === undefined ? QUIET : (bits & ((1n << fromBits) - 1n)) << (52n - fromBits);
  if (from !== "float16" && to !== "float16" && (from === "float64" || to === "float64")) payload |= QUIET;
  const sign = 1n << BigInt(DTYPES[to].itemsize * 8 - 1);
  const infinity = sign - (1n << toBits);
  return (negative ? sign : 0n) | infinity | (payload >> (52n - toBits) || 1n);
}
