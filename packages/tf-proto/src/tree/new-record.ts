import { CorruptError, varintLength, writeVarint } from "@modelbytes/bytes";
import { encodeMessage } from "../encode.ts";
import type { MapKey } from "../map-order.ts";
import { RecordReader, tagOf } from "../record-reader.ts";
import type { Field, MessageType } from "../schema.ts";
import { concatenate } from "./chunks.ts";
import type { NewRecord } from "./item.ts";
import { indexMessage } from "./record-index.ts";
import { bytesOf, spanOf } from "./span.ts";

/** Records of values that are given to a tree. A value is what the typed object would have, or in place of a message its bytes. */

/** The message that a record is for. */
export interface Around {
  readonly type: MessageType;
  /** Messages around it. */
  readonly depth: number;
  readonly mapOrder: "upb" | "c++";
}

const DELIMITED = 2;

/** One byte, one character: all that a name needs is that it is the same for the same bytes, and for no others. */
const LATIN1 = new TextDecoder("latin1");

/** Strings end at 512 MiB. */
const LONGEST = 2 ** 28;

/** The record, or for numbers that are not packed the records, of a whole field; undefined for a default that is not written. */
export function recordOf(around: Around, field: Field, value: unknown): NewRecord | undefined {
  if (isGivenAsBytes(field, value)) return givenRecord(around, delimited(field.number, value), value);
  const bytes = encodeField(around, field, value);
  return bytes.length === 0 ? undefined : encodedRecord(around, field, bytes);
}

/** The record of an element of a repeated field. */
export function recordOfElement(around: Around, field: Field, value: unknown): NewRecord {
  if (isGivenAsBytes(field, value)) return givenRecord(around, delimited(field.number, value), value);
  return encodedRecord(around, field, encodeField(around, field, [value]));
}

/** The record of an entry of a map; `type` is that of its entries. */
export function recordOfEntry(around: Around, field: Field, type: MessageType, key: MapKey, value: unknown): NewRecord {
  if (!isGivenAsBytes(field, value)) {
    return encodedRecord(around, field, encodeField(around, field, new Map([[key, value]])));
  }
  const entry = concatenate([encodeMessage(type, { key }), delimited(2, value)]);
  return givenRecord(around, delimited(field.number, entry), value);
}

/** Records as protocol buffers write a value, with maps in the order of the file. */
export function encodeField(around: Around, field: Field, value: unknown): Uint8Array {
  const mapOrder = holdsMessages(field) ? around.mapOrder : "upb"; // to find the order may take a look at the whole file
  return encodeMessage(around.type, { [field.property]: value }, { mapOrder });
}

/**
 * What the value of a new record is called: records of the same value share a name. Of a value that was given as bytes, which are
 * to be kept as they are, only the very same bytes have the name. A value that is too long has none.
 */
export function nameOf(record: NewRecord | undefined): string | undefined {
  if (record === undefined) return "";
  return record.exact ? nameOfContent(record) : nameOfValue(bytesOf(record));
}

/** What the value is called that protocol buffers write in these records. */
export function nameOfValue(records: Uint8Array): string | undefined {
  return records.length > LONGEST ? undefined : LATIN1.decode(records);
}

/** What the bytes of a record's value are called. No value is called the same, as no tag begins with a zero. */
export function nameOfContent({ backing, valueStart, end }: NewRecord): string | undefined {
  const name = nameOfValue(bytesOf({ backing, start: valueStart, end }));
  return name === undefined ? undefined : `\0${name}`;
}

function isGivenAsBytes(field: Field, value: unknown): value is Uint8Array {
  return field.message !== undefined && value instanceof Uint8Array;
}

/** Throws a `CorruptError` whose offset is in `given` if that is no message, or is nested too deep to be put here. */
function givenRecord({ type, depth }: Around, record: Uint8Array, given: Uint8Array): NewRecord {
  indexMessage(type, record, { offset: given.length - record.length }, depth);
  return newRecord(record, true);
}

function encodedRecord({ type, depth }: Around, field: Field, bytes: Uint8Array): NewRecord {
  try {
    if (holdsMessages(field)) indexMessage(type, bytes, {}, depth);
  } catch (cause) {
    if (!(cause instanceof CorruptError)) throw cause;
    throw new RangeError(cause.reason, { cause }); // the one thing that may be wrong: it is nested too deep
  }
  return newRecord(bytes, false);
}

function holdsMessages({ label, message }: Field): boolean {
  return label === "map" || message !== undefined;
}

function newRecord(bytes: Uint8Array, exact: boolean): NewRecord {
  const reader = new RecordReader(bytes);
  reader.read(0, bytes.length, 0);
  return { ...spanOf(bytes), tag: reader.tag, valueStart: reader.valueStart, own: undefined, exact };
}

function delimited(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const tag = tagOf(number, DELIMITED) >>> 0;
  const start = varintLength(tag) + varintLength(content.length);
  const bytes = new Uint8Array(start + content.length);
  writeVarint(bytes, writeVarint(bytes, 0, tag), content.length);
  bytes.set(content, start);
  return bytes;
}
