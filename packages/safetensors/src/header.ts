import { CorruptError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { checkedElementCount } from "@modelbytes/tensor";
import { isSafetensorsDType, SAFETENSORS_DTYPES, type SafetensorsDType } from "./dtype.ts";
import { JsonCursor } from "./json-cursor.ts";

/**
 * The head of a file, and what it promises of the rest:
 *
 *     length   8 bytes, little-endian
 *     JSON     `length` bytes  {"__metadata__":{"format":"tf"},"bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}, then spaces
 *     data     to the end of the file: the tensors one behind another, without gaps, in the order of their data_offsets
 *
 * What is checked is what the reference implementation (safetensors 0.8) checks, and no more: what it passes over is in `oddities`.
 */

/** What the length of a written header is a multiple of. */
const ALIGNMENT = 8;

/** The longest header that the reference implementation reads, in bytes. */
export const MOST_HEADER_BYTES = 100_000_000;

/** Bytes in front of the header: its length. */
export const LENGTH_BYTES = 8;

/** A long header may be made of nothing else, and to find the place of one takes a while. */
const MOST_ODDITIES = 10;

/** The key of what is no tensor. */
const METADATA = "__metadata__";

/** What a header says of a tensor. */
export interface StoredTensor {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A header that has been read and checked. */
export interface SafetensorsHeader {
  /** What the file says of itself, in the file's order; `undefined` where it says nothing, which is not the same as an empty map. */
  readonly metadata: ReadonlyMap<string, string> | undefined;
  /** The tensors by name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the specification forbids and the reference implementation accepts. */
  readonly oddities: readonly CorruptError[];
}

/** Whether these first bytes, nine of them at least, may begin a safetensors file: a length that may be, and an object. */
export function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length <= LENGTH_BYTES || bytes[LENGTH_BYTES] !== "{".charCodeAt(0)) return false;
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) <= MOST_HEADER_BYTES;
}

/** The length of the header in bytes. `head` is the first 8 bytes, or fewer, of a file of `fileSize` bytes. */
export function decodeHeaderLength(head: Uint8Array<ArrayBuffer>, fileSize: number, file: string): number {
  if (head.length < LENGTH_BYTES) {
    const reason = `a file of ${fileSize} bytes has no header; get another copy`;
    throw new CorruptError("header-length", reason, { file, offset: 0 });
  }
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  if (length <= MOST_HEADER_BYTES && Number(length) + LENGTH_BYTES <= fileSize) return Number(length);
  const reason =
    length > MOST_HEADER_BYTES
      ? `a header of ${length} bytes is longer than ${MOST_HEADER_BYTES}; is this a safetensors file?`
      : `the header takes ${length} bytes, and the file ends before; get another copy`;
  throw new CorruptError("header-length", reason, { file, offset: 0 });
}

/**
 * Reads a header, `bytes`, of a file of `fileSize` bytes. Throws a `CorruptError` where the header is no JSON of the form above
 * (`"header"`), where offsets leave gaps or overlap (`"offsets"`), where the bytes of a tensor are not those of its shape (`"size"`) or
 * the tensors do not end where the file ends (`"file-size"`), and an `UnsupportedError` for an unknown dtype (`"dtype"`) and a
 * dimension beyond 2^53 (`"too-large"`).
 */
export function decodeHeader(bytes: Uint8Array, fileSize: number, file: string): SafetensorsHeader {
  const corrupt = (code: string, reason: string, offset: number, cause?: unknown) =>
    new CorruptError(code, reason, { file, offset: LENGTH_BYTES + offset, cause });
  const cursor = new JsonCursor(bytes, (reason, offset, cause) => {
    return corrupt("header", `the header is not as it should be: ${reason}`, offset, cause);
  });
  const oddities: CorruptError[] = [];
  const tensors = new Map<string, StoredTensor>();
  let metadata: ReadonlyMap<string, string> | null | undefined;
  if (cursor.next() === "{" && cursor.position > 0) {
    oddities.push(corrupt("header-start", 'the header begins with space where "{" should be', 0));
  }
  const repeated = (what: string, key: string) => {
    if (oddities.length >= MOST_ODDITIES) return;
    oddities.push(
      corrupt("repeated", `${what} ${JSON.stringify(key)} comes twice, and the last counts`, cursor.offset()),
    );
  };
  cursor.object((key) => {
    if (key !== METADATA) {
      if (tensors.has(key)) repeated("the tensor", key);
      tensors.set(key, readInfo(cursor, LENGTH_BYTES + bytes.length, { file, tensor: key }));
      return;
    }
    if (metadata !== undefined) throw cursor.error(`${METADATA} comes twice`);
    metadata = cursor.null() ? null : readMetadata(cursor, (name) => repeated("in the metadata", name));
  });
  cursor.end();
  const sorted = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);
  checkData(sorted, LENGTH_BYTES + bytes.length, fileSize, file);
  return { metadata: metadata ?? undefined, tensors: new Map(sorted), oddities };
}

