export type { TensorInPieces } from "@modelbytes/tensor";
export { decodeVariant, type ObjectGraph, type Variant } from "@modelbytes/tf-proto";
export { Bundle, type OpenBundleOptions, openBundle } from "./bundle.ts";
export { type BundleLayout, BundleStream, type StoredStream } from "./bundle-stream.ts";
export { openCheckpoint } from "./checkpoint.ts";
export {
  CheckpointManager,
  type CheckpointManagerOptions,
  type SaveOptions,
  type SaveTreeOptions,
} from "./checkpoint-manager.ts";
export type {
  CheckpointAttribute,
  CheckpointChildren,
  CheckpointNode,
  CheckpointObject,
  RegisteredSaver,
  SlotVariables,
} from "./checkpoint-node.ts";
export { type CheckpointState, parseCheckpointState, stringifyCheckpointState } from "./checkpoint-state.ts";
export {
  type CheckpointOptions,
  checkpointParts,
  keywords,
  type WriteCheckpointOptions,
  writeCheckpoint,
} from "./checkpoint-tree.ts";
export { Crc32cBuffer, combine, crc32c, mask, unmask } from "./crc32c/crc32c.ts";
export type { BundleEntry } from "./entry.ts";
export type { BundleLike, BundleParts, LocateOptions } from "./files.ts";
export { BUNDLE_VERSION, type BundleHeader } from "./header.ts";
export { type LatestCheckpointOptions, latestCheckpoint } from "./latest-checkpoint.ts";
export { OBJECT_GRAPH_KEY, pathOfKey, readableNames } from "./object-graph.ts";
export type { Part, Parts, Placement } from "./part.ts";
export { type LostTensor, type SalvageOptions, type SalvageReport, salvage } from "./salvage.ts";
export type { LostKeys } from "./salvage-index.ts";
export { castTensors } from "./transform/cast.ts";
export type { HeadedStream, PartHead } from "./transform/heads.ts";
export { joinPartitions } from "./transform/join.ts";
export { keepTensors, withoutObjectGraph } from "./transform/keep.ts";
export { mergeBundles } from "./transform/merge.ts";
export { OPTIMIZER_NAMES, type OptimizerNames } from "./transform/optimizer-names.ts";
export { renameTensors } from "./transform/rename.ts";
export { replaceValues } from "./transform/replace.ts";
export { shardBySize } from "./transform/shard-by-size.ts";
export { type Cut, splitTensors } from "./transform/split.ts";
export { optimizerKeys, stripOptimizer } from "./transform/strip.ts";
export { unplaced } from "./transform/unplaced.ts";
export { CheckpointV1 } from "./v1/checkpoint-v1.ts";
export type { CheckpointV1Entry } from "./v1/meta.ts";
export type { VerifyOptions } from "./verify.ts";
export { type BundleTarget, type WriteBundleOptions, type WrittenBundle, writeBundle } from "./writer.ts";
