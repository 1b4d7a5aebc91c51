import { ByteWriter, type Place } from "@modelbytes/bytes";
import { appendInt64, END, int64Length, type MessageReader, readMessage } from "./wire.ts";

/** What a partition takes along one dimension: so many elements from `start` on, or, as `null`, all of them. */
export type Extent = { readonly start: number; readonly length: number } | null;

/**
 * `TensorSliceProto` (tensorflow/core/framework/tensor_slice.proto): where a partition lies in its tensor.
 *
 *     1 extent   repeated { 1 start int64, 2 length int64 (oneof) }    an empty message is the whole dimension
 */
export type TensorSlice = readonly Extent[];

/** The slice as it is written: whether it lies in its tensor is for the caller to say. Throws a `CorruptError` for bytes that are no message. */
export function decodeTensorSlice(message: Uint8Array, place: Place = {}): TensorSlice {
  return readMessage(readTensorSlice, message, place);
}

export function readTensorSlice(reader: MessageReader): TensorSlice {
  const extents: Extent[] = [];
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x0a) extents.push(reader.message(readExtent));
  }
  return extents;
}

/** `kFullExtent`: the length that TensorFlow takes an absent one for. Behind a start it makes no partition. */
const WHOLE = -1;

function readExtent(reader: MessageReader): Extent {
  let start = 0;
  let length = WHOLE;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x08) start = reader.int64();
    else if (tag === 0x10) length = reader.int64();
  }
  return start === 0 && length === WHOLE ? null : { start, length };
}

/** The slice, byte for byte as TensorFlow writes it. */
export function encodeTensorSlice(slice: TensorSlice): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  for (const extent of slice) {
    to.uint8(0x0a);
    if (extent === null) to.uint8(0);
    else appendExtent(to, extent);
  }
  return to.finish();
}

function appendExtent(to: ByteWriter, { start, length }: NonNullable<Extent>): void {
  to.uint8((start === 0 ? 0 : 1 + int64Length(start)) + 1 + int64Length(length));
  if (start !== 0) appendInt64(to.uint8(0x08), start);
  appendInt64(to.uint8(0x10), length);
}