/** What a header says of a tensor that is to be written: where it lies follows from the order. */
export type PlannedTensor = Pick<StoredTensor, "dtype" | "shape" | "byteLength">;

/**
 * The head of a file with these tensors, in this order: their names are Unicode and none is `__metadata__`. Padded with spaces to a
 * multiple of eight. Throws an `UnsupportedError` (`"too-large"`) for a header that no reader takes.
 */
export function encodeHeader(
  tensors: Iterable<readonly [string, PlannedTensor]>,
  metadata: Iterable<readonly [string, string]> | undefined,
): Uint8Array<ArrayBuffer> {
  const members: string[] = [];
  if (metadata !== undefined) {
    const pairs = [...metadata].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    members.push(`"${METADATA}":{${pairs.join(",")}}`);
  }
  let end = 0;
  for (const [name, { dtype, shape, byteLength }] of tensors) {
    const offsets = `${end},${end + byteLength}`;
    members.push(
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape.join(",")}],"data_offsets":[${offsets}]}`,
    );
    end += byteLength;
  }
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const length = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  if (length > MOST_HEADER_BYTES) {
    throw new UnsupportedError(
      "too-large",
      `a header of ${length} bytes is longer than any reader takes: write shards`,
    );
  }
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/** Throws an `UnsupportedError` (`"name"`) for a name that a header cannot hold: one that is no Unicode, or the key of the metadata. */
export function checkName(name: string): void {
  if (name === METADATA) throw new UnsupportedError("name", `no tensor can be called ${METADATA}`, { tensor: name });
  if (!name.isWellFormed()) {
    throw new UnsupportedError("name", "the name is not Unicode, and a header is: rename it", { tensor: name });
  }
}

function readMetadata(cursor: JsonCursor, repeated: (name: string) => void): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  cursor.object((name) => {
    if (metadata.has(name)) repeated(name);
    metadata.set(name, cursor.string());
  });
  return metadata;
}

/** Reads what is said of a tensor. `dataStart` is where the data begins in the file. */
function readInfo(cursor: JsonCursor, dataStart: number, place: Place): StoredTensor {
  const start = cursor.position;
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const once = <T>(known: T | undefined, value: T): T => {
    if (known !== undefined) throw cursor.error(`${JSON.stringify(place.tensor)} has a field twice`);
    return value;
  };
  cursor.object((key) => {
    if (key === "dtype") dtype = once(dtype, cursor.string());
    else if (key === "shape") shape = once(shape, readNumbers(cursor));
    else if (key === "data_offsets") offsets = once(offsets, readNumbers(cursor));
    else cursor.skip();
  });
  const [begin, end, ...more] = offsets ?? [];
  if (dtype === undefined || shape === undefined || begin === undefined || end === undefined || more.length > 0) {
    throw cursor.error(`${JSON.stringify(place.tensor)} has no dtype, no shape, or not two data_offsets`, start);
  }
  if (!isSafetensorsDType(dtype)) {
    throw new UnsupportedError("dtype", `safetensors 0.8 knows no dtype ${JSON.stringify(dtype)}`, place);
  }
  return { dtype, shape, offset: dataStart + begin, byteLength: end - begin };
}

function readNumbers(cursor: JsonCursor): number[] {
  const numbers: number[] = [];
  cursor.list(() => numbers.push(cursor.wholeNumber()));
  return numbers;
}

/** Checks that the tensors, in the order of their bytes, are all that lies between `start` and the end of the file. */
function checkData(
  tensors: readonly (readonly [string, StoredTensor])[],
  start: number,
  fileSize: number,
  file: string,
): void {
  let end = start;
  for (const [tensor, { dtype, shape, offset, byteLength }] of tensors) {
    const place = { file, offset, tensor };
    if (offset !== end || byteLength < 0) {
      const where = `its data_offsets are ${offset - start} to ${offset - start + byteLength}`;
      throw new CorruptError("offsets", `${where}, and the tensor before it ends at ${end - start}`, place);
    }
    end += byteLength;
    const expected = storedBytes(dtype, shape);
    if (expected === undefined && byteLength === 0 && shape.includes(0)) {
      throw new UnsupportedError("too-large", `a dimension of [${shape.join(", ")}] is beyond 2^53`, place);
    }
    if (byteLength !== expected) {
      const what = `${dtype} of shape [${shape.join(", ")}] takes ${expected ?? "no whole number of"} bytes`;
      throw new CorruptError("size", `${what}, and its data_offsets give it ${byteLength}`, place);
    }
  }
  if (end !== fileSize) {
    const reason = `the tensors end at byte ${end}, and the file at byte ${fileSize}`;
    throw new CorruptError("file-size", `${reason}: it is cut short, or something was appended`, { file, offset: end });
  }
}

/** Bytes that a tensor takes in a file; `undefined` where that is no whole number, or one beyond 2^53. */
export function storedBytes(dtype: SafetensorsDType, shape: readonly number[]): number | undefined {
  const count = checkedElementCount(shape);
  const bytes = count === undefined ? undefined : (count * SAFETENSORS_DTYPES[dtype].bits) / 8;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
