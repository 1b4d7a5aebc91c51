import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { DTYPES, elementCount, fromBytes, swapBytes, type Tensor } from "@modelbytes/tensor";
import type { StoredElement } from "./descr.ts";

/** Strings of no bytes take no room in a file, so nothing but this bounds how many it may claim. */
const MOST_EMPTY = 2 ** 24;

/**
 * The tensor of elements as they are stored, row-major. Data is a view of `bytes` where that is possible. Strings are views of them
 * without the NULs at their end, which NumPy takes for padding; text becomes UTF-8.
 */
export function decodeElements(
  element: StoredElement,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
  place: Place,
): Tensor {
  if (element.kind === "fixed") {
    const { dtype, bigEndian } = element;
    const { unit } = DTYPES[dtype];
    return fromBytes(dtype, shape, bigEndian && unit > 1 ? swapBytes(new Uint8Array(bytes), unit) : bytes);
  }
  const { itemsize } = element;
  const count = elementCount(shape);
  if (itemsize === 0 && count > MOST_EMPTY) {
    throw new UnsupportedError("too-large", `${count} strings of no bytes are more than any array has`, place);
  }
  const data = Array.from({ length: count }, (_, index) => {
    const stored = bytes.subarray(index * itemsize, (index + 1) * itemsize);
    return element.kind === "bytes" ? withoutPadding(stored) : toUtf8(stored, element.bigEndian, index, place);
  });
  return { dtype: "string", shape, data };
}

function withoutPadding(stored: Uint8Array): Uint8Array {
  let end = stored.length;
  while (end > 0 && stored[end - 1] === 0) end--;
  return stored.subarray(0, end);
}

function toUtf8(stored: Uint8Array, bigEndian: boolean, index: number, place: Place): Uint8Array {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  let text = "";
  let end = stored.length;
  while (end > 0 && view.getUint32(end - 4) === 0) end -= 4;
  for (let at = 0; at < end; at += 4) {
    const point = view.getUint32(at, !bigEndian);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      throw new CorruptError(
        "npy-text",
        `element ${index} has U+${point.toString(16).toUpperCase()}, no character`,
        place,
      );
    }
    text += String.fromCodePoint(point);
  }
  return new TextEncoder().encode(text);
}

/** The bytes of an element of `|S`: of the longest string, and one at least. */
export function stringSize(tensor: Tensor<"string">): number {
  return tensor.data.reduce((most, { length }) => Math.max(most, length), 1);
}

/** Strings as `|S` of `itemsize` bytes has them. Throws an `UnsupportedError` (`"npy-dtype"`) for one that ends in NULs. */
export function encodeStrings({ data }: Tensor<"string">, itemsize: number, place: Place): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.length * itemsize);
  for (const [index, element] of data.entries()) {
    if (element.at(-1) === 0) {
      const reason = `element ${index} ends in a NUL, which NumPy takes for padding: it would be lost`;
      throw new UnsupportedError("npy-dtype", reason, place);
    }
    bytes.set(element, index * itemsize);
  }
  return bytes;
}
