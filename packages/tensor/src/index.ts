export {
  DTYPES,
  type DType,
  type DTypeData,
  type DTypeRow,
  dtypeOfNumber,
  type FixedDType,
  type FixedDTypeRow,
  isDType,
  isVarying,
  type VaryingDType,
} from "./dtype.ts";
export { copyRegion, intersection, type Move, type Region, type Run, runs, wholeRegion } from "./region.ts";
export { parseSelection, type Selected, type Selection, select } from "./selection.ts";
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
