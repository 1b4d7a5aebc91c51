import protobuf from "protobufjs/minimal.js";
import { MAX_DEPTH } from "../field-path.ts";
import type { MapKey } from "../map-order.ts";
import { Malformed } from "../record-reader.ts";
import { defaultOf, readScalar } from "../scalar.ts";
import type { Field, MessageType } from "../schema.ts";
import { Chunks, concatenate, withLength } from "./chunks.ts";
import { FieldEdit } from "./field-edit.ts";
import { type Item, isOwn, type NewRecord } from "./item.ts";
import { MapEdit } from "./map-edit.ts";
import { place } from "./placement.ts";
import { type Records, readRecords } from "./records.ts";
import { join, type Span, spanOf } from "./span.ts";

const DELIMITED = 2;

/** A node for the message in a record. */
export interface Child {
  readonly changed: boolean;
  /** Records of the same field before the child's own, whose messages are merged into the child. */
  readonly merged: readonly Item[];
  /** Adds what is in the record, without tag and length. */
  write(to: Chunks): void;
}

/** The records of a message: which belong to which field, what edits have made of them, and the nodes for those inside them. */
export class MessageRecords<C extends Child> {
  readonly #type: MessageType;
  readonly #span: Span;
  readonly #depth: number;
  readonly #records: Records;
  /** By field, of a oneof by its first. Most messages have neither edits nor children, and there are many. */
  #edits: Map<Field, FieldEdit> | undefined;
  #children: Map<Item, C> | undefined;
  /** Children that were edited, or had a child edited, and which may be as they were again. */
  #touched: Set<C> | undefined;

  /** Finds the records of the message in `span`, which is `depth` messages deep. Throws `Malformed`. */
  constructor(type: MessageType, span: Span, depth: number) {
    this.#type = type;
    this.#span = span;
    this.#depth = depth;
    this.#records = readRecords(span.backing.bytes, span.start, span.end, depth);
  }

