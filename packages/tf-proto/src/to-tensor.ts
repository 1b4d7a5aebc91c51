import { ByteReader, CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import {
  checkedElementCount,
  DTYPES,
  type DType,
  dtypeOfNumber,
  type FixedDType,
  fromBytes,
  isVarying,
  type Tensor,
  type VaryingDType,
} from "@modelbytes/tensor";
import { toHost } from "./repeated.ts";
import type { TensorProto } from "./tensor-proto.ts";

/**
 * The tensor that a `TensorProto` stands for, by the rules of `Tensor::FromProto` (tensorflow/core/framework/tensor.cc):
 *
 *     tensor_content     the elements as bytes, exactly as many as the shape has; strings as varint32 lengths, then bytes
 *     otherwise          the values of the dtype's field: if there are too few the last is repeated (variants: the rest is
 *                        empty), if there are none they are zeros, if there are too many the rest is left out
 */

/**
 * A few values may stand for a large tensor, so its size is bounded: protocol buffers hold less than 2 GiB, and no tensor of a
 * graph is larger.
 */
const LARGEST_EXPANSION = 2 ** 31;

/** `Tensor::FromProto` refuses shapes of more dimensions. */
const MAX_RANK = 253;

/** What an element of a string tensor takes in memory, at the least. */
const REFERENCE_BYTES = 8;

/**
 * Throws a `CorruptError` where content and shape contradict each other, an `UnsupportedError` for a dtype that no tensor has
 * here (a resource) and for a shape beyond 2 GiB of which not all values are there.
 *
 * The data may share memory with the arrays of `proto`.
 */
export function toTensor(proto: TensorProto, place: Place = {}): Tensor {
  const shape = proto.shape.unknownRank ? [] : proto.shape.dims; // to TensorFlow a tensor of unknown rank is a scalar
  const count = shape.length > MAX_RANK ? undefined : checkedElementCount(shape);
  if (count === undefined) {
    const dims = shape.length > MAX_RANK ? `${shape.length} dimensions` : `[${shape.join(", ")}]`;
    throw new CorruptError("shape", `${dims} is not the shape of a tensor`, place);
  }
  const dtype = dtypeOfNumber(proto.dtype);
  if (dtype === undefined) {
    throw new UnsupportedError("dtype", `no tensor of TensorFlow's dtype ${proto.dtype} can be read`, place);
  }
  if (isVarying(dtype)) return { dtype, shape, data: elements(proto, dtype, count, place) };
  return fixedTensor(proto, dtype, shape, count, place);
}

/** How many values the field of `dtype` holds, whatever the shape is. */
export function valueCount(proto: TensorProto, dtype: DType): number {
  if (dtype === "string") return proto.stringVal.length;
  if (dtype === "variant") return proto.variantVal.length;
  return Math.floor(valuesOf(proto, dtype).length / DTYPES[dtype].entries);
}

function fixedTensor(
  proto: TensorProto,
  dtype: FixedDType,
  shape: readonly number[],
  count: number,
  place: Place,
): Tensor {
  const { itemsize } = DTYPES[dtype];
  const { tensorContent } = proto;
  const size = count * itemsize;
  if (tensorContent.length > 0 && count > 0) {
    if (tensorContent.length !== size) {
      const reason = `tensor_content has ${tensorContent.length} bytes, ${dtype} of shape [${shape.join(", ")}] takes ${size}`;
      throw new CorruptError("tensor-content", reason, place);
    }
    if (dtype === "bool" && tensorContent.some((byte) => byte > 1)) {
      throw new CorruptError("tensor-content", "tensor_content of a bool tensor has bytes other than 0 and 1", place);
    }
    return fromBytes(dtype, shape, new Uint8Array(tensorContent));
  }
  const values = elementBytes(valuesOf(proto, dtype), itemsize);
  const known = values.length - (values.length % itemsize);
  if (known >= size) return fromBytes(dtype, shape, values.subarray(0, size));
  checkExpansion(size, place);
  const bytes = new Uint8Array(size);
  bytes.set(values.subarray(0, known));
  if (known > 0) repeatLast(bytes, known, itemsize);
  return fromBytes(dtype, shape, bytes);
}

/** Fills what is behind the first `known` bytes with the last element before, in steps that double. */
function repeatLast(bytes: Uint8Array, known: number, itemsize: number): void {
  const start = known - itemsize;
  for (let filled = known; filled < bytes.length; ) {
    const length = Math.min(filled - start, bytes.length - filled);
    bytes.copyWithin(filled, start, start + length);
    filled += length;
  }
}

/** The values of a dtype's field. */
function valuesOf(proto: TensorProto, dtype: FixedDType): Values {
  switch (dtype) {
    case "float32":
      return proto.floatVal;
    case "float64":
      return proto.doubleVal;
    case "complex64":
      return proto.scomplexVal;
    case "complex128":
      return proto.dcomplexVal;
    case "int64":
      return proto.int64Val;
    case "uint64":
      return proto.uint64Val;
    case "uint32":
      return proto.uint32Val;
    case "bool":
      return proto.boolVal;
    case "float16":
    case "bfloat16":
      return proto.halfVal;
    case "float8_e5m2":
    case "float8_e4m3fn":
    case "float8_e4m3fnuz":
    case "float8_e4m3b11fnuz":
    case "float8_e5m2fnuz":
    case "float4_e2m1fn":
      return new Uint8Array(proto.float8Val);
    default:
      return proto.intVal;
  }
}

type Values =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

/** Values as little-endian elements of `itemsize` bytes; of integers that are too wide, the low bytes. */
function elementBytes(values: Values, itemsize: number): Uint8Array<ArrayBuffer> {
  if (values instanceof Int32Array && itemsize === 1) return new Uint8Array(values);
  if (values instanceof Int32Array && itemsize === 2) return bytesOf(new Uint16Array(values));
  return bytesOf(values);
}

/** The memory of the array itself on the hosts that are little-endian. */
function bytesOf(values: Values): Uint8Array<ArrayBuffer> {
  return toHost(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), values.BYTES_PER_ELEMENT);
}

