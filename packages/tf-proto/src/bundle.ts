import { ByteWriter, type Place } from "@modelbytes/bytes";
import { appendTensorShape, decodeTensorShape, type TensorShape } from "./tensor-shape.ts";
import { decodeTensorSlice, encodeTensorSlice, type TensorSlice } from "./tensor-slice.ts";
import { appendInt64, finish, int64, type Message, readFields, sub, type Writer, writer } from "./wire.ts";

/**
 * The two messages of a tensor bundle's index (tensorflow/core/protobuf/tensor_bundle.proto). Zero values are not written, fields
 * go in the order of their numbers, and a sub-message is written even if it is empty.
 */

/** `VersionDef`: 1 producer int32, 2 min_consumer int32, 3 bad_consumers repeated int32. */
export interface Version {
  readonly producer: number;
  readonly minConsumer: number;
  readonly badConsumers: readonly number[];
}

/** `BundleHeaderProto`: 1 num_shards int32, 2 endianness enum (0 little, 1 big), 3 version VersionDef. */
export interface BundleHeaderProto {
  readonly numShards: number;
  readonly bigEndian: boolean;
  /** Absent in files from before September 2016. */
  readonly version: Version | undefined;
}

/**
 * `BundleEntryProto`
 *
 *     1 dtype    enum DataType               4 offset   int64     bytes from the start of the shard
 *     2 shape    TensorShapeProto, always    5 size     int64     bytes
 *     3 shard_id int32                       6 crc32c   fixed32   masked
 *     7 slices   repeated TensorSliceProto, only on the full entry of a partitioned tensor
 */
export interface BundleEntryProto {
  readonly dtype: number;
  readonly shape: TensorShape;
  readonly shardId: number;
  readonly offset: number;
  readonly size: number;
  readonly crc32c: number;
  readonly slices: readonly TensorSlice[];
}

/** The value of an index's first key. Throws a `CorruptError` for bytes that are no message. */
export function decodeBundleHeader(message: Message, place: Place = {}): BundleHeaderProto {
  let numShards = 0;
  let endianness = 0;
  let version: Version | undefined;
  readFields(message, place, (tag, reader) => {
    if (tag === 0x08) numShards = reader.int32();
    else if (tag === 0x10) endianness = reader.int32();
    else if (tag === 0x1a) version = sub(reader, place, decodeVersion);
    else return false;
    return true;
  });
  return { numShards, bigEndian: endianness === 1, version };
}

/** The header, byte for byte as TensorFlow writes it. */
export function encodeBundleHeader({ numShards, bigEndian, version }: BundleHeaderProto): Uint8Array<ArrayBuffer> {
  const to = writer();
  if (numShards !== 0) to.uint32(0x08).int32(numShards);
  if (bigEndian) to.uint32(0x10).int32(1);
  if (version !== undefined) writeVersion(to.uint32(0x1a).fork(), version).ldelim();
  return finish(to);
}

/** The value of a tensor's key. Throws a `CorruptError` for bytes that are no message. */
export function decodeBundleEntry(message: Message, place: Place = {}): BundleEntryProto {
  let dtype = 0;
  let shape: TensorShape = { dims: [], unknownRank: false };
  let shardId = 0;
  let offset = 0;
  let size = 0;
  let crc32c = 0;
  const slices: TensorSlice[] = [];
  readFields(message, place, (tag, reader) => {
    if (tag === 0x08) dtype = reader.int32();
    else if (tag === 0x12) shape = sub(reader, place, decodeTensorShape);
    else if (tag === 0x18) shardId = reader.int32();
    else if (tag === 0x20) offset = int64(reader);
    else if (tag === 0x28) size = int64(reader);
    else if (tag === 0x35) crc32c = reader.fixed32();
    else if (tag === 0x3a) slices.push(sub(reader, place, decodeTensorSlice));
    else return false;
    return true;
  });
  return { dtype, shape, shardId, offset, size, crc32c, slices };
}

/** The entry, byte for byte as TensorFlow writes it. */
export function encodeBundleEntry(entry: BundleEntryProto): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  appendBundleEntry(to, entry);
  return to.finish();
}

/** Appends what `encodeBundleEntry` gives: an index has as many as there are tensors, so none is made to be copied. */
export function appendBundleEntry(to: ByteWriter, entry: BundleEntryProto): void {
  if (entry.dtype !== 0) appendInt64(to.uint8(0x08), entry.dtype);
  appendTensorShape(to.uint8(0x12), entry.shape.dims);
  if (entry.shardId !== 0) appendInt64(to.uint8(0x18), entry.shardId);
  if (entry.offset !== 0) appendInt64(to.uint8(0x20), entry.offset);
  if (entry.size !== 0) appendInt64(to.uint8(0x28), entry.size);
  if (entry.crc32c !== 0) to.uint8(0x35).uint32(entry.crc32c);
  for (const slice of entry.slices) {
    const bytes = encodeTensorSlice(slice);
    to.uint8(0x3a).varint(bytes.length).bytes(bytes);
  }
}

export function decodeVersion(message: Message, place: Place = {}): Version {
  let producer = 0;
  let minConsumer = 0;
  const badConsumers: number[] = [];
  readFields(message, place, (tag, reader) => {
    if (tag === 0x08) producer = reader.int32();
    else if (tag === 0x10) minConsumer = reader.int32();
    else if (tag === 0x18) badConsumers.push(reader.int32());
    else if (tag === 0x1a) reader.int32s(badConsumers);
    else return false;
    return true;
  });
  return { producer, minConsumer, badConsumers };
}

function writeVersion(to: Writer, { producer, minConsumer, badConsumers }: Version): Writer {
  if (producer !== 0) to.uint32(0x08).int32(producer);
  if (minConsumer !== 0) to.uint32(0x10).int32(minConsumer);
  if (badConsumers.length === 0) return to;
  to.uint32(0x1a).fork();
  for (const consumer of badConsumers) to.int32(consumer);
  return to.ldelim();
}
