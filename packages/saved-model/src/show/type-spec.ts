import { CorruptError, type Place } from "@modelbytes/bytes";
import { type StructuredValue, TypeSpecClass, type TypeSpecProto } from "@modelbytes/tf-proto/messages";
import { containerOf, reprTuple, reprValue, sizesOf, strShape, strValue } from "./structured-value.ts";

/**
 * `repr` of a `tf.TypeSpec`: the class, and what it was made with.
 *
 *     RaggedTensorSpec(TensorShape([2, None]), tf.int32, 1, tf.int64)               most classes: the state as a tuple
 *     VariableSpec(shape=(2,), dtype=tf.float32, trainable=True, alias_id=None)     two name their fields
 *     RowPartitionSpec(nrows=3, nvals=None, uniform_row_length=None, dtype=tf.int64)
 *     WeakTensor.Spec(tensor=TensorSpec(shape=(), dtype=tf.float32, name=None))     extension types: (name, value) pairs
 */

/** The classes that have numbers of their own. */
const CLASSES: ReadonlyMap<string, string> = new Map([
  ["SPARSE_TENSOR_SPEC", "SparseTensorSpec"],
  ["INDEXED_SLICES_SPEC", "IndexedSlicesSpec"],
  ["RAGGED_TENSOR_SPEC", "RaggedTensorSpec"],
  ["TENSOR_ARRAY_SPEC", "TensorArraySpec"],
  ["DATA_DATASET_SPEC", "DatasetSpec"],
  ["DATA_ITERATOR_SPEC", "IteratorSpec"],
  ["OPTIONAL_SPEC", "OptionalSpec"],
  ["PER_REPLICA_SPEC", "PerReplicaSpec"],
  ["VARIABLE_SPEC", "VariableSpec"],
  ["ROW_PARTITION_SPEC", "RowPartitionSpec"],
]);

/** Registered classes are found by name; importing TensorFlow registers those below `tf.`, and Python calls them by their last name. */
const REGISTERED = /^tf\.(?:linalg\.)?(\w+)$/;

/** Extension types of TensorFlow: `tf.WeakTensor.Spec`. Python makes an anonymous class of any other. */
const EXTENSION = /^tf\.((?:DynamicRaggedShape|WeakTensor|EagerWeakTensor|GraphWeakTensor|StructuredTensor)\.Spec)$/;

/** `type(spec).__name__`. Throws a `CorruptError` for a class that TensorFlow 2.21 has not, unless other programs bring it. */
export function typeSpecName({ typeSpecClass, typeSpecClassName }: TypeSpecProto, place: Place): string {
  const kind = TypeSpecClass.names.get(typeSpecClass) ?? "";
  if (kind === "EXTENSION_TYPE_SPEC") return EXTENSION.exec(typeSpecClassName)?.[1] ?? "AnonymousExtensionTypeSpec";
  const name =
    CLASSES.get(kind) ?? (kind === "REGISTERED_TYPE_SPEC" ? REGISTERED.exec(typeSpecClassName)?.[1] : undefined);
  if (name !== undefined) return name;
  throw new CorruptError("structured-value", `TensorFlow has no class ${JSON.stringify(typeSpecClassName)}`, place);
}

/** Throws a `CorruptError` for a class that TensorFlow has not, and for a state that does not fit the class. */
export function reprTypeSpec(spec: TypeSpecProto, place: Place): string {
  const name = typeSpecName(spec, place);
  const state = containerOf(spec.typeState ?? {});
  if (state === undefined) throw new CorruptError("structured-value", `the state of ${name} is no tuple`, place);
  const values = state.items.map(([, value]) => value);
  if (name === "VariableSpec") return `${name}(${variableFields(values, place)})`;
  if (name === "RowPartitionSpec") return `${name}(${partitionFields(values, place)})`;
  if (name === "DynamicRaggedShape.Spec") return `${name}(${raggedShapeFields(values, place)})`;
  const isExtension = TypeSpecClass.names.get(spec.typeSpecClass) === "EXTENSION_TYPE_SPEC";
  if (isExtension) return `${name}(${values.map((each) => extensionField(each, place).join("=")).join(", ")})`;
  return `${name}${reprTuple(values.map((each) => reprValue(each, place)))}`;
}

function variableFields([shape, dtype, trainable, alias]: readonly StructuredValue[], place: Place): string {
  const rest = [trainable ?? { boolValue: true }, alias ?? { noneValue: {} }].map((each) => reprValue(each, place));
  return `shape=${strShape(shape?.tensorShapeValue)}, dtype=${reprValue(dtype ?? {}, place)}, trainable=${rest[0]}, alias_id=${rest[1]}`;
}

/** The three numbers are shapes of one dimension in the file. */
function partitionFields([rows, values, length, dtype]: readonly StructuredValue[], place: Place): string {
  const [nrows, nvals, uniform] = [rows, values, length].map((each) => {
    return each?.tensorShapeValue === undefined
      ? strValue(each ?? {}, place)
      : (sizesOf(each.tensorShapeValue)[0] ?? "None");
  });
  return `nrows=${nrows}, nvals=${nvals}, uniform_row_length=${uniform}, dtype=${reprValue(dtype ?? {}, place)}`;
}

function raggedShapeFields(pairs: readonly StructuredValue[], place: Place): string {
  const [partitions, inner, staticInner] = pairs.map((each) => extensionField(each, place)[1]);
  const dtype = /dtype=([\w.]+)/.exec(inner ?? "")?.[1];
  return `row_partitions=${partitions}, static_inner_shape=${staticInner}, dtype=${dtype}`;
}

/** A name, and `repr` of its value. */
function extensionField(pair: StructuredValue, place: Place): readonly [name: string, value: string] {
  const [name, value] = containerOf(pair)?.items ?? [];
  if (name === undefined || value === undefined) {
    throw new CorruptError("structured-value", "a field of an extension type is no pair", place);
  }
  return [strValue(name[1], place), reprValue(value[1], place)];
}
