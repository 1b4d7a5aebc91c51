/**
 * Calls as Keras 1 and 2 write them. The first argument is a structure of tensors; everything else rides with each of them:
 *
 *     inbound_nodes   [node, …]                                           one for each call
 *     node            a structure of leaves; nearly always a list of them
 *     leaf            ["dense", 0, 0]                                     layer, node, tensor                  Keras 1
 *                     ["dense", 0, 0, {"mask": null, "y": ["b", 0, 0]}]   and the arguments by name            Keras 2
 *                     ["_CONSTANT_VALUE", -1, 2.0, {}]                    a value instead of a tensor
 */

import { isPyDict, isPyInt, type PyDict, type PyValue } from "../value.ts";
import type { Argument, Call } from "./architecture.ts";
import { hasTensor, unwrapped } from "./arguments.ts";
import { described, indexOf, itemsOf, malformed } from "./fields.ts";

const CONSTANT = "_CONSTANT_VALUE";

/** The layers that are called on the very structure of the text: a list of one tensor remains a list. */
const KEEP_STRUCTURE = new Set(["TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty"]);

/** One call. `layers` are the names of the model's layers: nothing else is a tensor among the arguments by name. */
export function readListCall(node: PyValue, path: string, className: string, layers: ReadonlySet<string>): Call {
  let named: PyDict | undefined;
  const readFirst = (value: PyValue, at: string): Argument => {
    const items = itemsOf(value);
    if (items !== undefined && typeof items[0] === "string") {
      const [layer, , output, kwargs, ...rest] = items;
      if (rest.length > 0 || items.length < 3) throw malformed(at, `${items.length} values where a tensor has 3 or 4`);
      if (kwargs !== undefined && kwargs !== null) {
        if (!isPyDict(kwargs)) throw malformed(`${at}[3]`, `${described(kwargs)} where arguments by name belong`);
        named = kwargs;
      }
      if (layer === CONSTANT) return { kind: "value", value: output ?? null };
      return readReference(items.slice(0, 3), at);
    }
    if (items !== undefined) {
      return { kind: "list", items: items.map((item, position) => readFirst(item, `${at}[${position}]`)) };
    }
    if (isPyDict(value)) {
      const entries = new Map<string, Argument>();
      for (const [key, item] of value) entries.set(String(key), readFirst(item, `${at}.${String(key)}`));
      return { kind: "dict", entries };
    }
    throw malformed(at, `${described(value)} where a tensor belongs`);
  };
  const first = readFirst(node, path);
  const kwargs = new Map<string, Argument>();
  for (const [key, value] of named ?? []) kwargs.set(String(key), readNamed(value, layers, path));
  return { args: [KEEP_STRUCTURE.has(className) ? first : unwrapped(first)], kwargs, path };
}

/** An argument by name: a list that begins with a layer's name is a tensor, wherever it is. */
function readNamed(value: PyValue, layers: ReadonlySet<string>, path: string): Argument {
  const items = itemsOf(value);
  if (items !== undefined) {
    const [layer] = items;
    if (typeof layer === "string" && layers.has(layer) && items.length === 3 && isPyInt(items[1])) {
      return readReference(items, path);
    }
    return orValue({ kind: "list", items: items.map((item) => readNamed(item, layers, path)) }, value);
  }
  if (!isPyDict(value)) return { kind: "value", value };
  const entries = new Map<string, Argument>();
  for (const [key, item] of value) entries.set(String(key), readNamed(item, layers, path));
  return orValue({ kind: "dict", entries }, value);
}

/** A structure without tensors is a value. */
export function orValue(structure: Argument, value: PyValue): Argument {
  return hasTensor(structure) ? structure : { kind: "value", value };
}

/** `["dense", 0, 0]`. */
export function readReference(items: readonly PyValue[], path: string): Argument {
  const [layer] = items;
  const call = indexOf(items[1]);
  const tensor = indexOf(items[2]);
  if (typeof layer !== "string" || call === undefined || tensor === undefined || items.length !== 3) {
    throw malformed(path, `a tensor is [layer, node, tensor], here it is [${items.map(described).join(", ")}]`);
  }
  return { kind: "tensor", layer, call, tensor, shape: undefined, dtype: undefined };
}

/** `input_layers` and `output_layers`: a tensor, or lists and dicts of them. */
export function readEnds(value: PyValue | undefined, path: string): Argument {
  const items = itemsOf(value);
  if (items !== undefined) {
    if (typeof items[0] === "string") return readReference(items, path);
    return { kind: "list", items: items.map((item, index) => readEnds(item, `${path}[${index}]`)) };
  }
  if (!isPyDict(value)) throw malformed(path, `${described(value)} where tensors belong`);
  const entries = new Map<string, Argument>();
  for (const [key, item] of value) entries.set(String(key), readEnds(item, `${path}.${String(key)}`));
  return { kind: "dict", entries };
}
