// NumPy's numbers and arrays in YAML, which came into configurations as they were: `epsilon=np.float32(1e-3)`, and every ReLU of Keras 2,
// whose limits are arrays without dimensions.
//
//     !!python/object/apply:numpy.core.multiarray.scalar             a type and its bytes
//     - &id001 !!python/object/apply:numpy.dtype
//       args: [f4, false, true]
//       state: !!python/tuple [3, <, null, null, null, -1, -1, 0]
//     - !!binary |
//       AACAPw==
//
//     !!python/object/apply:numpy.core.multiarray._reconstruct
//     args: [!!python/name:numpy.ndarray '', !!python/tuple [0], !!binary "Yg=="]
//     state: !!python/tuple [1, !!python/tuple [], *id001, false, !!binary "AACAPw=="]      version, shape, type, Fortran's order, bytes

import { isPyDict, isPyInt, isPyList, isPyTuple, type PyDict, type PyValue, pyFloat, pyInt } from "../value.ts";
import { PyDictObject, PyFloatObject, PyIntObject, PyListObject } from "./object.ts";
import { YamlTrouble } from "./trouble.ts";

/** The tags of NumPy, before version 2 and since. */
const SCALAR_TAG = /^python\/object\/apply:numpy\._?core\.multiarray\.scalar$/;
const ARRAY_TAG = /^python\/object\/apply:numpy\._?core\.multiarray\._reconstruct$/;
const DTYPE_TAG = "python/object/apply:numpy.dtype";
/** The class of arrays, which is an argument of an array, and nothing else. */
export const NDARRAY_TAG = "python/name:numpy.ndarray";

/** As many as NumPy 2 has. */
const MAX_DIMENSIONS = 64;

/** What the bytes of each type are. */
const READERS: Readonly<Record<string, (view: DataView, at: number, little: boolean) => PyValue>> = {
  b1: (view, at) => view.getUint8(at) !== 0,
  i1: (view, at) => pyInt(view.getInt8(at)),
  i2: (view, at, little) => pyInt(view.getInt16(at, little)),
  i4: (view, at, little) => pyInt(view.getInt32(at, little)),
  i8: (view, at, little) => pyInt(view.getBigInt64(at, little)),
  u1: (view, at) => pyInt(view.getUint8(at)),
  u2: (view, at, little) => pyInt(view.getUint16(at, little)),
  u4: (view, at, little) => pyInt(view.getUint32(at, little)),
  u8: (view, at, little) => pyInt(view.getBigUint64(at, little)),
  f4: (view, at, little) => pyFloat(view.getFloat32(at, little)),
  f8: (view, at, little) => pyFloat(view.getFloat64(at, little)),
};

/** Whether a tag is that of an array. */
export function isArrayTag(tag: string): boolean {
  return ARRAY_TAG.test(tag);
}

/**
 * What NumPy's tags stand for: a number, a bool, lists of them, or the type of numbers, which is a dict of its own arguments.
 *
 * @returns undefined for any other tag.
 * @throws YamlTrouble for a type that has no numbers, and for bytes that do not fit.
 */
export function constructNumpy(tag: string, content: readonly PyValue[] | PyDict): PyValue | undefined {
  if (isPyDict(content)) {
    if (tag === DTYPE_TAG) return new PyDictObject(tag, content, content);
    return ARRAY_TAG.test(tag) ? toArray(tag, content) : undefined;
  }
  if (!SCALAR_TAG.test(tag)) return undefined;
  const [dtype, data] = content;
  const [number] = toNumbers(dtype, data, 1);
  return withClass(tag, number, content);
}

function toArray(tag: string, content: PyDict): PyValue {
  const [, shape, dtype, fortran, data] = itemsOf(content.get("state"));
  const sizes = itemsOf(shape).map((size) => (isPyInt(size) ? size.toNumber() : Number.NaN));
  const isPlain = sizes.length <= MAX_DIMENSIONS && sizes.every((size) => size > 0) && fortran === false;
  if (!isPlain)
    throw new YamlTrouble(
      `an array of NumPy that is empty, in Fortran's order, or of more than ${MAX_DIMENSIONS} dimensions`,
      "yaml-tag",
    );
  const numbers = toNumbers(
    dtype,
    data,
    sizes.reduce((count, size) => count * size, 1),
  );
  if (sizes.length === 0) return withClass(tag, numbers[0], content);
  return new PyListObject(tag, nest(numbers, sizes), content);
}

/** Numbers as lists in lists, the last size being that of the innermost. */
function nest(numbers: readonly PyValue[], sizes: readonly number[]): readonly PyValue[] {
  const [outer = 1, ...inner] = sizes;
  if (inner.length === 0) return numbers;
  const length = numbers.length / outer;
  return Array.from({ length: outer }, (_, row) => nest(numbers.slice(row * length, (row + 1) * length), inner));
}

/** The number with what it was made of; a bool has no place for that. */
function withClass(tag: string, number: PyValue | undefined, content: PyValue): PyValue {
  if (number === undefined || number === null || typeof number !== "object" || !("text" in number))
    return number ?? null;
  return isPyInt(number) ? new PyIntObject(tag, number.text, content) : new PyFloatObject(tag, number.text, content);
}

/** `count` numbers of a type from its bytes; Python 2 wrote bytes as text. */
function toNumbers(dtype: PyValue | undefined, data: PyValue | undefined, count: number): readonly PyValue[] {
  if (!(dtype instanceof PyDictObject) || dtype.tag !== DTYPE_TAG)
    throw new YamlTrouble("numbers of NumPy without their dtype");
  const [name] = itemsOf(dtype.get("args"));
  const [, order] = itemsOf(dtype.get("state"));
  const read = typeof name === "string" && Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (typeof name !== "string" || read === undefined)
    throw new YamlTrouble("numbers of a dtype of NumPy that is not read", "yaml-tag");
  const bytes = typeof data === "string" ? Uint8Array.from(data, (character) => character.charCodeAt(0)) : data;
  const size = Number(name.slice(1));
  if (!(bytes instanceof Uint8Array) || bytes.length !== count * size)
    throw new YamlTrouble(`bytes that are not ${count} ${name}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, index) => read(view, index * size, order !== ">"));
}

function itemsOf(value: PyValue | undefined): readonly PyValue[] {
  return isPyTuple(value) ? value.items : isPyList(value) ? value : [];
}
