import { toNumbers } from "./numbers.ts";
import { elementCount, type Tensor } from "./tensor.ts";
import { toBytes } from "./tensor-bytes.ts";

/** How two tensors of one shape differ. */
export interface TensorDifference {
  /** Elements that differ. */
  readonly elements: number;
  /**
   * The largest distance of two elements, of complex numbers that of a part; 0 where only bits differ, as those of -0 and 0 do,
   * `Infinity` where a NaN or an infinity stands against another number, `undefined` for strings and variants.
   */
  readonly maxAbsDiff: number | undefined;
  /** The largest distance in relation to the larger of the two magnitudes, at most 2. */
  readonly maxRelDiff: number | undefined;
}

/** How tensors are compared. */
export interface CompareOptions {
  /**
   * How far apart equal numbers may be; a NaN is equal to any NaN then, and -0 to 0. By default elements are equal if their bits are,
   * or, of two dtypes, if their values are.
   */
  readonly tolerance?: number | undefined;
}

/**
 * How two tensors of one shape differ; `undefined` where they do not. Numbers of two dtypes are compared by their values. Throws a
 * `RangeError` for two shapes, and a `TypeError` where only one of the two holds numbers.
 */
export function differenceOf(a: Tensor, b: Tensor, { tolerance }: CompareOptions = {}): TensorDifference | undefined {
  if (a.shape.length !== b.shape.length || a.shape.some((dim, at) => dim !== b.shape[at])) {
    throw new RangeError(`[${a.shape.join(", ")}] and [${b.shape.join(", ")}] are two shapes`);
  }
  if (isText(a) || isText(b)) {
    if (isText(a) && isText(b)) return textDifference(a, b);
    throw new TypeError(`${a.dtype} and ${b.dtype} have nothing to compare`);
  }
  const [bytesOfA, bytesOfB] = [toBytes(a), toBytes(b)];
  if (a.dtype === b.dtype && sameBytes(bytesOfA, bytesOfB)) return undefined;
  if (isComplex(a) !== isComplex(b)) throw new TypeError(`${a.dtype} and ${b.dtype} have nothing to compare`);
  const parts = isComplex(a) ? 2 : 1;
  if (tolerance !== undefined) return compared(numbersOf(a), numbersOf(b), parts, (distance) => distance > tolerance);
  const width = a.dtype === b.dtype ? bytesOfA.length / elementCount(a.shape) : 0;
  const element = (bytes: Uint8Array, index: number) => bytes.subarray(index * width, (index + 1) * width);
  return compared(
    numbersOf(a),
    numbersOf(b),
    parts,
    (distance, index) => distance > 0 || !sameBytes(element(bytesOfA, index), element(bytesOfB, index)),
  );
}

/** The elements as numbers. Beyond 2^53 the exact value matters: those stay as they are. */
function numbersOf(tensor: Exclude<Tensor, Text>): ArrayLike<number> | ArrayLike<bigint> {
  if (isComplex(tensor)) return tensor.data;
  return tensor.dtype === "int64" || tensor.dtype === "uint64" ? tensor.data : toNumbers(tensor);
}

/** Compares numbers, of which `parts` are an element. `differs` judges an element by the distance of a part. */
function compared(
  a: ArrayLike<number> | ArrayLike<bigint>,
  b: ArrayLike<number> | ArrayLike<bigint>,
  parts: number,
  differs: (distance: number, element: number) => boolean,
): TensorDifference | undefined {
  let elements = 0;
  let maxAbsDiff = 0;
  let maxRelDiff = 0;
  let last = -1;
  for (let at = 0; at < a.length; at++) {
    const [one, other] = [a[at] ?? 0, b[at] ?? 0];
    const element = Math.floor(at / parts);
    const distance = distanceOf(one, other);
    if (!differs(distance, element)) continue;
    if (element !== last) elements++;
    last = element;
    maxAbsDiff = Math.max(maxAbsDiff, distance);
    const relative = distance / Math.max(Math.abs(Number(one)), Math.abs(Number(other)));
    if (relative > maxRelDiff) maxRelDiff = relative;
  }
  return elements === 0 ? undefined : { elements, maxAbsDiff, maxRelDiff };
}

/** How far apart two numbers are: two NaN, and two equal infinities, not at all. */
function distanceOf(a: number | bigint, b: number | bigint): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (typeof a === "bigint" && typeof b === "bigint") return Math.abs(Number(a - b));
  const distance = Math.abs(Number(a) - Number(b));
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

type Text = Tensor<"string"> | Tensor<"variant">;

function isText(tensor: Tensor): tensor is Text {
  return tensor.dtype === "string" || tensor.dtype === "variant";
}

function isComplex(tensor: Tensor): tensor is Tensor<"complex64"> | Tensor<"complex128"> {
  return tensor.dtype === "complex64" || tensor.dtype === "complex128";
}

function textDifference(a: Text, b: Text): TensorDifference | undefined {
  const elements = a.data.filter((element, at) => !sameBytes(element, b.data[at] ?? new Uint8Array(0))).length;
  return elements === 0 ? undefined : { elements, maxAbsDiff: undefined, maxRelDiff: undefined };
}

/** Whether bytes are the same; four at a time where both lie so that they can be. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let at = 0;
  if (a.length >= 64 && a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0) {
    const [wordsOfA, wordsOfB] = [words(a), words(b)];
    for (let word = 0; word < wordsOfA.length; word++) if (wordsOfA[word] !== wordsOfB[word]) return false;
    at = wordsOfA.length * 4;
  }
  for (; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}
