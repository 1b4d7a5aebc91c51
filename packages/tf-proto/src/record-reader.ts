import { MAX_VARINT_BYTES } from "@modelbytes/bytes";
import { MAX_DEPTH } from "./field-path.ts";

/**
 * Finding where a record ends, and nothing else: no value is decoded.
 *
 *     record   tag varint ‖ value                      tag = field number × 8 + wire type
 *     value    0 varint · 1 eight bytes · 2 length varint ‖ bytes · 3 records … up to a tag of type 4 · 5 four bytes
 *              └ valueStart                └ valueStart
 */

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const GROUP = 3;
const END_OF_GROUP = 4;
const FIXED32 = 5;

/** Of the fifth byte of a tag: tags are uint32. */
const HIGHEST_OF_TAG = 0x0f;
/** Of the fifth byte of a length: lengths are int32. */
const HIGHEST_OF_LENGTH = 0x07;

/** Bytes that are no record. Whoever knows the place makes a `CorruptError` of it. */
export class Malformed extends Error {
  /** Where, in the bytes that were read. */
  readonly at: number;
  /** Of the field, if its tag was read. */
  readonly number: number | undefined;

  constructor(reason: string, at: number, number?: number) {
    super(reason);
    this.at = at;
    this.number = number;
  }
}

/** The tag of a field, as `RecordReader.tag` has it. */
export function tagOf(number: number, wireType: number): number {
  return (number << 3) | wireType;
}

/** Reads one record at a time; its properties are those of the last one. */
export class RecordReader {
  readonly bytes: Uint8Array;
  /** Field number × 8 + wire type, as an int32: `tag >>> 3` is the number. */
  tag = 0;
  start = 0;
  /** Behind the tag, and behind the length if there is one. */
  valueStart = 0;
  end = 0;
  /** What is read next. */
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Reads the record at `start` of a message that ends at `limit` and is `depth` messages deep. Throws `Malformed`. */
  read(start: number, limit: number, depth: number): void {
    this.start = start;
    this.#at = start;
    const tag = this.#tag(limit);
    this.tag = tag;
    if ((tag & 7) === DELIMITED) {
      const length = this.#length(limit, tag);
      this.valueStart = this.#at;
      this.#advance(length, limit, tag);
    } else {
      this.valueStart = this.#at;
      this.#skip(tag, limit, depth);
    }
    this.end = this.#at;
  }

  #tag(limit: number): number {
    const start = this.#at;
    const first = this.bytes[start] ?? 0;
    let tag = first;
    if (first < 0x80) this.#at = start + 1;
    else tag = this.#uint32(limit, HIGHEST_OF_TAG, undefined);
    if (tag >>> 3 === 0) throw new Malformed("a field has the number 0", start);
    return tag;
  }

  #length(limit: number, tag: number): number {
    const at = this.#at;
    const first = this.bytes[at] ?? 0;
    if (first >= 0x80 || at >= limit) return this.#uint32(limit, HIGHEST_OF_LENGTH, tag);
    this.#at = at + 1;
    return first;
  }

  /** A varint of at most five bytes, the last one at most `highest`. */
  #uint32(limit: number, highest: number, tag: number | undefined): number {
    const number = tag === undefined ? undefined : tag >>> 3;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      if (this.#at >= limit) throw new Malformed("the message ends inside a field", this.#at, number);
      const byte = this.bytes[this.#at] ?? 0;
      if (shift === 28 && byte > highest) {
        const what = tag === undefined ? "a tag" : "a length";
        throw new Malformed(`${what} is larger than protocol buffers allow`, this.#at, number);
      }
      this.#at++;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  #skip(tag: number, limit: number, depth: number): void {
    switch (tag & 7) {
      case VARINT:
        this.#skipVarint(limit, tag);
        break;
      case FIXED64:
        this.#advance(8, limit, tag);
        break;
      case DELIMITED:
        this.#advance(this.#length(limit, tag), limit, tag);
        break;
      case GROUP:
        this.#skipGroup(tag, limit, depth + 1);
        break;
      case FIXED32:
        this.#advance(4, limit, tag);
        break;
      case END_OF_GROUP:
        throw new Malformed("a group ends that has not begun", this.#at, tag >>> 3);
      default:
        throw new Malformed(`there is no wire type ${tag & 7}`, this.#at, tag >>> 3);
    }
  }

  #advance(length: number, limit: number, tag: number): void {
    if (length > limit - this.#at) {
      throw new Malformed("a field is longer than the message around it", this.#at, tag >>> 3);
    }
    this.#at += length;
  }

  #skipVarint(limit: number, tag: number): void {
    const end = this.#at + MAX_VARINT_BYTES;
    let byte = 0x80;
    while (byte >= 0x80) {
      if (this.#at >= limit) throw new Malformed("the message ends inside a field", this.#at, tag >>> 3);
      if (this.#at === end) throw new Malformed("a varint is longer than 64 bits", this.#at, tag >>> 3);
      byte = this.bytes[this.#at++] ?? 0;
    }
  }

  #skipGroup(begin: number, limit: number, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw new Malformed(`messages are nested deeper than ${MAX_DEPTH}`, this.#at, begin >>> 3);
    }
    while (this.#at < limit) {
      const tag = this.#tag(limit);
      if (tag === begin + END_OF_GROUP - GROUP) return;
      this.#skip(tag, limit, depth);
    }
    throw new Malformed("the message ends inside a group", this.#at, begin >>> 3);
  }
}
