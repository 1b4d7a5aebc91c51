export { assetPath } from "./assets.ts";
export { bodyOf, calledBy, reachableFunctions } from "./called-functions.ts";
export { compareFingerprint, type FingerprintProblem } from "./compare-fingerprints.ts";
export { constantOf } from "./constant.ts";
export { stripDebugInfo } from "./edit/debug-info.ts";
export { addMetaGraph, dropMetaGraph } from "./edit/meta-graphs.ts";
export { addSignature, dropSignature, renameSignature } from "./edit/signatures.ts";
export { dropUncalledFunctions, stripTraining } from "./edit/strip-training.ts";
export { setTags } from "./edit/tags.ts";
export type { Encoding, GraphFile } from "./files.ts";
export {
  type ComputedFingerprint,
  computeFingerprint,
  decodeFingerprint,
  encodeFingerprint,
  type Fingerprint,
  singleprint,
} from "./fingerprint.ts";
export { computeChunkedFingerprint } from "./fingerprint-chunked.ts";
export type { GraphNode } from "./graph.ts";
export { type KerasNode, kerasNodes } from "./keras-metadata.ts";
export { MetaGraph } from "./meta-graph.ts";
export type { ModelVariable } from "./model-variables.ts";
export {
  type WriteVariablesOfOptions,
  type WriteVariablesOptions,
  writeVariables,
  writeVariablesOf,
} from "./new-model.ts";
export { kindOf, type ObjectKind, shortestPaths } from "./object-graph.ts";
export type { PartialShape } from "./partial-shape.ts";
export { type OpenSavedModelOptions, openSavedModel, SavedModel } from "./saved-model.ts";
export type { Severity } from "./scan/dangerous-ops.ts";
export { type DangerousLayer, findDangerousLayers } from "./scan/find-dangerous-layers.ts";
export { type DangerousNode, findDangerousOps } from "./scan/find-dangerous-ops.ts";
export { DENYLIST, type OpScan, scanOps } from "./scan/scan-ops.ts";
export { showAll } from "./show/all.ts";
export { showFunctions } from "./show/functions.ts";
export { showOps } from "./show/ops.ts";
export { showSignature, showSignatureKeys } from "./show/signatures.ts";
export { showTagSets } from "./show/tag-sets.ts";
export type { Signature, SignatureTensor } from "./signature.ts";
export { type VerifySavedModelOptions, verifySavedModel } from "./verify.ts";
export { type SavedModelEntry, SavedModelWeights } from "./weights.ts";
export { type WriteSavedModelOptions, writeSavedModel } from "./writer.ts";
