import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { checkedElementCount } from "@modelbytes/tensor";
import { type StoredElement, toElement } from "./descr.ts";
import { type PythonLiteral, parseLiteral } from "./literal.ts";

/**
 * The head of a `.npy` file. The elements follow, row-major or column-major.
 *
 *     93 "NUMPY" 01 00   uint16 length   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   spaces   0A
 *                                        └── from here, `length` bytes; everything together is a multiple of 64 ──┘
 *
 * Version 2.0 has a uint32 for the length, version 3.0 as well, and its text is UTF-8, not Latin 1. Before the spaces that align come so
 * many that the dimension along which the array grows could have 21 digits.
 */
const MAGIC: Uint8Array = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
const ALIGNMENT = 64;
const GROWN_DIGITS = 21;

/** The longest header that NumPy reads unless it is told to, in characters. */
export const MOST_HEADER_CHARACTERS = 10_000;

/** The most dimensions of an array of NumPy 2; of earlier versions 32. */
const MOST_DIMENSIONS = 64;

/** Bytes that are enough for the header of nearly every array. */
export const FIRST_BYTES = 256;

/** A header. */
export interface NpyHeader {
  /** The dtype as NumPy describes it. */
  readonly descr: string;
  /** Whether the first index is the one that changes fastest. */
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** A header that was read. */
export interface StoredNpy extends NpyHeader {
  /** The version of the format, as `"1.0"`. */
  readonly version: string;
  readonly element: StoredElement;
  /** Bytes from the start of the file to the elements. */
  readonly dataOffset: number;
  /** Bytes of all elements. */
  readonly byteLength: number;
}

/** How headers are read. */
export interface ReadNpyOptions {
  /** The longest header that is read, in characters. Default: 10,000, as NumPy has it. */
  readonly maxHeaderCharacters?: number | undefined;
}

/** Whether bytes begin as a `.npy` file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/**
 * Bytes of the head of a file, told from its first 12 bytes, or from all where there are fewer. Throws a `CorruptError` for what is no
 * `.npy` file (`"npy-magic"`) and for one that ends before its head does (`"npy-truncated"`), an `UnsupportedError` for a version of the
 * future (`"npy-version"`) and for a header that is too long (`"npy-header-length"`).
 */
export function headLength(bytes: Uint8Array, fileSize: number, place: Place, options: ReadNpyOptions = {}): number {
  if (!isNpy(bytes)) throw new CorruptError("npy-magic", "this is no .npy file", { ...place, offset: 0 });
  const [major = 0, minor = 0] = bytes.subarray(MAGIC.length);
  const start = startOfText(major);
  if (bytes.length < Math.min(start, 8)) throw truncated(fileSize, place);
  if (major < 1 || major > 3 || minor !== 0) {
    throw new UnsupportedError(
      "npy-version",
      `version ${major}.${minor} of the format is none of 1.0, 2.0 and 3.0`,
      place,
    );
  }
  if (bytes.length < start) throw truncated(fileSize, place);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const { maxHeaderCharacters = MOST_HEADER_CHARACTERS } = options;
  // a character of UTF-8 takes up to four bytes
  if (length > maxHeaderCharacters * (major === 3 ? 4 : 1)) throw tooLong(length, place);
  if (start + length > fileSize) throw truncated(fileSize, place);
  return start + length;
}

function startOfText(major: number): number {
  return major === 1 ? 10 : 12;
}

function truncated(fileSize: number, place: Place): CorruptError {
  return new CorruptError("npy-truncated", `the file ends at byte ${fileSize}, inside of its header`, {
    ...place,
    offset: 0,
  });
}

function tooLong(length: number, place: Place): UnsupportedError {
  const reason = `a header of ${length} characters is longer than any; \`maxHeaderCharacters\` allows it`;
  return new UnsupportedError("npy-header-length", reason, { ...place, offset: 8 });
}

/**
 * Reads the head of a file, `head`, as long as `headLength` says. Throws a `CorruptError` for a header that is not as above
 * (`"npy-header"`) and for an array that is longer than the file (`"npy-size"`), an `UnsupportedError` for a dtype that is none of tensors.
 */
export function decodeNpyHeader(
  head: Uint8Array,
  fileSize: number,
  place: Place,
  options: ReadNpyOptions = {},
): StoredNpy {
  const [major = 0, minor = 0] = head.subarray(MAGIC.length);
  const start = startOfText(major);
  const corrupt = (reason: string, at = 0) =>
    new CorruptError("npy-header", `the header is not as it should be: ${reason}`, { ...place, offset: start + at });
  const text = decodeText(head.subarray(start), major === 3, corrupt);
  const { maxHeaderCharacters = MOST_HEADER_CHARACTERS } = options;
  if (text.length > maxHeaderCharacters) throw tooLong(text.length, place);
  const fields = parseLiteral(text, major < 3, corrupt);
  if (fields.kind !== "dict") throw corrupt("it is no dictionary");
  const description = fields.items.get("descr");
  const order = fields.items.get("fortran_order");
  const shape = dimsOf(fields.items.get("shape"));
  if (description === undefined || order?.kind !== "bool" || shape === undefined || fields.items.size > 3) {
    throw corrupt("its keys are descr, fortran_order (True or False) and shape (a tuple of whole numbers)");
  }
  if (shape.length > MOST_DIMENSIONS) throw corrupt(`NumPy has no arrays of ${shape.length} dimensions`);
  const element = toElement(description, place);
  const count = checkedElementCount(shape);
  const byteLength = count === undefined ? undefined : count * element.itemsize;
  const there = fileSize - head.length;
  if (byteLength === undefined || byteLength > there) {
    const what = `${describe(description)} of shape [${shape.join(", ")}] takes ${byteLength ?? "more than 2^53"} bytes`;
    throw new CorruptError("npy-size", `${what}, and the file has ${there}`, { ...place, offset: head.length });
  }
  return {
    descr: describe(description),
    fortranOrder: order.value,
    shape,
    version: `${major}.${minor}`,
    element,
    dataOffset: head.length,
    byteLength,
  };
}

function decodeText(bytes: Uint8Array, utf8: boolean, corrupt: (reason: string) => Error): string {
  if (!utf8) return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw corrupt("it is not UTF-8");
  }
}

