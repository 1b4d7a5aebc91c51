import { DTYPES, type FixedDType } from "./dtype.ts";
import { elementCount, type Tensor } from "./tensor.ts";

/**
 * Tensors of fixed-length dtypes as bytes: row-major, little-endian, one byte for each element of 8 bits or fewer with its
 * unused high bits zero. That is what a tensor bundle stores and what hashes are taken over.
 */

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The tensor of `bytes`. Where the memory is aligned for the dtype and its elements are whole bytes, the data is a view of
 * `bytes`: nothing is copied. `bytes` is never written to. Throws a `RangeError` where its length is not that of the shape.
 */
export function fromBytes<D extends FixedDType>(
  dtype: D,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): Tensor<D>;
export function fromBytes(dtype: FixedDType, shape: readonly number[], bytes: Uint8Array<ArrayBuffer>): Tensor {
  const row = DTYPES[dtype];
  const length = elementCount(shape) * row.itemsize;
  if (bytes.length !== length) {
    throw new RangeError(`${dtype} of shape [${shape.join(", ")}] takes ${length} bytes, not ${bytes.length}`);
  }
  const asTheyAre = HOST_IS_LITTLE_ENDIAN && row.bits >= 8 && bytes.byteOffset % row.unit === 0;
  const own = asTheyAre ? bytes : new Uint8Array(bytes); // `slice` of a Node Buffer would not copy
  if (!HOST_IS_LITTLE_ENDIAN) swapBytes(own, row.unit);
  if (row.bits < 8) extendElements(own, row.bits, row.kind === "int");
  return row.view(shape, own.buffer, own.byteOffset);
}

/**
 * The bytes of a tensor. Where its memory holds them as they are, a view of its data: nothing is copied. Of elements below eight
 * bits only those bits count.
 */
export function toBytes(tensor: Tensor<FixedDType>): Uint8Array {
  const { buffer, byteOffset, byteLength } = tensor.data;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const { bits, unit } = DTYPES[tensor.dtype];
  if (bits < 8) return bytes.map((byte) => byte & ((1 << bits) - 1));
  return HOST_IS_LITTLE_ENDIAN || unit === 1 ? bytes : swapBytes(bytes.slice(), unit);
}

/** Turns every `unit` bytes around, in place. */
export function swapBytes<B extends Uint8Array>(bytes: B, unit: number): B {
  for (let start = 0; start + unit <= bytes.length; start += unit) {
    for (let low = start, high = start + unit - 1; low < high; low++, high--) {
      const byte = bytes[low] ?? 0;
      bytes[low] = bytes[high] ?? 0;
      bytes[high] = byte;
    }
  }
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
