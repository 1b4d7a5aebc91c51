export { decodeVariant, type ObjectGraph, type Variant } from "@modelbytes/tf-proto";
export { Bundle, type OpenBundleOptions, openBundle } from "./bundle.ts";
export { openCheckpoint } from "./checkpoint.ts";
export {
  type CheckpointState,
  latestCheckpoint,
  parseCheckpointState,
  stringifyCheckpointState,
} from "./checkpoint-state.ts";
export { Crc32cBuffer, combine, crc32c, mask, unmask } from "./crc32c/crc32c.ts";
export type { BundleEntry } from "./entry.ts";
export type { BundleLike, BundleParts, LocateOptions } from "./files.ts";
export { BUNDLE_VERSION, type BundleHeader } from "./header.ts";
export { OBJECT_GRAPH_KEY, pathOfKey, readableNames } from "./object-graph.ts";
export { CheckpointV1 } from "./v1.ts";
export type { VerifyOptions } from "./verify.ts";
