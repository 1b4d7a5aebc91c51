import type { Place } from "@modelbytes/bytes";
import { finish, int64, readFields, sub, writer } from "./wire.ts";

/** What a partition takes along one dimension: so many elements from `start` on, or, as `null`, all of them. */
export type Extent = { readonly start: number; readonly length: number } | null;

/**
 * `TensorSliceProto` (tensorflow/core/framework/tensor_slice.proto): where a partition lies in its tensor.
 *
 *     1 extent   repeated { 1 start int64, 2 length int64 (oneof) }    an empty message is the whole dimension
 */
export type TensorSlice = readonly Extent[];

export function decodeTensorSlice(bytes: Uint8Array, place: Place = {}): TensorSlice {
  const extents: Extent[] = [];
  readFields(bytes, place, (tag, reader) => {
    if (tag !== 0x0a) return false;
    extents.push(sub(reader, place, decodeExtent));
    return true;
  });
  return extents;
}

/** `kFullExtent`: the length that TensorFlow takes an absent one for. Behind a start it makes no partition. */
const WHOLE = -1;

function decodeExtent(bytes: Uint8Array, place: Place): Extent {
  let start = 0;
  let length = WHOLE;
  readFields(bytes, place, (tag, reader) => {
    if (tag === 0x08) start = int64(reader);
    else if (tag === 0x10) length = int64(reader);
    else return false;
    return true;
  });
  return start === 0 && length === WHOLE ? null : { start, length };
}

export function encodeTensorSlice(slice: TensorSlice): Uint8Array<ArrayBuffer> {
  const to = writer();
  for (const extent of slice) {
    to.uint32(0x0a).fork();
    if (extent !== null) {
      if (extent.start !== 0) to.uint32(0x08).int64(extent.start);
      to.uint32(0x10).int64(extent.length);
    }
    to.ldelim();
  }
  return finish(to);
}
