import { CorruptError } from "@modelbytes/bytes";
import { decodeMessage } from "../decode.ts";
import { FieldPath } from "../field-path.ts";
import type { MapKey } from "../map-order.ts";
import { propertiesOf } from "../properties.ts";
import { describe, isDefault } from "../scalar.ts";
import type { Field, MessageType } from "../schema.ts";
import { Chunks, concatenate } from "./chunks.ts";
import type { FieldEdit } from "./field-edit.ts";
import {
  fieldNamed,
  isList,
  isMap,
  isMessage,
  listField,
  mapField,
  messageField,
  messageListField,
  messageMapField,
  repeatedField,
  wrongField,
} from "./field-kind.ts";
import { type Item, isOwn, type Names } from "./item.ts";
import { deleteEntry, mapEdit, renameEntry, setEntries, setEntry } from "./map-entries.ts";
import { type Child, MessageRecords } from "./message-records.ts";
import { encodeField, nameOf, nameOfContent, nameOfValue, recordOf, recordOfElement } from "./new-record.ts";
import { bytesOf, join, offsetOf, type Span, spanOf } from "./span.ts";
import type { TreeFile } from "./tree-file.ts";
import type { WireMessage } from "./wire-message.ts";

/** Where a node is in the message around it. */
interface Seat {
  readonly parent: WireNode;
  readonly field: Field;
  /** The record that the node is written in. Undefined for what an entry without a value has for one. */
  item: Item | undefined;
}

const NONE: readonly Item[] = [];
const FROM_ZERO = { offset: 0 };

/**
 * What is behind a `WireMessage`, where the methods of the same names are described. That names and values fit the message is for
 * the compiler to check, there; here they are texts that the schema may not know and values that may be wrong.
 */
export class WireNode implements Child, Record<keyof WireMessage<object>, unknown> {
  readonly file: TreeFile;
  readonly type: MessageType;
  /** Messages around it. */
  readonly depth: number;
  readonly merged: readonly Item[];
  readonly #span: Span;
  readonly #seat: Seat | undefined;
  /** Made when they are first asked for. */
  #known: MessageRecords<WireNode> | undefined;
  /** What `messages` and `entries` have given, until the field is edited. */
  #lists: Map<Field, readonly WireNode[]> | undefined;
  #maps: Map<Field, ReadonlyMap<MapKey, WireNode>> | undefined;

  constructor(file: TreeFile, type: MessageType, span: Span, seat?: Seat, merged: readonly Item[] = NONE) {
    this.type = type;
    this.depth = seat === undefined ? 0 : seat.parent.depth + 1;
    this.merged = merged;
    this.file = file;
    this.#span = span;
    this.#seat = seat;
  }

  get path(): string {
    return this.#path().toString();
  }