  get changed(): boolean {
    if (this.#isEdited) return true;
    for (const child of this.#touched ?? []) if (child.changed) return true;
    return false;
  }

  /** The records of a field as edits have left them. Those of a oneof are all together. */
  of(field: Field): readonly Item[] {
    return this.#edits?.get(this.#leader(field))?.items ?? this.#originals(field);
  }

  /** Of records of a field those that make up its value: of a oneof, those behind the last one of another member. */
  inForce(field: Field, items: readonly Item[] = this.of(field)): readonly Item[] {
    if (field.oneof === undefined) return items;
    return items.slice(items.findLastIndex((item) => this.record(item).tag >>> 3 !== field.number) + 1);
  }

  /** Where a record is, whatever has become of the message in it. */
  record(item: Item): NewRecord {
    if (!isOwn(item)) return item;
    const records = this.#records;
    return {
      backing: this.#span.backing,
      tag: records.tag(item),
      start: records.start(item),
      valueStart: records.valueStart(item),
      end: records.end(item),
      own: item,
      exact: false,
    };
  }

  /**
   * The value of a scalar of which the last record counts whatever the others are: many times faster than with a typed object
   * around it. Undefined if it has to be that way: for other fields, and for damage, of which it can say what it is.
   */
  plainScalar(field: Field): unknown {
    const { scalar, label, explicit } = field;
    if (scalar === undefined || label !== "singular" || explicit) return undefined;
    const item = this.#last(field);
    if (item === undefined) return defaultOf(scalar);
    const { backing, start, end } = this.record(item);
    const reader = new protobuf.Reader(backing.bytes);
    reader.pos = start;
    reader.len = end;
    try {
      reader.tag();
      return readScalar(reader, scalar);
    } catch {
      return undefined;
    }
  }

  #last(field: Field): Item | undefined {
    if (this.#isEdited) return this.of(field).at(-1);
    for (let record = this.#records.count - 1; record >= 0; record--) {
      if (this.#isOf(field, this.#records.tag(record))) return record;
    }
    return undefined;
  }

  /** A record as it is now. */
  current(item: Item): Span {
    if (!this.#children?.get(item)?.changed) return this.record(item);
    const chunks = new Chunks();
    this.#write(item, chunks);
    return spanOf(concatenate(chunks.finish()));
  }

  /** What is in a record, without tag and length, as it is now. */
  content(item: Item): Span {
    const child = this.#children?.get(item);
    if (!child?.changed) {
      const { backing, valueStart, end } = this.record(item);
      return { backing, start: valueStart, end };
    }
    const chunks = new Chunks();
    child.write(chunks);
    return spanOf(concatenate(chunks.finish()));
  }

  /**
   * What is in records whose messages are merged, which is to read one behind the other; or in just one. Throws `Malformed` if the
   * message is nested too deep.
   */
  inside(items: readonly Item[]): Span {
    const contents = items.map((item) => this.content(item));
    if (this.#depth === MAX_DEPTH)
      throw new Malformed(`messages are nested deeper than ${MAX_DEPTH}`, this.#span.start);
    if (contents.length > 1) {
      // once they are joined, a record that is too long would run on into the next message
      for (const { backing, start, end } of contents) readRecords(backing.bytes, start, end, this.#depth + 1);
    }
    return join(contents);
  }

  /** The node for the message in a record, if it was made. */
  child(item: Item): C | undefined {
    return this.#children?.get(item);
  }

  /** Takes a node for the message in a record. */
  adopt(item: Item, child: C): void {
    this.#children ??= new Map();
    this.#children.set(item, child);
  }

  /** Forgets the node for the message in a record. */
  release(item: Item): void {
    const child = this.#children?.get(item);
    if (child === undefined) return;
    this.#children?.delete(item);
    this.#touched?.delete(child);
  }

  /** To be called when anything in the child was edited. */
  touch(child: C): void {
    this.#touched ??= new Set();
    this.#touched.add(child);
  }

  /** The edit of a field, to be changed and then given to `settle`. */
  edit(field: Field): FieldEdit {
    return this.#edits?.get(this.#leader(field)) ?? new FieldEdit(this.#originals(field));
  }

  /** The edit of a map. */
  mapEdit(field: Field, keyOf: (item: Item) => MapKey | undefined): MapEdit {
    const edit = this.#edits?.get(field);
    return edit instanceof MapEdit ? edit : new MapEdit(this.#originals(field), keyOf);
  }

  /** Takes an edit for the state of its field, or forgets it if nothing is left of it. */
  settle(field: Field, edit: FieldEdit): void {
    this.#edits ??= new Map();
    if (edit.undone) this.#edits.delete(this.#leader(field));
    else this.#edits.set(this.#leader(field), edit);
  }

  /** Adds the message as it is now. What has not changed is not copied. */
  write(to: Chunks): void {
    if (!this.changed) {
      to.add(this.#span.backing.bytes, this.#span.start, this.#span.end);
      return;
    }
    const merged = new Set<Item>();
    for (const child of this.#touched ?? []) if (child.changed) for (const item of child.merged) merged.add(item);
    const order = place(this.#records, this.#edits?.values() ?? [], (number) => this.#type.byNumber.has(number));
    for (const item of order) if (!merged.has(item)) this.#write(item, to);
  }

  /** A record whose message has changed keeps its tag, and the spelling of its length if that is the same number. */
  #write(item: Item, to: Chunks): void {
    const { backing, start, valueStart, end } = this.record(item);
    const child = this.#children?.get(item);
    if (!child?.changed) {
      to.add(backing.bytes, start, end);
      return;
    }
    const header = to.reserve();
    const before = to.length;
    child.write(to);
    const length = to.length - before;
    const old = backing.bytes.subarray(start, valueStart);
    to.fill(header, length === end - valueStart ? old : withLength(old, length));
  }

  get #isEdited(): boolean {
    return this.#edits !== undefined && this.#edits.size > 0;
  }

  #originals(field: Field): readonly number[] {
    const records = this.#records;
    const originals: number[] = [];
    for (let record = 0; record < records.count; record++) {
      if (this.#isOf(field, records.tag(record))) originals.push(record);
    }
    return originals;
  }

  /** Whether a record with this tag holds values of a field, or of another one in its oneof. */
  #isOf(field: Field, tag: number): boolean {
    const number = tag >>> 3;
    if (number === field.number) return fits(field, tag & 7);
    if (field.oneof === undefined) return false;
    const other = this.#type.byNumber.get(number);
    return other?.oneof === field.oneof && fits(other, tag & 7);
  }

  #leader(field: Field): Field {
    if (field.oneof === undefined) return field;
    return this.#type.fields.find(({ oneof }) => oneof === field.oneof) ?? field;
  }
}

/** Repeated numbers come one by one or packed; records of other wire types are unknown fields. */
function fits({ label, wireType }: Field, found: number): boolean {
  if (label === "map") return found === DELIMITED;
  return found === wireType || (label === "repeated" && found === DELIMITED);
}
