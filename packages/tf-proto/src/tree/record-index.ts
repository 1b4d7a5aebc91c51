import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { FieldPath, MAX_DEPTH } from "../field-path.ts";
import { Malformed, RecordReader } from "../record-reader.ts";
import type { Field, MessageType } from "../schema.ts";
import { EntryTypes } from "./entry-type.ts";

/** Every record of a message at every depth, in the order of the bytes: the one at `index` is described by the `index`th numbers. */
export interface RecordIndex {
  readonly count: number;
  /** Field number × 8 + wire type. */
  readonly tags: Uint32Array;
  /** Of the tags. Offsets are in the bytes that were given. */
  readonly starts: Int32Array;
  /** Behind the tag, and behind the length if there is one. */
  readonly valueStarts: Int32Array;
  readonly ends: Int32Array;
  /** The record that holds the message that the record is in; −1 for those of the outermost message. */
  readonly parents: Int32Array;
  /** Messages around the one that the record is in: 0 for those of the outermost message. An entry of a map is a message. */
  readonly depths: Uint8Array;
}

/** An index of so many records takes 1.3 GiB. */
const MAX_RECORDS = 2 ** 26;

/** Room to begin with, if the bytes can have that many records. */
const FIRST_CAPACITY = 2 ** 20;

/**
 * Finds all records of a message and of the messages inside it; what is in a field that `type` does not know is not looked into.
 * Throws a `CorruptError` that names the byte and the field where a record does not fit the message around it; values are not
 * looked at, so strings may still turn out not to be UTF-8. Throws an `UnsupportedError` for more than `MAX_RECORDS`.
 */
export function indexRecords(type: MessageType, bytes: Uint8Array, place: Place = {}): RecordIndex {
  return indexMessage(type, bytes, place, 0);
}

/** The same for a message that is to be put `depth` messages deep. */
export function indexMessage(type: MessageType, bytes: Uint8Array, place: Place, depth: number): RecordIndex {
  const types = new EntryTypes();
  const indexer = new Indexer(bytes, depth);
  try {
    indexer.walk(new Shape(type, types), 0, bytes.length, -1);
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    const where = indexer.where(type, types, cause.number) || type.name;
    const reason = `${where}: not a valid protocol buffer message (${cause.message})`;
    throw new CorruptError("protobuf", reason, { ...place, offset: (place.offset ?? 0) + cause.at, cause });
  }
  return indexer.finish();
}

/** Which fields of a message are messages. Looking up a number in an array is several times faster than in a `Map`. */
class Shape {
  readonly type: MessageType;
  readonly #types: EntryTypes;
  /** By field number, as far as they have been asked for; null for what is no message. */
  readonly #inner: (Shape | null | undefined)[] = [];

  constructor(type: MessageType, types: EntryTypes) {
    this.type = type;
    this.#types = types;
  }

  /** Of the message in the field that a tag belongs to. */
  inner(tag: number): Shape | null {
    if ((tag & 7) !== 2) return null;
    const number = tag >>> 3;
    const known = this.#inner[number];
    if (known !== undefined) return known;
    const field = this.type.byNumber.get(number);
    if (field === undefined) return null;
    const inner =
      field.message === undefined && field.label !== "map" ? null : new Shape(this.#types.inside(field), this.#types);
    this.#inner[number] = inner;
    return inner;
  }
}

class Indexer {
  readonly #reader: RecordReader;
  readonly #outermost: number;
  #count = 0;
  #tags: Uint32Array;
  #starts: Int32Array;
  #valueStarts: Int32Array;
  #ends: Int32Array;
  #parents: Int32Array;
  #depths: Uint8Array;
  /** The record whose message is being walked through. */
  #open = -1;

  constructor(bytes: Uint8Array, depth: number) {
    this.#reader = new RecordReader(bytes);
    this.#outermost = depth;
    const capacity = Math.min(bytes.length, FIRST_CAPACITY);
    this.#tags = new Uint32Array(capacity);
    this.#starts = new Int32Array(capacity);
    this.#valueStarts = new Int32Array(capacity);
    this.#ends = new Int32Array(capacity);
    this.#parents = new Int32Array(capacity);
    this.#depths = new Uint8Array(capacity);
  }

