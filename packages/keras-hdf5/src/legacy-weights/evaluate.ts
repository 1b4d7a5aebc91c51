import {
  DTYPES,
  elementCount,
  type FixedDType,
  type FloatDType,
  fromBytes,
  fromNumbers,
  isFloat,
  isVarying,
  type Tensor,
  toBytes,
  toNumbers,
} from "@modelbytes/tensor";
import type { Formula, Rearranged } from "./formula.ts";

/**
 * The values of a formula, given the weights of the file. What the file has as it is needed is given as it is; the rest is new memory.
 *
 * Throws a `TypeError` for weights that are no numbers, or that have to be joined and are not of one dtype.
 */
export function evaluate(formula: Formula, weights: readonly Tensor[]): Tensor {
  const fixed = (of: Formula): Tensor<FixedDType> => {
    const tensor = evaluate(of, weights);
    if (isFixed(tensor)) return tensor;
    throw new TypeError(`weights of ${tensor.dtype} are not converted`);
  };
  switch (formula.op) {
    case "stored": {
      const tensor = weights[formula.index];
      if (tensor === undefined) throw new RangeError(`there is no weight ${formula.index}`);
      return tensor;
    }
    case "rearranged":
      return rearrange(fixed(formula.of), formula);
    case "reshaped": {
      const of = fixed(formula.of);
      return fromBytes(of.dtype, formula.shape, new Uint8Array(toBytes(of)));
    }
    case "joined":
      return join(formula.parts.map(fixed), formula.shape);
    case "halves-summed":
      return ofNumbers(fixed(formula.of), formula.shape, (numbers) => {
        const [half = 0] = formula.shape;
        return Float64Array.from({ length: half }, (_, index) => (numbers[index] ?? 0) + (numbers[half + index] ?? 0));
      });
    case "halved":
      return ofNumbers(fixed(formula.of), formula.shape, (numbers) => numbers.map((number) => number / 2));
  }
}

function isFixed(tensor: Tensor): tensor is Tensor<FixedDType> {
  return !isVarying(tensor.dtype);
}

function isFloats(tensor: Tensor): tensor is Tensor<FloatDType> {
  return isFloat(tensor.dtype);
}

/** float64 has more than twice the digits of all smaller floats, so that rounding its sums to these is as rounding once. */
function ofNumbers(
  tensor: Tensor<FixedDType>,
  shape: readonly number[],
  compute: (numbers: Float64Array) => Float64Array,
): Tensor<FixedDType> {
  if (!isFloats(tensor)) throw new TypeError(`a bias of ${tensor.dtype} is not converted`);
  return fromNumbers(tensor.dtype, shape, compute(toNumbers(tensor)));
}

/** Elements of any dtype as the largest words that they are made of. */
function wordsOf(bytes: Uint8Array, itemsize: number): Uint8Array | Uint16Array | Uint32Array {
  if (itemsize === 1) return bytes;
  const word = Math.min(4, itemsize);
  const { buffer, byteOffset, length } = bytes.byteOffset % word === 0 ? bytes : new Uint8Array(bytes);
  return word === 2 ? new Uint16Array(buffer, byteOffset, length / 2) : new Uint32Array(buffer, byteOffset, length / 4);
}

function rearrange(from: Tensor<FixedDType>, { shape, start, strides }: Rearranged): Tensor<FixedDType> {
  const { itemsize } = DTYPES[from.dtype];
  const bytes = new Uint8Array(elementCount(shape) * itemsize);
  const source = wordsOf(toBytes(from), itemsize);
  const target = wordsOf(bytes, itemsize);
  const words = Math.ceil(itemsize / 4);
  let at = 0;
  const copy = (axis: number, element: number): void => {
    const size = shape[axis] ?? 0;
    const stride = strides[axis] ?? 0;
    for (let index = 0; index < size; index++, element += stride) {
      if (axis < shape.length - 1) copy(axis + 1, element);
      else for (let word = 0; word < words; word++) target[at++] = source[element * words + word] ?? 0;
    }
  };
  copy(0, start);
  return fromBytes(from.dtype, shape, bytes);
}

function join(parts: readonly Tensor<FixedDType>[], shape: readonly number[]): Tensor<FixedDType> {
  const [first] = parts;
  if (first === undefined) throw new RangeError("nothing to join");
  const other = parts.find(({ dtype }) => dtype !== first.dtype);
  if (other !== undefined) throw new TypeError(`weights of ${first.dtype} and ${other.dtype} are not joined`);
  const { itemsize } = DTYPES[first.dtype];
  const rowBytes = (shape.at(-1) ?? 0) * itemsize;
  const rows = elementCount(shape.slice(0, -1));
  const bytes = new Uint8Array(rows * rowBytes);
  let column = 0;
  for (const part of parts) {
    const from = toBytes(part);
    const length = (part.shape.at(-1) ?? 0) * itemsize;
    for (let row = 0; row < rows; row++) {
      bytes.set(from.subarray(row * length, (row + 1) * length), row * rowBytes + column);
    }
    column += length;
  }
  return fromBytes(first.dtype, shape, bytes);
}
