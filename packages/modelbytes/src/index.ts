export { type ChangedTensor, type DiffOptions, diffModels, type ModelDifference } from "./diff.ts";
export { FORMATS, type Format } from "./format.ts";
export type { ModelBase, VerifyModelOptions } from "./model-base.ts";
export type { CheckpointModel } from "./models/checkpoint-model.ts";
export type { KerasHdf5Model } from "./models/keras-hdf5-model.ts";
export { NoWeights } from "./models/no-weights.ts";
export type { SavedModelModel } from "./models/saved-model-model.ts";
export { type Model, type ModelLike, type OpenModelOptions, openModel } from "./open-model.ts";