  get offset(): number | undefined {
    return offsetOf(this.#span.backing, this.#span.start);
  }

  get changed(): boolean {
    return this.#known?.changed ?? false;
  }

  get mapOrder(): "upb" | "c++" {
    return this.file.mapOrder;
  }

  has(name: string): boolean {
    const field = fieldNamed(this.type, name);
    const items = this.#records.inForce(field);
    if (items.length === 0 || isList(field) || field.message !== undefined) return items.length > 0;
    const value = this.#valueOf(field, items);
    if (Array.isArray(value)) return value.length > 0;
    return value !== undefined && (field.explicit || !isDefault(value));
  }

  count(name: string): number {
    const field = repeatedField(this.type, name);
    const items = this.#records.of(field);
    if (isMap(field)) return new Set(items.map((item) => this.#keyOf(field, item))).size;
    if (isList(field)) return items.length;
    const values = this.#valueOf(field, items);
    return Array.isArray(values) ? values.length : 0;
  }

  value(name: string): unknown {
    const field = fieldNamed(this.type, name);
    if (isMessage(field)) return this.message(name)?.decode();
    return this.#records.plainScalar(field) ?? this.#valueOf(field, this.#records.inForce(field));
  }

  message(name: string): WireNode | undefined {
    const field = messageField(this.type, name);
    const items = this.#records.inForce(field);
    const item = items.at(-1);
    return item === undefined ? undefined : this.child(field, item, items.slice(0, -1));
  }

  messages(name: string): readonly WireNode[] {
    const field = messageListField(this.type, name);
    let list = this.#lists?.get(field);
    if (list === undefined) {
      list = this.#records.of(field).map((item) => this.child(field, item));
      this.#lists ??= new Map();
      this.#lists.set(field, list);
    }
    return list;
  }

  entries(name: string): ReadonlyMap<MapKey, WireNode> {
    const field = messageMapField(this.type, name);
    let map = this.#maps?.get(field);
    if (map === undefined) {
      const items = this.#records.of(field);
      map = new Map(items.map((item) => [this.#keyOf(field, item), this.child(field, item).#valueOfEntry()]));
      this.#maps ??= new Map();
      this.#maps.set(field, map);
    }
    return map;
  }

  decode(): object {
    return this.#decode(this.changed ? spanOf(this.encode()) : this.#span);
  }

  encode(): Uint8Array {
    return this.changed ? concatenate(this.chunks()) : bytesOf(this.#span);
  }

  chunks(): readonly Uint8Array[] {
    const chunks = new Chunks();
    this.write(chunks);
    return chunks.finish();
  }

  write(to: Chunks): void {
    if (this.#known === undefined) to.add(this.#span.backing.bytes, this.#span.start, this.#span.end);
    else this.#known.write(to);
  }

  set(name: string, value: unknown): void {
    const field = fieldNamed(this.type, name);
    if (isMap(field)) setEntries(this, field, value);
    else if (isList(field)) this.#setList(field, value);
    else this.#setWhole(field, value);
  }

  clear(name: string): void {
    const field = fieldNamed(this.type, name);
    const records = this.toEdit();
    if (records.inForce(field).length === 0) return;
    const edit = isMap(field) ? mapEdit(this, field) : records.edit(field);
    this.settle(field, edit, edit.clear());
  }

  append(name: string, value: unknown): void {
    const field = listField(this.type, name);
    this.insert(name, this.#records.of(field).length, value);
  }

  insert(name: string, index: number, value: unknown): void {
    const field = listField(this.type, name);
    const edit = this.toEdit().edit(field);
    edit.insert(index, recordOfElement(this, field, value), this.namesIn(field));
    this.settle(field, edit, NONE);
  }

  replace(name: string, index: number, value: unknown): void {
    const field = listField(this.type, name);
    const edit = this.toEdit().edit(field);
    const record = recordOfElement(this, field, value);
    const gone = edit.remove(index);
    edit.insert(index, record, this.namesIn(field));
    this.settle(field, edit, gone);
  }

  remove(name: string, index: number): void {
    const field = listField(this.type, name);
    const edit = this.toEdit().edit(field);
    this.settle(field, edit, edit.remove(index));
  }

  setEntry(name: string, key: MapKey, value: unknown): void {
    setEntry(this, mapField(this.type, name), key, value);
  }

  deleteEntry(name: string, key: MapKey): boolean {
    return deleteEntry(this, mapField(this.type, name), key);
  }

  renameEntry(name: string, from: MapKey, to: MapKey): void {
    renameEntry(this, mapField(this.type, name), from, to);
  }

  /** The records, to be edited. Throws a `TypeError` if an edit would have no effect. */
  toEdit(): MessageRecords<WireNode> {
    for (let node: WireNode = this; node.#seat !== undefined; node = node.#seat.parent) {
      const { parent, item } = node.#seat;
      if (item === undefined || parent.#known?.child(item) !== node) {
        throw new TypeError("the message is not in the tree: it was set or removed, or is an entry that has no value");
      }
    }
    return this.#records;
  }

  /** Takes an edit of a field for done, and forgets the nodes for the records that are gone. */
  settle(field: Field, edit: FieldEdit, gone: readonly Item[]): void {
    for (const item of gone) this.#records.release(item);
    this.#records.settle(field, edit);
    this.#lists?.delete(field);
    this.#maps?.delete(field);
    for (let node: WireNode = this; node.#seat !== undefined; node = node.#seat.parent) {
      node.#seat.parent.#records.touch(node);
    }
  }

  /** The node for the message, or the entry, in a record. */
  child(field: Field, item: Item, merged: readonly Item[] = NONE): WireNode {
    const records = this.#records;
    const known = records.child(item);
    if (known !== undefined) return known;
    const span = this.#inRecord(field, item, () => records.inside([...merged, item]));
    const child = new WireNode(
      this.file,
      this.file.entryTypes.inside(field),
      span,
      { parent: this, field, item },
      merged,
    );
    records.adopt(item, child);
    return child;
  }

  /** Writes a child in another record than it was in. */
  reseat(child: WireNode, from: Item, to: Item): void {
    this.#records.release(from);
    this.#records.adopt(to, child);
    this.#records.touch(child);
    if (child.#seat !== undefined) child.#seat.item = to;
  }

  /** The key of an entry; undefined if it is damaged. */
  tryKeyOf(map: Field, item: Item): MapKey | undefined {
    try {
      return this.file.entryTypes.keyIn(map, bytesOf(this.#records.content(item)));
    } catch (cause) {
      if (cause instanceof CorruptError) return undefined;
      throw cause;
    }
  }

  /** What the records of a repeated field or a map are called. */
  namesIn(field: Field): Names {
    return (item) => (isOwn(item) ? this.#namesOf(field, [item]) : [nameOf(item)].filter((name) => name !== undefined));
  }

  /** A field that does not repeat, or numbers: all its records at once. */
  #setWhole(field: Field, value: unknown): void {
    const edit = this.toEdit().edit(field);
    const record = recordOf(this, field, value);
    const name = nameOf(record);
    const asItWas = name !== undefined && this.#namesOf(field, edit.originals).includes(name);
    const news = record === undefined ? NONE : [record];
    this.settle(field, edit, edit.replaceAll(asItWas ? edit.originals : news));
  }

  #setList(field: Field, value: unknown): void {
    if (!Array.isArray(value)) throw wrongField(this.type, field, `takes an array, not ${describe(value)}`);
    const edit = this.toEdit().edit(field);
    const records = value.map((element) => recordOfElement(this, field, element));
    const items = records.map((record, index) => edit.originalLike(index, record, this.namesIn(field)) ?? record);
    this.settle(field, edit, edit.replaceAll(items));
  }

  /** Throws a `CorruptError` if the bytes are something else than records. */
  get #records(): MessageRecords<WireNode> {
    this.#known ??= this.#inFile(this.#span, () => new MessageRecords(this.type, this.#span, this.depth));
    return this.#known;
  }

  /** The message in an entry of a map. One that is not there can be read but not edited. */
  #valueOfEntry(): WireNode {
    const value = this.message("value");
    if (value !== undefined) return value;
    const field = messageField(this.type, "value");
    const type = this.file.entryTypes.inside(field);
    return new WireNode(this.file, type, spanOf(new Uint8Array(0)), { parent: this, field, item: undefined });
  }

  #keyOf(map: Field, item: Item): MapKey {
    return this.#inRecord(map, item, (entry) => this.file.entryTypes.keyIn(map, bytesOf(entry)));
  }

  /** What the typed object has of a field whose records these are. */
  #valueOf(field: Field, items: readonly Item[]): unknown {
    const records = this.#records;
    return propertiesOf(this.#decode(join(items.map((item) => records.current(item)))))[field.property];
  }

  #decode(span: Span): object {
    return this.#inFile(span, () => decodeMessage(this.type, bytesOf(span), FROM_ZERO));
  }

  /** What the value of own records is called, as they were in the file. */
  #namesOf(field: Field, originals: readonly number[]): string[] {
    const records = this.#records;
    const inForce = records.inForce(field, originals).map((original) => records.record(original));
    const names = inForce.length === 1 && field.message !== undefined ? inForce.map(nameOfContent) : [];
    try {
      const value = propertiesOf(this.#decode(join(inForce)))[field.property];
      names.push(nameOfValue(encodeField(this, field, value)));
    } catch (cause) {
      if (!(cause instanceof CorruptError)) throw cause; // damage has no value, and may be replaced
    }
    return names.filter((name) => name !== undefined);
  }

  /** Runs what reads bytes of a span, so that errors name the byte of the file and the path. */
  #inFile<R>(span: Span, read: () => R): R {
    return this.file.reading(span, this.type, () => this.#path(), read);
  }

  /** The same in the message, or the entry, of a record. */
  #inRecord<R>(field: Field, item: Item, read: (content: Span) => R): R {
    const content = this.#records.content(item);
    const type = this.file.entryTypes.inside(field);
    return this.file.reading(
      content,
      type,
      () => this.#pathTo(field, item),
      () => read(content),
    );
  }

  #path(): FieldPath {
    if (this.#seat === undefined) return new FieldPath();
    const { parent, field, item } = this.#seat;
    const isInEntry = parent.#seat !== undefined && isMap(parent.#seat.field);
    return isInEntry ? parent.#path() : parent.#pathTo(field, item);
  }

  #pathTo(field: Field, item: Item | undefined): FieldPath {
    const path = this.#path();
    path.enter(field, item === undefined ? undefined : this.#stepTo(field, item));
    return path;
  }

  /** What tells a record from the others of its field: an index, or a key. */
  #stepTo(field: Field, item: Item): unknown {
    if (isMessage(field)) return undefined;
    if (isMap(field)) return this.tryKeyOf(field, item);
    const index = this.#records.of(field).indexOf(item);
    return index < 0 ? undefined : index;
  }
}
