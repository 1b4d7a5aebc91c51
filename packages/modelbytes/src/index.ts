export type { CheckpointModel } from "./checkpoint-model.ts";
export { type Model, type ModelLike, type OpenModelOptions, openModel } from "./model.ts";
export { NoWeights } from "./no-weights.ts";
export type { SavedModelModel } from "./saved-model-model.ts";
