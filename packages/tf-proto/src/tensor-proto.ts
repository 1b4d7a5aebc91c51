import type { Place } from "@modelbytes/bytes";
import { type NumberWireType, RepeatedNumbers } from "./repeated.ts";
import { readTensorShape, type TensorShape } from "./tensor-shape.ts";
import { END, type MessageReader, readMessage } from "./wire.ts";

/**
 * `TensorProto` (tensorflow/core/framework/tensor.proto): a tensor inside a message, either as bytes or as repeated values.
 *
 *     1 dtype           enum                      10 int64_val            int64
 *     2 tensor_shape    TensorShapeProto          11 bool_val             bool
 *     3 version_number  int32                     12 dcomplex_val         double, real and imaginary in turn
 *     4 tensor_content  bytes                     13 half_val             int32: bits of float16, bfloat16
 *     5 float_val       float                     14 resource_handle_val  ResourceHandleProto
 *     6 double_val      double                    15 variant_val          VariantTensorDataProto
 *     7 int_val         int32: int32 and all      16 uint32_val           uint32
 *                       narrower integers         17 uint64_val           uint64
 *     8 string_val      bytes                     18 float8_val           bytes: floats of 8 and 4 bits, one a byte
 *     9 scomplex_val    float, in turn
 *
 * Numbers are packed (one field holds all of them); each may also have a field of its own.
 */
export interface TensorProto {
  /** TensorFlow's number: `dtypeOfNumber` names it. */
  readonly dtype: number;
  readonly shape: TensorShape;
  readonly versionNumber: number;
  /** A view of the message. Unless it is empty, it is the tensor and no other value counts. */
  readonly tensorContent: Uint8Array;
  readonly floatVal: Float32Array<ArrayBuffer>;
  readonly doubleVal: Float64Array<ArrayBuffer>;
  readonly intVal: Int32Array<ArrayBuffer>;
  /** Views of the message. */
  readonly stringVal: readonly Uint8Array[];
  readonly scomplexVal: Float32Array<ArrayBuffer>;
  readonly int64Val: BigInt64Array<ArrayBuffer>;
  /** 0 or 1. */
  readonly boolVal: Uint8Array<ArrayBuffer>;
  readonly dcomplexVal: Float64Array<ArrayBuffer>;
  readonly halfVal: Int32Array<ArrayBuffer>;
  /** Serialized `ResourceHandleProto`s, views of the message. */
  readonly resourceHandleVal: readonly Uint8Array[];
  /** Serialized `VariantTensorDataProto`s, views of the message; `decodeVariant` reads one. */
  readonly variantVal: readonly Uint8Array[];
  readonly uint32Val: Uint32Array<ArrayBuffer>;
  readonly uint64Val: BigUint64Array<ArrayBuffer>;
  /** A view of the message. */
  readonly float8Val: Uint8Array;
}

/** Wire types of the repeated numbers: 0 varint, 1 eight bytes, 5 four bytes. */
const NUMBERS: ReadonlyMap<number, NumberWireType> = new Map([
  [5, 5],
  [6, 1],
  [7, 0],
  [9, 5],
  [10, 0],
  [11, 0],
  [12, 1],
  [13, 0],
  [16, 0],
  [17, 0],
]);

/** Throws a `CorruptError` where the bytes are no such message. Whether values and shape agree, `toTensor` checks. */
export function decodeTensorProto(message: Uint8Array, place: Place = {}): TensorProto {
  return readMessage(readTensorProto, message, place);
}

export function readTensorProto(reader: MessageReader): TensorProto {
  let dtype = 0;
  let shape: TensorShape = { dims: [], unknownRank: false };
  let versionNumber = 0;
  let tensorContent: Uint8Array = new Uint8Array(0);
  let float8Val: Uint8Array = tensorContent;
  const stringVal: Uint8Array[] = [];
  const resourceHandleVal: Uint8Array[] = [];
  const variantVal: Uint8Array[] = [];
  const numbers = new RepeatedNumbers(NUMBERS);
  for (let tag = reader.next(); tag !== END; tag = reader.next()) {
    if (tag === 0x08) dtype = reader.int32();
    else if (tag === 0x12) shape = merged(shape, reader.message(readTensorShape));
    else if (tag === 0x18) versionNumber = reader.int32();
    else if (tag === 0x22) tensorContent = reader.view();
    else if (tag === 0x42) stringVal.push(reader.view());
    else if (tag === 0x72) resourceHandleVal.push(reader.view());
    else if (tag === 0x7a) variantVal.push(reader.view());
    else if (tag === 0x92) float8Val = reader.view();
    else numbers.take(reader);
  }
  return {
    dtype,
    shape,
    versionNumber,
    tensorContent,
    floatVal: numbers.float32(5),
    doubleVal: numbers.float64(6),
    intVal: numbers.int32(7),
    stringVal,
    scomplexVal: numbers.float32(9),
    int64Val: numbers.int64(10),
    boolVal: numbers.bool(11),
    dcomplexVal: numbers.float64(12),
    halfVal: numbers.int32(13),
    resourceHandleVal,
    variantVal,
    uint32Val: numbers.uint32(16),
    uint64Val: numbers.uint64(17),
    float8Val,
  };
}

/** A shape that comes in two fields has the dimensions of both: so protocol buffers merge messages. */
function merged(first: TensorShape, second: TensorShape): TensorShape {
  if (first.dims.length === 0 && !first.unknownRank) return second;
  return { dims: [...first.dims, ...second.dims], unknownRank: first.unknownRank || second.unknownRank };
}
