export { type LazyReadOptions, type LazyTensor, lazyTensor } from "@modelbytes/tensor";
export { type CheckpointValues, formatCheckpointName } from "./checkpoint-name/format.ts";
export {
  type CheckpointFile,
  type LatestCheckpointOptions,
  latestCheckpointName,
} from "./checkpoint-name/latest.ts";
export { matchCheckpointName } from "./checkpoint-name/match.ts";
export type { CheckpointValue } from "./checkpoint-name/python-value.ts";
export type {
  KerasHdf5Contents,
  KerasHdf5Entry,
  KerasHdf5Kind,
  KerasHdf5Metadata,
  KerasLayer,
  KerasWeight,
  KerasWeightRole,
} from "./contents.ts";
export type { Shard } from "./joined-file.ts";
export { KerasHdf5 } from "./keras-hdf5.ts";
export type { LegacyConversion, LegacyOptions } from "./legacy-weights/conversion.ts";
export {
  type ConvertedWeights,
  convertLegacyWeights,
  type LegacyLayer,
  legacyConversions,
} from "./legacy-weights/convert.ts";
export {
  type ConvertibleLayer,
  type KerasConversionOptions,
  kerasConversions,
  readConverted,
} from "./legacy-weights/layers-of-file.ts";
export type { AppliedConversion } from "./legacy-weights/plan.ts";
export { type OpenKerasHdf5Options, openKerasHdf5 } from "./open.ts";
export { type OpenShardedKerasWeightsOptions, openShardedKerasWeights } from "./open-sharded.ts";
export type { VerifyOptions } from "./verify.ts";
export { type FromFileOptions, toKerasH5, toKerasWeights } from "./write/from-file.ts";
export type { KerasH5Contents, NewKerasLayer } from "./write/h5.ts";
export type {
  NamedWeight,
  WeightValues,
} from "./write/values.ts";
export type { KerasVarsGroup, KerasWeightsContents } from "./write/weights.ts";
export {
  planKerasWeights,
  type WriteKerasOptions,
  type WriteKerasWeightsOptions,
  type WrittenKeras,
  writeKerasH5,
  writeKerasWeights,
} from "./write/write.ts";
export {
  type ShardedTarget,
  type WriteShardedKerasWeightsOptions,
  type WrittenShardedKeras,
  writeShardedKerasWeights,
} from "./write/write-sharded.ts";
