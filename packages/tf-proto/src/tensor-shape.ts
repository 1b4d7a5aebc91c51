import { ByteWriter, type Place } from "@modelbytes/bytes";
import { appendInt64, END, int64Length, type MessageReader, readMessage } from "./wire.ts";

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
export function decodeTensorShape(message: Uint8Array, place: Place = {}): TensorShape {
  return readMessage(readTensorShape, message, place);
}

export function readTensorShape(reader: MessageReader): TensorShape {
  const dims: number[] = [];
  let unknownRank = false;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x12) dims.push(reader.message(readDim));
    else if (tag === 0x18) unknownRank = reader.bool();
  }
  return { dims: dims.slice(), unknownRank }; // engines make room for more in an array that grows, and there may be millions
}

function readDim(reader: MessageReader): number {
  let size = 0;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) if (tag === 0x08) size = reader.int64();
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
