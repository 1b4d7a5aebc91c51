import { CorruptError, type Place, sortNames } from "@modelbytes/bytes";
import type { StructuredValue } from "@modelbytes/tf-proto/messages";
import { containerOf, reprValue, sizesOf, strValue } from "./structured-value.ts";
import { typeSpecName } from "./type-spec.ts";

/**
 * The arguments that a concrete function takes, as `saved_model_cli show --all` lists them.
 *
 *     Argument #1
 *       x: TensorSpec(shape=(None, 2), dtype=tf.float32, name='x')
 *     Argument #2
 *       DType: list
 *       Value: [1, 'two', ⌫⌫]        each element is followed by ", ", which two backspaces are to take back
 *     Named Argument #1
 *       training                     only the name
 */

const INDENT = " ".repeat(8);
const TAKEN_BACK = "\b\b";

/** What a function is called with. */
export interface CallSignature {
  readonly positional: readonly StructuredValue[];
  /** Sorted. */
  readonly named: readonly string[];
}

/**
 * The arguments in a `canonicalized_input_signature`: a tuple of a tuple and a dict. Throws a `CorruptError` where it is none.
 */
export function callSignatureOf(signature: StructuredValue | undefined, place: Place = {}): CallSignature {
  const [positional, named, ...others] = signature?.tupleValue?.values ?? [];
  const [first, second] = [containerOf(positional ?? {}), containerOf(named ?? {})];
  if (first === undefined || second?.kind !== "dict" || others.length > 0) {
    throw new CorruptError("function-signature", "the signature of a function is no pair of arguments", place);
  }
  return { positional: first.items.map(([, value]) => value), named: sortNames(second.items.map(([key]) => key)) };
}

/** The lines of positional arguments. Throws as `reprValue` does. */
export function positionalText(values: readonly StructuredValue[], place: Place = {}): string {
  return values.map((value, at) => `${INDENT}Argument #${at + 1}\n${INDENT}  ${argumentText(value, place)}\n`).join("");
}

/** The lines of named arguments. */
export function namedText(names: readonly string[]): string {
  return names.map((name, at) => `${INDENT}Named Argument #${at + 1}\n${INDENT}  ${name}\n`).join("");
}

function argumentText(value: StructuredValue, place: Place): string {
  const spec = value.tensorSpecValue ?? value.boundedTensorSpecValue;
  if (value.stringValue !== undefined) return value.stringValue;
  if (spec !== undefined) return `${spec.name === "" ? "None" : spec.name}: ${reprValue(value, place)}`;
  return `DType: ${typeName(value, place)}\n${INDENT}  Value: ${valueText(value, place)}`;
}

function valueText(value: StructuredValue, place: Place): string {
  const container = containerOf(value);
  const { tensorShapeValue } = value;
  if (container !== undefined) {
    const isDict = container.kind === "dict";
    const items = container.items.map(([key, each]) => `${isDict ? `'${key}': ` : ""}${quoted(each, place)}, `);
    return isDict ? `{${items.join("")}${TAKEN_BACK}}` : `[${items.join("")}${TAKEN_BACK}]`;
  }
  if (tensorShapeValue === undefined || tensorShapeValue.unknownRank) return strValue(value, place);
  return `[${sizesOf(tensorShapeValue)
    .map((size) => `${size}, `)
    .join("")}${TAKEN_BACK}]`;
}

/** `str(value)`, between quotes if it is a str, whatever is in it. */
function quoted(value: StructuredValue, place: Place): string {
  return value.stringValue === undefined ? strValue(value, place) : `'${value.stringValue}'`;
}

/** `type(value).__name__` of a value that is neither str nor TensorSpec. */
function typeName(value: StructuredValue, place: Place): string {
  const container = containerOf(value);
  if (container !== undefined) return container.type;
  if (value.noneValue !== undefined) return "NoneType";
  if (value.boolValue !== undefined) return "bool";
  if (value.int64Value !== undefined) return "int";
  if (value.float64Value !== undefined) return "float";
  if (value.tensorDtypeValue !== undefined) return "DType";
  if (value.tensorShapeValue !== undefined) return "TensorShape";
  if (value.typeSpecValue !== undefined) return typeSpecName(value.typeSpecValue, place);
  return value.numpyValue === undefined ? "SymbolicTensor" : "ndarray";
}
