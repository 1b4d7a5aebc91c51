import {
  copyRegion,
  DTYPES,
  elementCount,
  fromBytes,
  type Move,
  type Region,
  type Run,
  runs,
  type Tensor,
  toBytes,
} from "@modelbytes/tensor";
import type { TensorSlice } from "@modelbytes/tf-proto";

/** What moves a region of a tensor of `shape` into a tensor of its own. */
export function regionMove(shape: readonly number[], { start, count }: Region): Move {
  return { fromShape: shape, fromStart: start, toShape: count, toStart: start.map(() => 0), count };
}

/** The run of a move, if there is one and no other. */
export function onlyRun(move: Move): Run | undefined {
  const all = runs(move);
  const [first, second] = [all.next(), all.next()];
  return first.done !== true && second.done === true ? first.value : undefined;
}

/** A region of a tensor as a tensor of its own. */
export function regionTensor(tensor: Tensor, region: Region): Tensor {
  const { count } = region;
  const move = regionMove(tensor.shape, region);
  if (tensor.dtype === "string" || tensor.dtype === "variant") {
    return { dtype: tensor.dtype, shape: count, data: elements(tensor.data, move) };
  }
  const { itemsize } = DTYPES[tensor.dtype];
  const bytes = new Uint8Array(elementCount(count) * itemsize);
  copyRegion(move, toBytes(tensor), bytes, itemsize);
  return fromBytes(tensor.dtype, count, bytes);
}

function elements(data: readonly Uint8Array[], move: Move): Uint8Array[] {
  const result: Uint8Array[] = [];
  for (const { from, length } of runs(move))
    for (const element of data.slice(from, from + length)) result.push(element);
  return result;
}

/** A region as TensorFlow names the ones that it cuts: start and length along each dimension, even of a whole one. */
export function explicitSlice({ start, count }: Region): TensorSlice {
  return start.map((first, dim) => ({ start: first, length: count[dim] ?? 0 }));
}
