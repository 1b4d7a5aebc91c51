import { UnsupportedError } from "@modelbytes/bytes";
import { RecordReader } from "../record-reader.ts";

/** Three numbers for each record: tag, valueStart, end. A record starts where the one before it ends. */
const STRIDE = 3;

/** Up to so many records the table is a plain array, which is cheaper to make than a typed one; but it takes twice the bytes. */
const FEW = 2 ** 10;

/** A table of so many records takes 768 MiB. */
const MAX_RECORDS = 2 ** 26;

/** Where the records of one message are: of the message itself, not of those inside it. */
export class Records {
  readonly count: number;
  readonly #start: number;
  readonly #table: ArrayLike<number>;

  constructor(start: number, table: ArrayLike<number>) {
    this.#start = start;
    this.#table = table;
    this.count = table.length / STRIDE;
  }

  /** Field number × 8 + wire type, as an int32. */
  tag(record: number): number {
    return this.#table[STRIDE * record] ?? 0;
  }

  start(record: number): number {
    return record === 0 ? this.#start : (this.#table[STRIDE * record - 1] ?? 0);
  }

  valueStart(record: number): number {
    return this.#table[STRIDE * record + 1] ?? 0;
  }

  end(record: number): number {
    return this.#table[STRIDE * record + 2] ?? 0;
  }
}

/**
 * The records of the message that is from `start` to `end` of `bytes`, `depth` messages deep. Values of length and bytes are
 * skipped, so it takes time by the number of records and not by their size. Throws `Malformed`, and an `UnsupportedError` for more
 * than `MAX_RECORDS`.
 */
export function readRecords(bytes: Uint8Array, start: number, end: number, depth: number): Records {
  const reader = new RecordReader(bytes);
  const count = countRecords(reader, start, end, depth);
  const table = count <= FEW ? new Array<number>(STRIDE * count) : new Int32Array(STRIDE * count);
  let index = 0;
  for (let at = start; at < end; at = reader.end) {
    reader.read(at, end, depth);
    table[index++] = reader.tag;
    table[index++] = reader.valueStart;
    table[index++] = reader.end;
  }
  return new Records(start, table);
}

function countRecords(reader: RecordReader, start: number, end: number, depth: number): number {
  let count = 0;
  for (let at = start; at < end; at = reader.end) {
    if (count === MAX_RECORDS) {
      throw new UnsupportedError("protobuf-records", `a message has more than ${MAX_RECORDS} fields`);
    }
    reader.read(at, end, depth);
    count++;
  }
  return count;
}
