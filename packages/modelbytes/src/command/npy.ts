import { UnsupportedError } from "@modelbytes/bytes";
import type { DType, TensorEntry } from "@modelbytes/tensor";

/**
 * The head of a `.npy` file, byte for byte as `numpy.save` of numpy 1.23 and later writes it; canonical bytes follow.
 *
 *     93 "NUMPY" 01 00   uint16 length   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   spaces   0A
 *                                        └── from here, `length` bytes; everything together is a multiple of 64 ──┘
 *
 * Before the spaces that align come so many that the first dimension could grow to 21 digits in place.
 */
const MAGIC = "\u0093NUMPY\u0001\u0000";
const ALIGNMENT = 64;
const LENGTH_BYTES = 2;
const GROWN_DIGITS = 21;

/** numpy's names of the dtypes that it can hold. Quantized dtypes are the integers that they store. */
const DESCRIPTIONS: Readonly<Partial<Record<DType, string>>> = {
  float16: "<f2",
  float32: "<f4",
  float64: "<f8",
  int8: "|i1",
  int16: "<i2",
  int32: "<i4",
  int64: "<i8",
  uint8: "|u1",
  uint16: "<u2",
  uint32: "<u4",
  uint64: "<u8",
  bool: "|b1",
  complex64: "<c8",
  complex128: "<c16",
  qint8: "|i1",
  quint8: "|u1",
  qint16: "<i2",
  quint16: "<u2",
  qint32: "<i4",
};

/** Throws an `UnsupportedError` for a dtype that numpy has not, or stores only as Python objects. */
export function npyHeader({ dtype, shape }: Pick<TensorEntry, "dtype" | "shape">, tensor?: string): Uint8Array {
  const description = DESCRIPTIONS[dtype];
  if (description === undefined) {
    const other = dtype === "variant" ? ".bin" : ".json or .bin";
    throw new UnsupportedError("npy-dtype", `a .npy file cannot hold ${dtype}: save it as ${other}`, { tensor });
  }
  const [first] = shape;
  const dims = shape.length === 1 ? `${first},` : shape.join(", ");
  const growth = first === undefined ? "" : " ".repeat(Math.max(GROWN_DIGITS - String(first).length, 0));
  const fields = `{'descr': '${description}', 'fortran_order': False, 'shape': (${dims}), }${growth}`;
  const length = fields.length + 1;
  const padding = ALIGNMENT - ((MAGIC.length + LENGTH_BYTES + length) % ALIGNMENT);
  const size = length + padding;
  const text = `${MAGIC}${String.fromCharCode(size & 0xff, size >> 8)}${fields}${" ".repeat(padding)}\n`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
