import { decodeName, type Place } from "@modelbytes/bytes";
import { decodeVersion, type Version } from "./bundle.ts";
import { decodeTensorProto, type TensorProto } from "./tensor-proto.ts";
import { decodeTensorShape, type TensorShape } from "./tensor-shape.ts";
import { decodeTensorSlice, type TensorSlice } from "./tensor-slice.ts";
import { type Message, readFields, sub } from "./wire.ts";

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
export function decodeSavedTensorSlices(message: Message, place: Place = {}): SavedTensorSlices {
  let meta: SavedTensorSliceMeta | undefined;
  let data: SavedSlice | undefined;
  readFields(message, place, (tag, reader) => {
    if (tag === 0x0a) meta = sub(reader, place, decodeMeta);
    else if (tag === 0x12) data = sub(reader, place, decodeSlice);
    else return false;
    return true;
  });
  return { meta, data };
}

function decodeMeta(message: Message, place: Place): SavedTensorSliceMeta {
  const tensors: SavedSliceMeta[] = [];
  let versions: Version | undefined;
  readFields(message, place, (tag, reader) => {
    if (tag === 0x0a) tensors.push(sub(reader, place, decodeSliceMeta));
    else if (tag === 0x12) versions = sub(reader, place, decodeVersion);
    else return false;
    return true;
  });
  return { tensors, versions };
}

function decodeSliceMeta(message: Message, place: Place): SavedSliceMeta {
  let name = "";
  let shape: TensorShape = { dims: [], unknownRank: false };
  let type = 0;
  const slices: TensorSlice[] = [];
  readFields(message, place, (tag, reader) => {
    if (tag === 0x0a) name = decodeName(reader.bytes());
    else if (tag === 0x12) shape = sub(reader, place, decodeTensorShape);
    else if (tag === 0x18) type = reader.int32();
    else if (tag === 0x22) slices.push(sub(reader, place, decodeTensorSlice));
    else return false;
    return true;
  });
  return { name, shape, type, slices };
}

function decodeSlice(message: Message, place: Place): SavedSlice {
  let name = "";
  let slice: TensorSlice = [];
  let data: TensorProto | undefined;
  readFields(message, place, (tag, reader) => {
    if (tag === 0x0a) name = decodeName(reader.bytes());
    else if (tag === 0x12) slice = sub(reader, place, decodeTensorSlice);
    else if (tag === 0x1a) data = sub(reader, place, decodeTensorProto);
    else return false;
    return true;
  });
  return { name, slice, data };
}
