export { type CheckpointModel, type Model, type ModelLike, type OpenModelOptions, openModel } from "./model.ts";