function dimsOf(shape: PythonLiteral | undefined): number[] | undefined {
  if (shape?.kind !== "tuple") return undefined;
  const dims = shape.items.flatMap((dim) => (dim.kind === "int" ? [dim.value] : []));
  return dims.length === shape.items.length ? dims : undefined;
}

function describe(description: PythonLiteral): string {
  return description.kind === "string" ? description.value : description.kind;
}

/**
 * The head of a file, byte for byte as `numpy.save` of NumPy 1.23 and later writes it: always version 1.0, whose length is enough. Throws
 * a `RangeError` for more than 64 dimensions, which NumPy does not have.
 */
export function encodeNpyHeader({ descr, fortranOrder, shape }: NpyHeader): Uint8Array<ArrayBuffer> {
  if (shape.length > MOST_DIMENSIONS) throw new RangeError(`NumPy has no arrays of ${shape.length} dimensions`);
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const growing = fortranOrder ? shape.at(-1) : shape[0];
  const growth = growing === undefined ? "" : " ".repeat(Math.max(GROWN_DIGITS - String(growing).length, 0));
  const order = fortranOrder ? "True" : "False";
  const fields = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${dims}), }${growth}`;
  const start = startOfText(1);
  const padding = ALIGNMENT - ((start + fields.length + 1) % ALIGNMENT);
  const text = `${fields}${" ".repeat(padding)}\n`;
  const bytes = new Uint8Array(start + text.length);
  bytes.set(MAGIC);
  bytes[6] = 1;
  new DataView(bytes.buffer).setUint16(8, text.length, true);
  bytes.set(new TextEncoder().encode(text), start);
  return bytes;
}
