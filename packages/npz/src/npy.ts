import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { type FixedDType, type Tensor, toBytes } from "@modelbytes/tensor";
import { describeDType } from "./descr.ts";
import { decodeElements, encodeStrings, stringSize } from "./elements.ts";
import { toRowMajor } from "./fortran.ts";
import { decodeNpyHeader, encodeNpyHeader, headLength, type ReadNpyOptions, type StoredNpy } from "./header.ts";

/** What `decodeNpy` is told of the file. */
export interface DecodeNpyOptions extends ReadNpyOptions {
  /** What errors call the file. */
  readonly name?: string | undefined;
}

/**
 * The array of a `.npy` file in memory. Its data is a view of `bytes` where that is possible. Throws a `CorruptError` or an
 * `UnsupportedError` as opening and reading do; one of these for bytes behind the array (`"npy-trailing"`), which NumPy passes over.
 */
export function decodeNpy(bytes: Uint8Array<ArrayBuffer>, options: DecodeNpyOptions = {}): Tensor {
  const place = { file: options.name ?? "(bytes)" };
  const head = bytes.subarray(0, headLength(bytes, bytes.length, place, options));
  const stored = decodeNpyHeader(head, bytes.length, place, options);
  const end = stored.dataOffset + stored.byteLength;
  if (end < bytes.length) throw trailing(end, bytes.length, place);
  return decodeArray(stored, stored.shape, bytes.subarray(stored.dataOffset), place);
}

/** The error of bytes behind an array. */
export function trailing(end: number, size: number, place: Place): CorruptError {
  const reason = `the array ends at byte ${end}, and the file at ${size}: another may follow, which numpy.load passes over`;
  return new CorruptError("npy-trailing", reason, { ...place, offset: end });
}

/** A region of an array, of this shape, of its bytes as the file has them. */
export function decodeArray(
  { element, fortranOrder }: StoredNpy,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
  place: Place,
): Tensor {
  const rows = fortranOrder && shape.length > 1 ? toRowMajor(bytes, shape, element.itemsize) : bytes;
  return decodeElements(element, shape, rows, place);
}

/** A `.npy` file of a tensor: its head, and the elements behind it. */
export interface EncodedNpy {
  readonly head: Uint8Array<ArrayBuffer>;
  /** A view of the tensor's data where that is possible. */
  readonly data: Uint8Array;
}

/**
 * The file that `numpy.save` writes for a tensor, byte for byte: strings as `|S`, dtypes of ml_dtypes as it writes them, quantized ones as
 * the integers that they store. Throws an `UnsupportedError` (`"npy-dtype"`) for variants and for strings that end in a NUL.
 */
export function encodeNpy(tensor: Tensor, name?: string): EncodedNpy {
  const place = { tensor: name };
  const { shape } = tensor;
  if (tensor.dtype === "variant") throw new UnsupportedError("npy-dtype", "NumPy has no arrays of variants", place);
  if (tensor.dtype === "string") {
    const size = stringSize(tensor);
    const head = encodeNpyHeader({ descr: `|S${size}`, fortranOrder: false, shape });
    return { head, data: encodeStrings(tensor, size, place) };
  }
  return { head: encodeFixedHead(tensor.dtype, shape), data: toBytes(tensor) };
}

/** The head of a file of a dtype of fixed length, as `numpy.save` writes it. */
export function encodeFixedHead(dtype: FixedDType, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  return encodeNpyHeader({ descr: describeDType(dtype), fortranOrder: false, shape });
}