  /** Adds the records from `start` to `end`, and those inside them. */
  walk(shape: Shape, start: number, end: number, parent: number, depth: number = this.#outermost): void {
    const reader = this.#reader;
    this.#open = parent;
    for (let at = start; at < end; ) {
      reader.read(at, end, depth);
      at = reader.end;
      const record = this.#add(parent, depth);
      const inner = shape.inner(reader.tag);
      if (inner === null) continue;
      if (depth === MAX_DEPTH) {
        throw new Malformed(`messages are nested deeper than ${MAX_DEPTH}`, reader.start, reader.tag >>> 3);
      }
      this.walk(inner, reader.valueStart, at, record, depth + 1);
      this.#open = parent;
    }
  }

  #add(parent: number, depth: number): number {
    const reader = this.#reader;
    const record = this.#count++;
    if (record === this.#tags.length) this.#grow();
    this.#tags[record] = reader.tag;
    this.#starts[record] = reader.start;
    this.#valueStarts[record] = reader.valueStart;
    this.#ends[record] = reader.end;
    this.#parents[record] = parent;
    this.#depths[record] = depth - this.#outermost;
    return record;
  }

  #grow(): void {
    if (this.#tags.length >= MAX_RECORDS) {
      throw new UnsupportedError("protobuf-records", `a message has more than ${MAX_RECORDS} fields`);
    }
    const capacity = 2 * this.#tags.length;
    this.#tags = grown(this.#tags, new Uint32Array(capacity));
    this.#starts = grown(this.#starts, new Int32Array(capacity));
    this.#valueStarts = grown(this.#valueStarts, new Int32Array(capacity));
    this.#ends = grown(this.#ends, new Int32Array(capacity));
    this.#parents = grown(this.#parents, new Int32Array(capacity));
    this.#depths = grown(this.#depths, new Uint8Array(capacity));
  }

  /** What has been found. */
  finish(): RecordIndex {
    const count = this.#count;
    return {
      count,
      tags: this.#tags.subarray(0, count),
      starts: this.#starts.subarray(0, count),
      valueStarts: this.#valueStarts.subarray(0, count),
      ends: this.#ends.subarray(0, count),
      parents: this.#parents.subarray(0, count),
      depths: this.#depths.subarray(0, count),
    };
  }

  /** The field `number` of the message that is being walked through. */
  where(type: MessageType, types: EntryTypes, number: number | undefined): string {
    const around: number[] = [];
    for (let record = this.#open; record >= 0; record = this.#parents[record] ?? -1) around.unshift(record);
    const path = new FieldPath();
    let isInEntry = false;
    for (const record of around) {
      const field = type.byNumber.get(this.#number(record));
      if (field === undefined) break;
      if (!isInEntry) path.enter(field, this.#stepTo(field, record, types));
      isInEntry = field.label === "map";
      type = types.inside(field);
    }
    return path.toString(number === undefined ? undefined : type.byNumber.get(number));
  }

  #number(record: number): number {
    return (this.#tags[record] ?? 0) >>> 3;
  }

  /** What tells a record from the others of its field: an index, or a key. */
  #stepTo(field: Field, record: number, types: EntryTypes): unknown {
    if (field.label === "map") {
      try {
        return types.keyIn(field, this.#reader.bytes.subarray(this.#valueStarts[record], this.#ends[record]));
      } catch {
        return undefined; // the entry is damaged, which is what the error is about
      }
    }
    if (field.label !== "repeated") return undefined;
    const parent = this.#parents[record] ?? -1;
    let index = 0;
    for (let other = parent + 1; other < record; other++) {
      if (this.#parents[other] === parent && this.#number(other) === field.number) index++;
    }
    return index;
  }
}

function grown<A extends Uint32Array | Int32Array | Uint8Array>(
  from: { readonly length: number } & ArrayLike<number>,
  to: A,
): A {
  to.set(from);
  return to;
}
