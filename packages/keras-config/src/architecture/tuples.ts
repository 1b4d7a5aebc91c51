import { isPyDict, isPyList, PyTuple, type PyValue } from "../value.ts";
import { itemsOf } from "./fields.ts";

/**
 * The same value with tuples where SavedModels and h5 files have objects that stand for them: `{"class_name": "__tuple__", "items": […]}`,
 * and `TensorShape` likewise. What has none of them is returned as it is.
 */
export function withTuples(value: PyValue): PyValue {
  if (isPyList(value)) return changed(value, value.map(withTuples)) ?? value;
  if (!isPyDict(value)) return value;
  const items = value.has("class_name") ? itemsOf(value.get("items")) : undefined;
  if (items !== undefined && value.get("class_name") === "__tuple__") return new PyTuple(items.map(withTuples));
  if (items !== undefined && value.get("class_name") === "TensorShape") return items.map(withTuples);
  const before = [...value.values()];
  const after = changed(before, before.map(withTuples));
  return after === undefined ? value : new Map([...value.keys()].map((key, index) => [key, after[index] ?? null]));
}

function changed(before: readonly PyValue[], after: readonly PyValue[]): readonly PyValue[] | undefined {
  return after.some((item, index) => item !== before[index]) ? after : undefined;
}
