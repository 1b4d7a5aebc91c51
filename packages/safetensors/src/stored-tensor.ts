import type { Source, WaitOptions } from "@modelbytes/bytes";
import {
  elementCount,
  type FixedDType,
  fromBytes,
  type Move,
  readRegion,
  runs,
  type Selection,
  select,
  type Tensor,
  type TensorInPieces,
  tooLarge,
} from "@modelbytes/tensor";
import { SAFETENSORS_DTYPES } from "./dtype.ts";
import type { StoredTensor } from "./header.ts";

/**
 * Tensors as a file has them: row-major, little-endian, which is what `fromBytes` takes. Only F4 is packed, two values in a byte; the
 * first is the low half, as PyTorch packs its `float4_e2m1fn_x2`.
 */

/** Something stored in a file. */
export interface Located {
  readonly source: Source;
  readonly stored: StoredTensor;
}

/** The tensor of its bytes. The caller has checked that its dtype is one of tensors. */
export function decodeStored({ dtype, shape }: StoredTensor, as: FixedDType, bytes: Uint8Array<ArrayBuffer>): Tensor {
  return fromBytes(as, shape, dtype === "F4" ? unpack(bytes) : bytes);
}

/** The part of a tensor that a selection names. Reads its bytes, and what is between those that lie near each other. */
export async function readSelected(
  { source, stored }: Located,
  as: FixedDType,
  selection: Selection,
  tensor: string,
  options: WaitOptions,
): Promise<Tensor> {
  const { dtype, shape, offset } = stored;
  const { start, count, shape: result } = select(selection, shape);
  const move = { fromShape: shape, fromStart: start, toShape: count, toStart: count.map(() => 0), count };
  if (dtype === "F4") return fromBytes(as, result, await readPackedRegion({ source, stored }, move, tensor, options));
  const itemsize = SAFETENSORS_DTYPES[dtype].bits / 8;
  return fromBytes(as, result, await readRegion({ source, offset, itemsize, tensor }, move, options));
}

/** Values that are packed, one to a byte: all bytes from the first to the last of them are read. */
async function readPackedRegion(
  { source, stored }: Located,
  move: Move,
  tensor: string,
  options: WaitOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const target = new Uint8Array(elementCount(move.count));
  const all = [...runs(move)];
  const last = all.at(-1);
  if (last === undefined) return target;
  const start = Math.floor((all[0]?.from ?? 0) / 2);
  const stop = Math.ceil((last.from + last.length) / 2);
  const values = unpack(await readBytes(source, stored.offset + start, stop - start, tensor, options));
  for (const { from, to, length } of all) target.set(values.subarray(from - 2 * start, from - 2 * start + length), to);
  return target;
}

/** Bytes that the header says are there. Throws an `UnsupportedError` (`"too-large"`) for more than the host can hold. */
export async function readBytes(
  source: Source,
  offset: number,
  length: number,
  tensor: string,
  options: WaitOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await source.read(offset, length, { signal: options.signal });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(length, { file: source.name, tensor, cause });
    throw cause;
  }
}

/** The values of packed bytes. */
export function unpack(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(2 * packed.length);
  for (const [index, byte] of packed.entries()) {
    values[2 * index] = byte & 0xf;
    values[2 * index + 1] = byte >> 4;
  }
  return values;
}

/** Two values to a byte: the way back. Of an odd number of values the last has its byte alone. */
export function pack(values: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: Math.ceil(values.length / 2) }, (_, index) => {
    return ((values[2 * index] ?? 0) & 0xf) | (((values[2 * index + 1] ?? 0) & 0xf) << 4);
  });
}

/** The same for values in pieces, of which a byte may end one and begin the next. */
export async function* packPieces(pieces: TensorInPieces["pieces"]): AsyncGenerator<Uint8Array, void, undefined> {
  let left: Uint8Array = new Uint8Array(0);
  for await (const piece of pieces) {
    const values = new Uint8Array(left.length + piece.length);
    values.set(left);
    values.set(piece, left.length);
    const even = values.length - (values.length % 2);
    left = values.subarray(even);
    yield pack(values.subarray(0, even));
  }
  yield pack(left);
}
