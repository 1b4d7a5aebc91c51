import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { type BundleHeaderProto, decodeBundleHeader } from "@modelbytes/tf-proto";
import { nameOf } from "./key-names.ts";
import type { BlockCursor } from "./table/block.ts";

/**
 * The value of the first key, "", of every index. The version rules are those of TensorFlow's `CheckVersions`
 * (tensorflow/core/framework/versions.cc) with the numbers of tensor_bundle.cc.
 */
export type BundleHeader = BundleHeaderProto;

/** `kTensorBundleVersion`: what this library and TensorFlow since September 2016 write and understand. */
export const BUNDLE_VERSION = 1;

const MIN_PRODUCER = 0;

/** More shards than any checkpoint has; a larger number is a damaged header. */
const MAX_SHARDS = 1_000_000;

/** Throws a `CorruptError` for a header that cannot be, an `UnsupportedError` for a bundle from the future. */
export function decodeHeader(value: Uint8Array, place: Place): BundleHeader {
  const header = decodeBundleHeader(value, place);
  const { numShards, version } = header;
  if (numShards < 1 || numShards > MAX_SHARDS) {
    throw new CorruptError("header", `the header counts ${numShards} shards`, place);
  }
  if (version === undefined) return header;
  const { producer, minConsumer, badConsumers } = version;
  if (producer < MIN_PRODUCER) {
    throw new CorruptError("version", `the producer version ${producer} is below 0; write the checkpoint again`, place);
  }
  if (minConsumer > BUNDLE_VERSION) {
    const reason = `the checkpoint needs readers of version ${minConsumer}; this one is of version ${BUNDLE_VERSION}`;
    throw new UnsupportedError("version", reason, place);
  }
  if (badConsumers.includes(BUNDLE_VERSION)) {
    throw new UnsupportedError("version", `the checkpoint forbids readers of version ${BUNDLE_VERSION}`, place);
  }
  return header;
}

/** The header, which is to be the entry where `cursor` is. Throws a `CorruptError` where that is another, and what `decodeHeader` does. */
export function readHeader(cursor: BlockCursor): BundleHeader {
  const value = cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
  if (cursor.keyLength === 0) return decodeHeader(value, cursor.place());
  const reason = `the first key is ${JSON.stringify(nameOf(cursor))} instead of the header's ""`;
  throw new CorruptError("header", reason, cursor.place());
}
