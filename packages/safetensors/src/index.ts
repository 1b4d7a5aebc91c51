export {
  isSafetensorsDType,
  SAFETENSORS_DTYPES,
  type SafetensorsDType,
  type SafetensorsDTypeRow,
  toSafetensorsDType,
} from "./dtype.ts";
export { isSafetensors, MOST_HEADER_BYTES, type SafetensorsHeader, type StoredTensor } from "./header.ts";
export { type OpenSafetensorsOptions, openSafetensors } from "./open.ts";
export { type OpenShardedSafetensorsOptions, openShardedSafetensors } from "./open-sharded.ts";
export type { WritableTensor, WritableTensors } from "./plan.ts";
export { type SafetensorsEntry, SafetensorsFile, type SafetensorsShard } from "./safetensors-file.ts";
export type { ShardIndex } from "./shard-index.ts";
export type { VerifyOptions } from "./verify.ts";
export { type WriteShardedSafetensorsOptions, type WrittenShards, writeShardedSafetensors } from "./write-sharded.ts";
export { type WriteSafetensorsOptions, type WrittenSafetensors, writeSafetensors } from "./writer.ts";