function elements(proto: TensorProto, dtype: VaryingDType, count: number, place: Place): Uint8Array[] {
  if (proto.tensorContent.length > 0 && count > 0) return splitContent(proto.tensorContent, count, place);
  const values = dtype === "string" ? proto.stringVal : proto.variantVal;
  if (values.length >= count) return values.slice(0, count);
  if (dtype === "variant" && values.length === 0) {
    throw new CorruptError("tensor-content", `a variant tensor of ${count} elements has none`, place);
  }
  checkExpansion(count * REFERENCE_BYTES, place);
  const nothing = new Uint8Array(0);
  const last = dtype === "string" ? (values.at(-1) ?? nothing) : nothing;
  return [...values, ...new Array<Uint8Array>(count - values.length).fill(last)];
}

/** `varint32 length of each element ‖ the elements`, which have to take up all of the bytes. */
function splitContent(content: Uint8Array, count: number, place: Place): Uint8Array[] {
  try {
    const reader = new ByteReader(content);
    const lengths: number[] = [];
    while (lengths.length < count) lengths.push(reader.varint32());
    const parts = lengths.map((length) => reader.view(length));
    if (reader.remaining === 0) return parts;
    throw reader.corrupt("tensor-content", `${reader.remaining} bytes are left behind the last element`);
  } catch (cause) {
    if (!(cause instanceof CorruptError)) throw cause;
    const reason = `tensor_content is no list of ${count} elements: ${cause.reason}`;
    throw new CorruptError("tensor-content", reason, { ...place, cause });
  }
}

function checkExpansion(bytes: number, place: Place): void {
  if (bytes <= LARGEST_EXPANSION) return;
  throw new UnsupportedError("too-large", `a few values stand for ${bytes} bytes, more than 2 GiB`, place);
}
