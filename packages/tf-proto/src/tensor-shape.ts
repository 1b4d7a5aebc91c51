import { ByteWriter, type Place } from "@modelbytes/bytes";
import { appendInt64, int64, int64Length, type Message, readFields, sub } from "./wire.ts";

/**
 * `TensorShapeProto` (tensorflow/core/framework/tensor_shape.proto)
 *
 *     2 dim            repeated { 1 size int64, 2 name string }    a dimension of 0 is an empty message
 *     3 unknown_rank   bool
 */
export interface TensorShape {
  /** Sizes of the dimensions; −1 is unknown. A hostile file may hold any number. */
  readonly dims: readonly number[];
  readonly unknownRank: boolean;
}

/** The shape as it is written: whether it can be one is for the caller to say. Throws a `CorruptError` for bytes that are no message. */
export function decodeTensorShape(message: Message, place: Place = {}): TensorShape {
  const dims: number[] = [];
  let unknownRank = false;
  readFields(message, place, (tag, reader) => {
    if (tag === 0x12) dims.push(sub(reader, place, decodeDim));
    else if (tag === 0x18) unknownRank = reader.bool();
    else return false;
    return true;
  });
  return { dims, unknownRank };
}

function decodeDim(message: Message, place: Place): number {
  let size = 0;
  readFields(message, place, (tag, reader) => {
    if (tag !== 0x08) return false;
    size = int64(reader);
    return true;
  });
  return size;
}

/** A shape of known rank, without names. */
export function encodeTensorShape(dims: readonly number[]): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  appendDims(to, dims);
  return to.finish();
}

/** Appends a shape of known rank as a field of its own: its length, then its dimensions. */
export function appendTensorShape(to: ByteWriter, dims: readonly number[]): void {
  let length = 0;
  for (const size of dims) length += 2 + dimLength(size);
  to.varint(length);
  appendDims(to, dims);
}

function appendDims(to: ByteWriter, dims: readonly number[]): void {
  for (const size of dims) {
    to.uint8(0x12).uint8(dimLength(size));
    if (size !== 0) appendInt64(to.uint8(0x08), size);
  }
}

function dimLength(size: number): number {
  return size === 0 ? 0 : 1 + int64Length(size);
}
