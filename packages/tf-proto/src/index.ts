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
export { decodeMessage } from "./decode.ts";
export { encodeMessage, type Init, type InitValue } from "./encode.ts";
export { MAX_DEPTH } from "./field-path.ts";
export type { MapKey, MapOrder } from "./map-order.ts";
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
export { parseTextFormat, type TextField, type TextMessage, type TextValue } from "./pbtxt/fields.ts";
export type { TextOptions } from "./pbtxt/known-types.ts";
export { stringifyTextDouble, stringifyTextFloat } from "./pbtxt/numbers.ts";
export { parseMessage } from "./pbtxt/parse-message.ts";
export { stringifyMessage } from "./pbtxt/stringify-message.ts";
export { stringifyTextString } from "./pbtxt/strings.ts";
export { MAX_TEXT_DEPTH, type TextString, type TextWord } from "./pbtxt/syntax.ts";
export { TextFormatError, type TextPosition } from "./pbtxt/tokens.ts";
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
} from "./pbtxt/values.ts";
export {
  decodeSavedTensorSlices,
  type SavedSlice,
  type SavedSliceMeta,
  type SavedTensorSliceMeta,
  type SavedTensorSlices,
} from "./saved-tensor-slice.ts";
export type { EnumType, Field, MessageType, Scalar, WireType } from "./schema.ts";
export { decodeTensorProto, type TensorProto } from "./tensor-proto.ts";
export { decodeTensorShape, encodeTensorShape, type TensorShape } from "./tensor-shape.ts";
export { decodeTensorSlice, type Extent, encodeTensorSlice, type TensorSlice } from "./tensor-slice.ts";
export { toTensor, valueCount } from "./to-tensor.ts";
export { openTree } from "./tree/open-tree.ts";
export { indexRecords, type RecordIndex } from "./tree/record-index.ts";
export type { WireMessage } from "./tree/wire-message.ts";
export { decodeVariant, type Variant } from "./variant.ts";
