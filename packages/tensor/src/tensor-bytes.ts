import { DTYPES, type FixedDType } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Tensors of fixed-length dtypes as bytes: row-major, little-endian, one byte for each element of 8 bits or fewer with its
 * unused high bits zero. That is what a tensor bundle stores and what hashes are taken over.
 */

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The tensor of `bytes`. Where the memory is aligned for the dtype and its elements are whole bytes, the data is a view of
 * `bytes`: nothing is copied. `bytes.length` is the shape's element count times the dtype's `itemsize`; the caller has checked.
 */
export function fromBytes(dtype: FixedDType, shape: readonly number[], bytes: Uint8Array<ArrayBuffer>): Tensor {
  const row = DTYPES[dtype];
  const aligned = bytes.byteOffset % row.unit === 0 && HOST_IS_LITTLE_ENDIAN && row.bits >= 8;
  const own = aligned ? bytes : bytes.slice();
  if (!HOST_IS_LITTLE_ENDIAN) swapBytes(own, row.unit);
  if (row.bits < 8) extendElements(own, row.bits, dtype.startsWith("int"));
  return row.view(shape, own.buffer, own.byteOffset);
}

/** The bytes of a tensor. Where its memory holds them as they are, a view of its data: nothing is copied. */
export function toBytes(tensor: Tensor<FixedDType>): Uint8Array {
  const { buffer, byteOffset, byteLength } = tensor.data;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const { bits, unit } = DTYPES[tensor.dtype];
  if (bits < 8) return bytes.map((byte) => byte & ((1 << bits) - 1));
  return HOST_IS_LITTLE_ENDIAN || unit === 1 ? bytes : swapBytes(bytes.slice(), unit);
}

/** Turns every `unit` bytes around, in place. */
export function swapBytes<B extends Uint8Array>(bytes: B, unit: number): B {
  if (unit === 1) return bytes;
  for (let start = 0; start + unit <= bytes.length; start += unit) bytes.subarray(start, start + unit).reverse();
  return bytes;
}

/** Gives the low `bits` of each byte their meaning as a whole number of eight bits, in place. */
function extendElements(bytes: Uint8Array, bits: number, signed: boolean): void {
  const shift = 32 - bits;
  for (let index = 0; index < bytes.length; index++) {
    const high = (bytes[index] ?? 0) << shift;
    bytes[index] = signed ? high >> shift : high >>> shift;
  }
}
