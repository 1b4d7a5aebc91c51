import { NotFoundError } from "@modelbytes/bytes";
import type { MapKey } from "../map-order.ts";
import { describe } from "../scalar.ts";
import type { Field } from "../schema.ts";
import { wrongField } from "./field-kind.ts";
import type { MapEdit } from "./map-edit.ts";
import { recordOfEntry } from "./new-record.ts";
import type { WireNode } from "./wire-node.ts";

/** Edits of the maps of a node. Damaged entries have no key: they are in the way of nothing, and go when the map is set. */

const NONE: readonly never[] = [];

/** The edit of a map, to be changed and then given to the node's `settle`. */
export function mapEdit(node: WireNode, field: Field): MapEdit {
  return node.toEdit().mapEdit(field, (item) => node.tryKeyOf(field, item));
}

/** Sets the value of a key, in the entry that there is or in a new one. */
export function setEntry(node: WireNode, field: Field, key: MapKey, value: unknown): void {
  const edit = mapEdit(node, field);
  const item = edit.find(key);
  if (item === undefined) {
    const record = recordOfEntry(node, field, node.file.entryTypes.of(field), key, value);
    edit.add(record, key, node.mapOrder, node.namesIn(field));
  } else node.child(field, item).set("value", value);
  node.settle(field, edit, NONE);
}

/** Removes the entries of a key; false if there are none. */
export function deleteEntry(node: WireNode, field: Field, key: MapKey): boolean {
  const edit = mapEdit(node, field);
  const gone = edit.removeKey(key);
  node.settle(field, edit, gone);
  return gone.length > 0;
}

/** Gives the entry of a key, with the node for its value, another key. Earlier entries of the old key go. */
export function renameEntry(node: WireNode, field: Field, from: MapKey, to: MapKey): void {
  const edit = mapEdit(node, field);
  const item = edit.find(from);
  const where = node.path === "" ? field.name : `${node.path}.${field.name}`;
  if (item === undefined) throw new NotFoundError("protobuf-entry", `${where} has no entry ${describe(from)}`);
  if (from === to) return;
  if (edit.find(to) !== undefined) throw new RangeError(`${where} has an entry ${describe(to)} already`);
  const entry = node.child(field, item);
  entry.set("key", to);
  const others = edit.removeKey(from).filter((other) => other !== item);
  const record = node.toEdit().record(item);
  node.reseat(entry, item, edit.move(record, to, node.mapOrder));
  node.settle(field, edit, others);
}

/** Makes a map hold these entries: those whose value stays the same keep their bytes. */
export function setEntries(node: WireNode, field: Field, value: unknown): void {
  if (!(value instanceof Map)) throw wrongField(node.type, field, `takes a Map, not ${describe(value)}`);
  const type = node.file.entryTypes.of(field);
  for (const [key, each] of value) recordOfEntry(node, field, type, key, each); // before anything is changed: it may throw
  const edit = mapEdit(node, field);
  const gone = [...edit.keys].filter((key) => !value.has(key)).flatMap((key) => edit.removeKey(key));
  node.settle(field, edit, gone);
  for (const [key, each] of value) setEntry(node, field, key, each);
}
