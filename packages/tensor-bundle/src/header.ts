import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { type BundleHeaderProto, decodeBundleHeader } from "@modelbytes/tf-proto";

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
