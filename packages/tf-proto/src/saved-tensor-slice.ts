import { decodeName, type Place } from "@modelbytes/bytes";
import { readVersion, type Version } from "./bundle.ts";
import { readTensorProto, type TensorProto } from "./tensor-proto.ts";
import { readTensorShape, type TensorShape } from "./tensor-shape.ts";
import { readTensorSlice, type TensorSlice } from "./tensor-slice.ts";
import { END, type MessageReader, readMessage } from "./wire.ts";

/**
 * The values of a V1 checkpoint's table (tensorflow/core/util/saved_tensor_slice.proto). The key "" has the meta, every other key
 * the data of one slice.
 *
 *     SavedTensorSlices      1 meta SavedTensorSliceMeta   2 data SavedSlice
 *     SavedTensorSliceMeta   1 tensor repeated SavedSliceMeta   2 versions VersionDef
 *     SavedSliceMeta         1 name   2 shape TensorShapeProto   3 type enum   4 slice repeated TensorSliceProto
 *     SavedSlice             1 name   2 slice TensorSliceProto   3 data TensorProto, without dtype and shape
 */
export interface SavedTensorSlices {
  readonly meta: SavedTensorSliceMeta | undefined;
  readonly data: SavedSlice | undefined;
}

/** What a file of a V1 checkpoint holds. */
export interface SavedTensorSliceMeta {
  readonly tensors: readonly SavedSliceMeta[];
  readonly versions: Version | undefined;
}

/** One tensor: its whole shape, and which parts of it are in this file. */
export interface SavedSliceMeta {
  readonly name: string;
  readonly shape: TensorShape;
  /** TensorFlow's number of the dtype. */
  readonly type: number;
  readonly slices: readonly TensorSlice[];
}

/** One part of a tensor. */
export interface SavedSlice {
  readonly name: string;
  readonly slice: TensorSlice;
  /** Values alone: dtype and shape are the meta's. */
  readonly data: TensorProto | undefined;
}

/** A value of a V1 table: its meta, or data of a tensor. Throws a `CorruptError` for bytes that are no message. */
export function decodeSavedTensorSlices(message: Uint8Array, place: Place = {}): SavedTensorSlices {
  return readMessage(readSavedTensorSlices, message, place);
}

function readSavedTensorSlices(reader: MessageReader): SavedTensorSlices {
  let meta: SavedTensorSliceMeta | undefined;
  let data: SavedSlice | undefined;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) meta = reader.message(readMeta);
    else if (tag === 0x12) data = reader.message(readSlice);
  }
  return { meta, data };
}

function readMeta(reader: MessageReader): SavedTensorSliceMeta {
  const tensors: SavedSliceMeta[] = [];
  let versions: Version | undefined;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) tensors.push(reader.message(readSliceMeta));
    else if (tag === 0x12) versions = reader.message(readVersion);
  }
  return { tensors, versions };
}

function readSliceMeta(reader: MessageReader): SavedSliceMeta {
  let name = "";
  let shape: TensorShape = { dims: [], unknownRank: false };
  let type = 0;
  const slices: TensorSlice[] = [];
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) name = decodeName(reader.view());
    else if (tag === 0x12) shape = reader.message(readTensorShape);
    else if (tag === 0x18) type = reader.int32();
    else if (tag === 0x22) slices.push(reader.message(readTensorSlice));
  }
  return { name, shape, type, slices };
}

function readSlice(reader: MessageReader): SavedSlice {
  let name = "";
  let slice: TensorSlice = [];
  let data: TensorProto | undefined;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) name = decodeName(reader.view());
    else if (tag === 0x12) slice = reader.message(readTensorSlice);
    else if (tag === 0x1a) data = reader.message(readTensorProto);
  }
  return { name, slice, data };
}
