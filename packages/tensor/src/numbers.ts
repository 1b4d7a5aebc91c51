import { DTYPES, type DTypeRow, type RealDType } from "./dtype.ts";
import { decodeSmallFloats, encodeSmallFloats, isSmallFloat } from "./small-float.ts";
import { elementCount, type Tensor } from "./tensor.ts";

/**
 * The elements of a tensor as numbers, in a new array: small floats by their value, bool as 0 and 1, quantized dtypes as the
 * integers that they store. Throws a `RangeError` for an int64 or uint64 beyond ±(2^53 − 1), which no number tells from its
 * neighbours, and a `TypeError` for dtypes whose elements are not one real number each.
 */
export function toNumbers(tensor: Tensor): Float64Array<ArrayBuffer> {
  switch (tensor.dtype) {
    case "string":
      throw new TypeError("a string tensor holds no numbers: toText gives its elements as text, data as bytes");
    case "variant":
      throw new TypeError("a variant tensor holds no numbers: data has its elements as serialized messages");
    case "complex64":
    case "complex128":
      throw new TypeError(`an element of ${tensor.dtype} is two numbers: data has real and imaginary parts in turn`);
    case "int64":
    case "uint64":
      return safeNumbers(tensor);
    default: {
      if (!isSmallFloat(tensor)) return new Float64Array(tensor.data);
      const numbers = new Float64Array(tensor.data.length);
      decodeSmallFloats(tensor.dtype, tensor.data, numbers);
      return numbers;
    }
  }
}

function safeNumbers({ dtype, data }: Tensor<"int64" | "uint64">): Float64Array<ArrayBuffer> {
  const numbers = new Float64Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const number = Number(data[index]);
    if (!Number.isSafeInteger(number)) {
      throw new RangeError(`element ${index}, ${data[index]}, of ${dtype} is beyond 2^53: data has it as a bigint`);
    }
    numbers[index] = number;
  }
  return numbers;
}

/**
 * A tensor of new data made of numbers, the inverse of `toNumbers`. Float dtypes round to the nearest value, as numpy and
 * ml_dtypes do; the others take whole numbers of their range (bool 0 and 1) and nothing is wrapped or cut: throws a `RangeError`
 * that names the element that does not fit.
 */
export function fromNumbers<D extends RealDType>(
  dtype: D,
  shape: readonly number[],
  numbers: ArrayLike<number>,
): Tensor<D>;
export function fromNumbers(dtype: RealDType, shape: readonly number[], numbers: ArrayLike<number>): Tensor<RealDType> {
  const count = elementCount(shape);
  if (numbers.length !== count) {
    throw new RangeError(`${numbers.length} numbers for the ${count} elements of [${shape.join(", ")}]`);
  }
  const row = DTYPES[dtype];
  if (row.kind !== "float") checkWhole(row, numbers);
  const tensor = row.view(shape, new ArrayBuffer(count * row.itemsize), 0);
  if (tensor.dtype === "int64" || tensor.dtype === "uint64") {
    for (let index = 0; index < count; index++) tensor.data[index] = BigInt(numbers[index] ?? 0);
  } else if (isSmallFloat(tensor)) {
    encodeSmallFloats(tensor.dtype, numbers, tensor.data);
  } else {
    tensor.data.set(numbers);
  }
  return tensor;
}

function checkWhole({ name, kind, bits }: DTypeRow<RealDType>, numbers: ArrayLike<number>): void {
  const least = kind === "int" ? Math.max(-(2 ** (bits - 1)), Number.MIN_SAFE_INTEGER) : 0;
  const most = kind === "bool" ? 1 : Math.min(2 ** (kind === "int" ? bits - 1 : bits) - 1, Number.MAX_SAFE_INTEGER);
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] ?? Number.NaN;
    if (!Number.isInteger(number) || number < least || number > most) {
      throw new RangeError(
        `element ${index}, ${number}, is no ${name}: those are whole numbers from ${least} to ${most}`,
      );
    }
  }
}
