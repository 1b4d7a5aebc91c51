import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { checkedElementCount, DTYPES, dtypeOfNumber, isVarying, type TensorEntry } from "@modelbytes/tensor";
import { decodeBundleEntry, type TensorSlice } from "@modelbytes/tf-proto";
import { unmask } from "./crc32c/crc32c.ts";
import type { BlockCursor } from "./table/block.ts";

/**
 * What the index says of a tensor, checked against itself: whatever passes here can be trusted by everything that reads.
 * Whether the bytes are there, only the shard can tell.
 */
export interface BundleEntry extends TensorEntry {
  /** Which data file: `….data-<shardId>-of-<shards>`. */
  readonly shardId: number;
  /** Bytes from the start of the data file. */
  readonly offset: number;
  /** Bytes in the data file; 0 where the tensor is partitioned. */
  readonly size: number;
  /** Bytes of the tensor as it is stored: `size`, or that of all its partitions. */
  readonly byteLength: number;
  /** CRC32C over the tensor's bytes (of strings and variants: `payload.ts`), unmasked. */
  readonly crc32c: number;
  /** Where the tensor's partitions lie, in the order in which they were saved; absent where it is stored whole. */
  readonly slices?: readonly TensorSlice[];
  /** Where a partitioned tensor's entry begins in the index, in bytes. */
  readonly indexOffset?: number;
}

/** `TensorShape::MaxDimensions()` of TensorFlow. */
const MAX_RANK = 254;

/** Bytes of the checksum over the lengths of a string tensor. */
const LENGTH_CHECKSUM_BYTES = 4;

/**
 * Decodes the entry where `cursor` is. Throws a `CorruptError` for one that cannot be, an `UnsupportedError` for a dtype that this
 * library does not know. Unless `place` names the tensor they do not: that takes as long as the entry.
 */
export function decodeEntry(cursor: BlockCursor, shards: number, place: Place = cursor.place()): BundleEntry {
  const proto = decodeBundleEntry(cursor.bytes, place, cursor.valueStart, cursor.valueEnd);
  const { dtype: number, shape, shardId, offset, size, crc32c, slices } = proto;
  const dtype = dtypeOfNumber(number);
  if (dtype === undefined)
    throw new UnsupportedError("dtype", `no tensor of TensorFlow's dtype ${number} can be read`, place);
  const elements = checkedElementCount(shape.dims);
  if (elements === undefined || shape.unknownRank || shape.dims.length > MAX_RANK) {
    const dims = shape.dims.length > MAX_RANK ? `${shape.dims.length} dimensions` : `[${shape.dims.join(", ")}]`;
    throw new CorruptError("shape", `${dims} is not the shape of a tensor`, place);
  }
  if (shardId < 0 || shardId >= shards) {
    throw new CorruptError("shard", `the tensor lies in shard ${shardId}, the header counts ${shards}`, place);
  }
  if (offset < 0 || size < 0 || offset + size > Number.MAX_SAFE_INTEGER) {
    throw new CorruptError("range", `${size} bytes at ${offset} are no part of a file`, place);
  }
  const entry = { dtype, shape: shape.dims, shardId, offset, size, byteLength: size, crc32c: unmask(crc32c) };
  if (slices.length > 0)
    return { ...entry, slices, ...(place.offset === undefined ? {} : { indexOffset: place.offset }) };
  const least = dtype === "variant" ? elements : elements + LENGTH_CHECKSUM_BYTES;
  if (
    isVarying(dtype) ? size < least && (dtype === "string" || elements > 0) : size !== elements * DTYPES[dtype].itemsize
  ) {
    const expected = isVarying(dtype) ? `at least ${least}` : elements * DTYPES[dtype].itemsize;
    const reason = `the entry counts ${size} bytes where ${dtype} of shape [${shape.dims.join(", ")}] takes ${expected}`;
    throw new CorruptError("size", reason, place);
  }
  return entry;
}
