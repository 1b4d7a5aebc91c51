export type {
  Architecture,
  Argument,
  Call,
  DictArgument,
  Grammar,
  InnerLayer,
  LayerNode,
  ListArgument,
  ModelKind,
  ModelNode,
  ObjectNode,
  TensorReference,
  ValueArgument,
} from "./architecture/architecture.ts";
export { type ArchitectureFinding, checkArchitecture } from "./architecture/order.ts";
export { type ArchitectureOptions, parseArchitecture } from "./architecture/parse.ts";
export { type ArchitectureChange, type ChangedArgument, diff, type Rewired } from "./diff.ts";
export { parseJson } from "./json/parse.ts";
export { type JsonOptions, stringifyJson } from "./json/stringify.ts";
export { type Migration, type MigrationOptions, migrate } from "./migrate/migrate.ts";
export type { MigrationNote } from "./migrate/verdict.ts";
export { fromPlain, type Plain, type PlainSource, toPlain } from "./plain.ts";
export type { Era } from "./shapes/layer-shapes.ts";
export type { Shape, Shapes, Size } from "./shapes/shape.ts";
export { printSummary, type Summary, type SummaryRow, summarize } from "./summary.ts";
export {
  isPyBytes,
  isPyDict,
  isPyFloat,
  isPyInt,
  isPyList,
  isPySet,
  isPyTuple,
  type PyDict,
  type PyFloat,
  type PyInt,
  type PyKey,
  PyTuple,
  type PyValue,
  pyFloat,
  pyInt,
} from "./value.ts";
export {
  type ExpectedLayer,
  type ExpectedWeights,
  type ExpectedWeightsOptions,
  eraOf,
  expectedWeights,
} from "./weights/expected-weights.ts";
export {
  type LayerQuestion,
  layerOutputs,
  layerPlaces,
  layerWeights,
  type PlacedWeight,
  type WeightSpec,
} from "./weights/layer-weights.ts";
export {
  type FoundLayer,
  type FoundWeight,
  type Mismatch,
  matchPlaces,
  matchWeights,
  type WeightFinding,
} from "./weights/match.ts";
export { expectedOptimizer } from "./weights/optimizer.ts";
export { PyDictObject, PyFloatObject, PyIntObject, PyListObject } from "./yaml/object.ts";
export { parseYaml } from "./yaml/parse.ts";
export { stringifyYaml, type YamlOptions } from "./yaml/stringify.ts";
