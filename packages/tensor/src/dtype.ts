import type { TypedTensor } from "./tensor.ts";

/**
 * What the data of a tensor is, for each dtype. Names are TensorFlow's (`tf.DType.name`).
 *
 * Small floats are their bits, as numbers made of them would lose NaN payloads and need not exist on the host: `toNumbers` gives
 * numbers. Complex numbers are interleaved: real, imaginary. int4 and int2 are signed numbers, one an element. Strings are bytes;
 * variants are serialized `VariantTensorDataProto` messages.
 */
export interface DTypeData {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  int16: Int16Array;
  int8: Int8Array;
  string: readonly Uint8Array[];
  complex64: Float32Array;
  int64: BigInt64Array;
  bool: Uint8Array;
  qint8: Int8Array;
  quint8: Uint8Array;
  qint32: Int32Array;
  bfloat16: Uint16Array;
  qint16: Int16Array;
  quint16: Uint16Array;
  uint16: Uint16Array;
  complex128: Float64Array;
  float16: Uint16Array;
  variant: readonly Uint8Array[];
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float8_e5m2: Uint8Array;
  float8_e4m3fn: Uint8Array;
  float8_e4m3fnuz: Uint8Array;
  float8_e4m3b11fnuz: Uint8Array;
  float8_e5m2fnuz: Uint8Array;
  int4: Int8Array;
  uint4: Uint8Array;
  int2: Int8Array;
  uint2: Uint8Array;
  float4_e2m1fn: Uint8Array;
}

/** The name of a dtype. */
export type DType = keyof DTypeData;

/** The dtypes whose elements vary in length. */
export type VaryingDType = "string" | "variant";

/** The dtypes whose elements all take the same number of bytes. */
export type FixedDType = Exclude<DType, VaryingDType>;

/** The dtypes whose elements are one real number each; bool is 0 or 1. */
export type RealDType = Exclude<FixedDType, "complex64" | "complex128">;

/** What an element is. Quantized dtypes are the integers that they store. */
export type DTypeKind = "float" | "int" | "uint" | "bool" | "complex" | "varying";

/** One row of the dtype table. */
export interface DTypeRow<D extends DType> {
  readonly name: D;
  /** TensorFlow's number: `DataType` in tensorflow/core/framework/types.proto. */
  readonly number: number;
  readonly kind: DTypeKind;
  /** The type of array that holds the data, by name: `"Float32Array"`; `"Array"` where elements vary in length. */
  readonly array: string;
  /** Bytes of one element where tensors are stored whole; 0 where elements vary in length. */
  readonly itemsize: number;
  /** Bytes of the unit that a change of endianness turns around: a complex number is two of them. */
  readonly unit: number;
  /** Bits of an element that carry its value; 0 where elements vary in length. */
  readonly bits: number;
}

/** A row of a dtype of fixed length: it can look at bytes as its data. */
export interface FixedDTypeRow<D extends FixedDType> extends DTypeRow<D> {
  /** Entries of the data array for one element: 2 for complex numbers. */
  readonly entries: number;
  /** A tensor whose data is a view of `buffer`: nothing is copied. The caller has checked shape, alignment and length. */
  view(shape: readonly number[], buffer: ArrayBuffer, byteOffset: number): TypedTensor<D>;
}

/** The class of a typed array. */
interface ArrayClass<D extends FixedDType> {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): DTypeData[D];
}

function fixed<D extends FixedDType>(
  name: D,
  number: number,
  kind: Exclude<DTypeKind, "varying">,
  Data: ArrayClass<D>,
  bits: number = Data.BYTES_PER_ELEMENT * (kind === "complex" ? 16 : 8),
): FixedDTypeRow<D> {
  const unit = Data.BYTES_PER_ELEMENT;
  const entries = kind === "complex" ? 2 : 1;
  return {
    name,
    number,
    kind,
    array: Data.name,
    itemsize: unit * entries,
    unit,
    bits,
    entries,
    view: (shape, buffer, byteOffset) => {
      const length = shape.reduce((product, dim) => product * dim, entries);
      return { dtype: name, shape, data: new Data(buffer, byteOffset, length) };
    },
  };
}

function varying<D extends VaryingDType>(name: D, number: number): DTypeRow<D> {
  return { name, number, kind: "varying", array: "Array", itemsize: 0, unit: 1, bits: 0 };
}

/** The dtype table: a row for each dtype that TensorFlow 2.21 can save, in the order of TensorFlow's numbers. */
export const DTYPES: { readonly [D in FixedDType]: FixedDTypeRow<D> } & { readonly [D in VaryingDType]: DTypeRow<D> } =
  {
    float32: fixed("float32", 1, "float", Float32Array),
    float64: fixed("float64", 2, "float", Float64Array),
    int32: fixed("int32", 3, "int", Int32Array),
    uint8: fixed("uint8", 4, "uint", Uint8Array),
    int16: fixed("int16", 5, "int", Int16Array),
    int8: fixed("int8", 6, "int", Int8Array),
    string: varying("string", 7),
    complex64: fixed("complex64", 8, "complex", Float32Array),
    int64: fixed("int64", 9, "int", BigInt64Array),
    bool: fixed("bool", 10, "bool", Uint8Array),
    qint8: fixed("qint8", 11, "int", Int8Array),
    quint8: fixed("quint8", 12, "uint", Uint8Array),
    qint32: fixed("qint32", 13, "int", Int32Array),
    bfloat16: fixed("bfloat16", 14, "float", Uint16Array),
    qint16: fixed("qint16", 15, "int", Int16Array),
    quint16: fixed("quint16", 16, "uint", Uint16Array),
    uint16: fixed("uint16", 17, "uint", Uint16Array),
    complex128: fixed("complex128", 18, "complex", Float64Array),
    float16: fixed("float16", 19, "float", Uint16Array),
    variant: varying("variant", 21),
    uint32: fixed("uint32", 22, "uint", Uint32Array),
    uint64: fixed("uint64", 23, "uint", BigUint64Array),
    float8_e5m2: fixed("float8_e5m2", 24, "float", Uint8Array),
    float8_e4m3fn: fixed("float8_e4m3fn", 25, "float", Uint8Array),
    float8_e4m3fnuz: fixed("float8_e4m3fnuz", 26, "float", Uint8Array),
    float8_e4m3b11fnuz: fixed("float8_e4m3b11fnuz", 27, "float", Uint8Array),
    float8_e5m2fnuz: fixed("float8_e5m2fnuz", 28, "float", Uint8Array),
    int4: fixed("int4", 29, "int", Int8Array, 4),
    uint4: fixed("uint4", 30, "uint", Uint8Array, 4),
    int2: fixed("int2", 31, "int", Int8Array, 2),
    uint2: fixed("uint2", 32, "uint", Uint8Array, 2),
    float4_e2m1fn: fixed("float4_e2m1fn", 33, "float", Uint8Array, 4),
  };

const NAMES: ReadonlyMap<number, DType> = new Map(Object.values(DTYPES).map(({ number, name }) => [number, name]));

/** The dtype of TensorFlow's number, or `undefined` for one that no file stores: resource (20), references (above 100). */
export function dtypeOfNumber(number: number): DType | undefined {
  return NAMES.get(number);
}

/** Whether `name` is the name of a dtype. */
export function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPES, name);
}

/** Whether the elements of a dtype vary in length. */
export function isVarying(dtype: DType): dtype is VaryingDType {
  return dtype === "string" || dtype === "variant";
}
