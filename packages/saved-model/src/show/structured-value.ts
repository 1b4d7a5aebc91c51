import { CorruptError, type Place, sortNames } from "@modelbytes/bytes";
import {
  DataType,
  type StructuredValue,
  type TensorProto,
  type TensorShapeProto,
  type TensorSpecProto,
} from "@modelbytes/tf-proto/messages";
import { dtypeText } from "../dtype-text.ts";
import { reprArray } from "./numpy-text.ts";
import { reprFloat, reprString } from "./python-text.ts";
import { reprTypeSpec } from "./type-spec.ts";

/**
 * A `StructuredValue` (tensorflow/core/protobuf/struct.proto) as the text of the Python value that it stands for: what functions
 * take and give, and the defaults of their arguments.
 */

/** A container of Python: what is in it and how it is written. */
interface Container {
  readonly kind: "list" | "tuple" | "dict" | "namedtuple";
  /** `type(value).__name__`. */
  readonly type: string;
  /** Keys of a dict in the order of code points: in a file they have none. Fields of a named tuple in theirs. `""` in lists. */
  readonly items: readonly (readonly [key: string, value: StructuredValue])[];
}

/** The list, tuple, dict or named tuple that a value is; `undefined` for any other. */
export function containerOf(value: StructuredValue): Container | undefined {
  const { listValue, tupleValue, dictValue, namedTupleValue } = value;
  if (listValue !== undefined) return { kind: "list", type: "list", items: listValue.values.map((each) => ["", each]) };
  if (tupleValue !== undefined) {
    return { kind: "tuple", type: "tuple", items: tupleValue.values.map((each) => ["", each]) };
  }
  if (dictValue !== undefined) {
    const keys = sortNames([...dictValue.fields.keys()]);
    return { kind: "dict", type: "dict", items: keys.map((key) => [key, dictValue.fields.get(key) ?? {}]) };
  }
  if (namedTupleValue === undefined) return undefined;
  const items = namedTupleValue.values.map(({ key, value: each }) => [key, each ?? {}] as const);
  return { kind: "namedtuple", type: namedTupleValue.name, items };
}

/**
 * `repr(value)`. Throws a `CorruptError` for a value of no kind and for what Python refuses to make: dtypes and classes of
 * `tf.TypeSpec` that TensorFlow has not. Python numbers the names of tensors; here each is `Const:0`.
 */
export function reprValue(value: StructuredValue, place: Place = {}): string {
  const container = containerOf(value);
  if (container !== undefined) return reprContainer(container, place);
  const { stringValue, tensorDtypeValue, tensorShapeValue, tensorSpecValue, boundedTensorSpecValue } = value;
  if (value.noneValue !== undefined) return "None";
  if (value.boolValue !== undefined) return value.boolValue ? "True" : "False";
  if (value.int64Value !== undefined) return `${value.int64Value}`;
  if (value.float64Value !== undefined) return reprFloat(value.float64Value);
  if (stringValue !== undefined) return reprString(stringValue);
  if (tensorDtypeValue !== undefined) return reprDType(tensorDtypeValue, place);
  if (tensorShapeValue !== undefined) return reprShape(tensorShapeValue);
  if (tensorSpecValue !== undefined) return `TensorSpec(${specFields(tensorSpecValue, place)})`;
  if (boundedTensorSpecValue !== undefined) {
    const { minimum, maximum } = boundedTensorSpecValue;
    const bounds = `minimum=${reprBound(minimum, place)}, maximum=${reprBound(maximum, place)}`;
    return `BoundedTensorSpec(${specFields(boundedTensorSpecValue, place)}, ${bounds})`;
  }
  if (value.typeSpecValue !== undefined) return reprTypeSpec(value.typeSpecValue, place);
  if (value.numpyValue !== undefined) return reprArray(value.numpyValue, place);
  if (value.tensorValue !== undefined) {
    const { tensorShape, dtype } = value.tensorValue;
    return `<tf.Tensor 'Const:0' shape=${strShape(tensorShape)} dtype=${dtypeName(dtype, place)}>`;
  }
  throw new CorruptError("structured-value", "a StructuredValue says nothing", place);
}

/** `str(value)`, which differs from `repr` for strings, dtypes and shapes. */
export function strValue(value: StructuredValue, place: Place = {}): string {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.tensorDtypeValue !== undefined) return `<dtype: '${dtypeName(value.tensorDtypeValue, place)}'>`;
  if (value.tensorShapeValue !== undefined) return strShape(value.tensorShapeValue);
  return reprValue(value, place);
}

function reprContainer({ kind, type, items }: Container, place: Place): string {
  const values = items.map(([, each]) => reprValue(each, place));
  if (kind === "list") return `[${values.join(", ")}]`;
  if (kind === "tuple") return reprTuple(values);
  if (kind === "dict") return `{${items.map(([key], at) => `${reprString(key)}: ${values[at]}`).join(", ")}}`;
  return `${type}(${items.map(([key], at) => `${key}=${values[at]}`).join(", ")})`;
}

/** A tuple of values that are written already: one of a single value has a comma. */
export function reprTuple(values: readonly string[]): string {
  return values.length === 1 ? `(${values[0]},)` : `(${values.join(", ")})`;
}

/** `tf.float32`. */
function reprDType(number: number, place: Place): string {
  return `tf.${dtypeName(number, place)}`;
}

function dtypeName(number: number, place: Place): string {
  if (number !== 0 && DataType.names.has(number)) return dtypeText(number);
  throw new CorruptError("structured-value", `TensorFlow has no dtype ${number}`, place);
}

/** Sizes as Python has them: −1 is None. */
export function sizesOf(shape: TensorShapeProto): string[] {
  return shape.dim.map(({ size }) => (size === -1n ? "None" : `${size}`));
}

/** `TensorShape([None, 2])`, `TensorShape(None)`. */
function reprShape(shape: TensorShapeProto): string {
  return shape.unknownRank ? "TensorShape(None)" : `TensorShape([${sizesOf(shape).join(", ")}])`;
}

/** `(None, 2)`, `<unknown>`. */
export function strShape(shape: TensorShapeProto | undefined): string {
  if (shape === undefined) return "()";
  return shape.unknownRank ? "<unknown>" : reprTuple(sizesOf(shape));
}

function specFields({ name, shape, dtype }: TensorSpecProto, place: Place): string {
  const named = name === "" ? "None" : reprString(name);
  return `shape=${strShape(shape)}, dtype=${reprDType(dtype, place)}, name=${named}`;
}

function reprBound(bound: TensorProto | undefined, place: Place): string {
  if (bound === undefined) throw new CorruptError("structured-value", "a BoundedTensorSpec without bounds", place);
  return reprArray(bound, place);
}
