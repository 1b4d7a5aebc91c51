export {
  appendBundleEntry,
  type BundleEntryProto,
  type BundleHeaderProto,
  decodeBundleEntry,
  decodeBundleHeader,
  encodeBundleEntry,
  encodeBundleHeader,
  type Version,
} from "./bundle.ts";
export {
  decodeObjectGraph,
  encodeObjectGraph,
  type ObjectGraph,
  type ObjectNode,
  type ObjectReference,
  type RegisteredSaver,
  type SerializedTensor,
  type SlotVariable,
} from "./object-graph.ts";
export {
  decodeSavedTensorSlices,
  type SavedSlice,
  type SavedSliceMeta,
  type SavedTensorSliceMeta,
  type SavedTensorSlices,
} from "./saved-tensor-slice.ts";
export { decodeTensorProto, type TensorProto } from "./tensor-proto.ts";
export { decodeTensorShape, encodeTensorShape, type TensorShape } from "./tensor-shape.ts";
export { decodeTensorSlice, type Extent, encodeTensorSlice, type TensorSlice } from "./tensor-slice.ts";
export {
  MAX_TEXT_DEPTH,
  parseTextFormat,
  type TextField,
  type TextMessage,
  type TextString,
  type TextValue,
  type TextWord,
} from "./text-format.ts";
export { stringifyTextDouble, stringifyTextString } from "./text-print.ts";
export { TextFormatError, type TextPosition } from "./text-tokens.ts";
export {
  type IntegerType,
  onlyTextValue,
  textScalars,
  textToBigInt,
  textToBool,
  textToBytes,
  textToDouble,
  textToEnum,
  textToFields,
  textToString,
} from "./text-values.ts";
export { toTensor, valueCount } from "./to-tensor.ts";
export { decodeVariant, type Variant } from "./variant.ts";
