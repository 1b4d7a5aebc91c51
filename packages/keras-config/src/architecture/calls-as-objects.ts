/**
 * Calls as Keras 3 writes them: the very arguments, with tensors as objects.
 *
 *     node     {"args": […], "kwargs": {…}}
 *     tensor   {"class_name": "__keras_tensor__", "config": {"shape": [null, 4], "dtype": "float32", "keras_history": ["dense", 0, 0]}}
 */

import { isPyDict, type PyDict, type PyValue } from "../value.ts";
import type { Argument, Call } from "./architecture.ts";
import { orValue, readReference } from "./calls-as-lists.ts";
import { described, dictOf, indexOf, itemsOf, listAt, malformed, member, optionalString } from "./fields.ts";

/** One call. */
export function readObjectCall(node: PyDict, path: string): Call {
  const args = listAt(node, "args", path);
  const kwargs = dictOf(node.get("kwargs") ?? new Map(), member(path, "kwargs"));
  return {
    args: args.map((value, index) => readArgument(value, `${path}.args[${index}]`)),
    kwargs: new Map(
      [...kwargs].map(([key, value]) => [String(key), readArgument(value, `${path}.kwargs.${String(key)}`)]),
    ),
    path,
  };
}

function readArgument(value: PyValue, path: string): Argument {
  const items = itemsOf(value);
  if (items !== undefined) {
    return orValue({ kind: "list", items: items.map((item, index) => readArgument(item, `${path}[${index}]`)) }, value);
  }
  if (!isPyDict(value)) return { kind: "value", value };
  if (value.get("class_name") === "__keras_tensor__") return readTensor(value, path);
  const entries = new Map<string, Argument>();
  for (const [key, item] of value) entries.set(String(key), readArgument(item, member(path, String(key))));
  return orValue({ kind: "dict", entries }, value);
}

function readTensor(object: PyDict, path: string): Argument {
  const config = dictOf(object.get("config"), member(path, "config"));
  const history = itemsOf(config.get("keras_history"));
  // A tensor without a history is none of this model's: Keras takes it as it is.
  if (history === undefined) return { kind: "value", value: object };
  const reference = readReference(history, member(path, "config.keras_history"));
  const shape = config.get("shape");
  const dtype = optionalString(config.get("dtype"));
  if (reference.kind !== "tensor") return reference;
  return { ...reference, dtype, shape: shape === null || shape === undefined ? undefined : readShape(shape, path) };
}

/** `[null, 4]`. */
export function readShape(value: PyValue, path: string): readonly (number | null)[] {
  const items = itemsOf(value);
  if (items === undefined) throw malformed(path, `${described(value)} where a shape belongs`);
  return items.map((length) => {
    const size = length === null ? null : indexOf(length);
    if (size === undefined) throw malformed(path, `${described(length)} in a shape`);
    return size;
  });
}
