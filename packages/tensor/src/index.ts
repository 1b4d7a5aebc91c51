export { canonicalBytes } from "./canonical.ts";
export { cast, type FloatDType, isFloat } from "./cast.ts";
export { type CompareOptions, differenceOf, type TensorDifference } from "./difference.ts";
export {
  DTYPES,
  type DType,
  type DTypeData,
  type DTypeKind,
  type DTypeRow,
  dtypeOfNumber,
  type FixedDType,
  type FixedDTypeRow,
  isDType,
  isVarying,
  type RealDType,
  type VaryingDType,
} from "./dtype.ts";
export { type LazyReadOptions, type LazyTensor, lazyTensor, type TensorInPieces } from "./lazy-tensor.ts";
export { fromNumbers, toNumbers } from "./numbers.ts";
export { castPieces, type Pieces, wholeElements } from "./pieces.ts";
export { readRegion, type StoredArray, tooLarge, type Window, windows } from "./read-region.ts";
export { copyRegion, intersection, type Move, type Region, type Run, runs, wholeRegion } from "./region.ts";
export { type FixedLazyTensor, inParts, inPieces, isFixed, PART_BYTES, rowBytes, rowSelections } from "./rows.ts";
export { parseSelection, type Selected, type Selection, select } from "./selection.ts";
export type { SmallFloatDType } from "./small-float.ts";
export {
  byteLength,
  checkedElementCount,
  elementCount,
  hasDType,
  type Tensor,
  type Tensors,
  type TypedTensor,
  tensor,
  toText,
} from "./tensor.ts";
export { fromBytes, swapBytes, toBytes } from "./tensor-bytes.ts";
export type { Progress, TensorEntry, TensorFile, TensorReadOptions, TensorStreamOptions } from "./tensor-file.ts";
