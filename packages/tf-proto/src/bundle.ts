import { ByteWriter, type Place } from "@modelbytes/bytes";
import { appendTensorShape, readTensorShape, type TensorShape } from "./tensor-shape.ts";
import { encodeTensorSlice, readTensorSlice, type TensorSlice } from "./tensor-slice.ts";
import { appendDelimited, appendInt64, END, type MessageReader, readMessage } from "./wire.ts";

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
export function decodeBundleHeader(message: Uint8Array, place: Place = {}): BundleHeaderProto {
  return readMessage(readHeader, message, place);
}

function readHeader(reader: MessageReader): BundleHeaderProto {
  let numShards = 0;
  let endianness = 0;
  let version: Version | undefined;
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x08) numShards = reader.int32();
    else if (tag === 0x10) endianness = reader.int32();
    else if (tag === 0x1a) version = reader.message(readVersion);
  }
  return { numShards, bigEndian: endianness === 1, version };
}

/** The header, byte for byte as TensorFlow writes it. */
export function encodeBundleHeader({ numShards, bigEndian, version }: BundleHeaderProto): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  if (numShards !== 0) appendInt64(to.uint8(0x08), numShards);
  if (bigEndian) to.uint8(0x10).uint8(1);
  if (version !== undefined) appendDelimited(to, 0x1a, encodeVersion(version));
  return to.finish();
}

/**
 * The value of a tensor's key, which may be a part of `bytes`: an index has as many as there are tensors, so no view is made of each.
 * `place.offset` is where it begins. Throws a `CorruptError` for bytes that are no message.
 */
export function decodeBundleEntry(
  bytes: Uint8Array,
  place: Place = {},
  start = 0,
  end: number = bytes.length,
): BundleEntryProto {
  return readMessage(readEntry, bytes, place, start, end);
}

function readEntry(reader: MessageReader): BundleEntryProto {
  let dtype = 0;
  let shape: TensorShape = { dims: [], unknownRank: false };
  let shardId = 0;
  let offset = 0;
  let size = 0;
  let crc32c = 0;
  const slices: TensorSlice[] = [];
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x08) dtype = reader.int32();
    else if (tag === 0x12) shape = reader.message(readTensorShape);
    else if (tag === 0x18) shardId = reader.int32();
    else if (tag === 0x20) offset = reader.int64();
    else if (tag === 0x28) size = reader.int64();
    else if (tag === 0x35) crc32c = reader.fixed32();
    else if (tag === 0x3a) slices.push(reader.message(readTensorSlice));
  }
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
  for (const slice of entry.slices) appendDelimited(to, 0x3a, encodeTensorSlice(slice));
}

export function readVersion(reader: MessageReader): Version {
  let producer = 0;
  let minConsumer = 0;
  const badConsumers: number[] = [];
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x08) producer = reader.int32();
    else if (tag === 0x10) minConsumer = reader.int32();
    else if (tag === 0x18) badConsumers.push(reader.int32());
    else if (tag === 0x1a) reader.int32s(badConsumers);
  }
  return { producer, minConsumer, badConsumers };
}

function encodeVersion({ producer, minConsumer, badConsumers }: Version): Uint8Array {
  const to = new ByteWriter();
  if (producer !== 0) appendInt64(to.uint8(0x08), producer);
  if (minConsumer !== 0) appendInt64(to.uint8(0x10), minConsumer);
  if (badConsumers.length === 0) return to.peek();
  const consumers = new ByteWriter();
  for (const consumer of badConsumers) appendInt64(consumers, consumer);
  appendDelimited(to, 0x1a, consumers.peek());
  return to.peek();
}
