export { dtypeOf } from "./element.ts";
export type { Hdf5File, Hdf5ReadOptions } from "./hdf5-file.ts";
export type {
  ArrayType,
  BitfieldType,
  ByteOrder,
  Charset,
  ComplexType,
  CompoundMember,
  CompoundType,
  Datatype,
  EnumMember,
  EnumType,
  FixedType,
  FloatType,
  Hdf5Attribute,
  Hdf5Dataset,
  Hdf5Filter,
  Hdf5Group,
  Hdf5Layout,
  Hdf5Link,
  Hdf5NamedType,
  Hdf5Object,
  OpaqueType,
  ReferenceType,
  Shape,
  StringPadding,
  StringType,
  TimeType,
  VlenStringType,
  VlenType,
} from "./model.ts";
export { type OpenHdf5Options, openHdf5 } from "./open.ts";
export {
  type Hdf5Value,
  isTensor,
  type ListValue,
  type NullValue,
  type OpaqueValue,
  type RecordValue,
} from "./value.ts";
export type { Hdf5Driver } from "./writer/file-space.ts";
export {
  BOOL_TYPE,
  fixedStringType,
  floatType,
  h5pyType,
  integerType,
  opaqueType,
  vlenStringType,
} from "./writer/h5py-types.ts";
export type {
  CreateAttribute,
  CreateDataset,
  CreateGroup,
  Flush,
  Hdf5Data,
  Hdf5Operation,
  Hdf5Pieces,
  WriteDataset,
} from "./writer/operation.ts";
export { type Hdf5Doubt, type Hdf5Plan, type PlanHdf5Options, type PlannedData, planHdf5 } from "./writer/plan.ts";
export type { Segment } from "./writer/segment.ts";
export { streamHdf5 } from "./writer/stream.ts";
export { type WriteHdf5Options, writeHdf5 } from "./writer/write.ts";
