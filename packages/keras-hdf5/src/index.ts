export type {
  KerasHdf5Contents,
  KerasHdf5Entry,
  KerasHdf5Kind,
  KerasHdf5Metadata,
  KerasLayer,
  KerasWeight,
  KerasWeightRole,
} from "./contents.ts";
export { KerasHdf5 } from "./keras-hdf5.ts";
export { type OpenKerasHdf5Options, openKerasHdf5 } from "./open.ts";
export { type OpenShardedKerasWeightsOptions, openShardedKerasWeights } from "./open-sharded.ts";
export type { VerifyOptions } from "./verify.ts";
