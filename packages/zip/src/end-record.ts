// The end of an archive, from which it is read. The last record is 22 bytes and a comment; before it, where numbers do not fit,
// stand the zip64 record and its locator.
//
//     zip64 end    PK 06 06   8 size of the rest (44)   2 made by   2 needed   4 disk   4 disk of the directory
//                  8 entries here   8 entries   8 directory size   8 directory offset
//     locator      PK 06 07   4 disk   8 offset of the zip64 end   4 disks
//     end          PK 05 06   2 disk   2 disk of the directory   2 entries here   2 entries   4 directory size
//                  4 directory offset   2 comment length   comment
//
// Offsets count from the start of the archive, before which there may be other bytes, such as a program that unpacks it. Where
// the directory really is follows from its size: it stands directly before these records.

import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import { IN_ZIP64 } from "./member.ts";

const END = 0x06054b50;
const ZIP64_END = 0x06064b50;
const LOCATOR = 0x07064b50;
const END_BYTES = 22;
const ZIP64_END_BYTES = 56;
const LOCATOR_BYTES = 20;

/** Bytes at the end of a file among which all of these records are, however long the comment. */
export const TAIL_BYTES: number = ZIP64_END_BYTES + LOCATOR_BYTES + END_BYTES + 0xffff;

/** Where the central directory is, in bytes from the start of the file, and what else the end says. */
export interface EndRecord {
  readonly entries: number;
  readonly directoryOffset: number;
  readonly directorySize: number;
  /** Bytes before the archive. Offsets in the directory count from there. */
  readonly prefix: number;
  readonly comment: Uint8Array;
  /** Where the comment ends: the end of the file, unless something was appended. */
  readonly end: number;
  /** Another record that reaches exactly to the end of the file: other programs may begin there. */
  readonly rival: number | undefined;
}

/**
 * Finds the end in the last bytes of a file, the first of which is byte `start`. As in Python's zipfile the last signature is
 * taken. Throws a `CorruptError` where there is none (`"not-zip"`) and for records that contradict each other (`"end-record"`), an
 * `UnsupportedError` for archives of several disks (`"disks"`).
 */
export function decodeEnd(tail: Uint8Array, start: number, file: string): EndRecord {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length);
  const at = findEnd(view);
  const broken = (reason: string) => new CorruptError("end-record", reason, { file, offset: start + at });
  if (at < 0) throw new CorruptError("not-zip", "this is no zip archive: it has no end record", { file });
  const zip64 = findZip64(view, at, broken);
  if (zip64 === undefined && at >= LOCATOR_BYTES && view.getUint32(at - LOCATOR_BYTES, true) === LOCATOR) {
    throw broken("a locator of zip64 stands before the end record, but no zip64 record before it");
  }
  const disks = [view.getUint16(at + 4, true), view.getUint16(at + 6, true), ...(zip64?.disks ?? [])];
  if (disks.some((disk) => disk !== 0 && disk !== 0xffff)) {
    throw new UnsupportedError("disks", "the archive is spread over several files; join them first", { file });
  }
  const narrow = [view.getUint16(at + 10, true), view.getUint32(at + 12, true), view.getUint32(at + 16, true)] as const;
  const wide = zip64?.numbers ?? narrow;
  if (view.getUint16(at + 8, true) !== narrow[0]) throw broken("two counts of the members differ");
  for (const [index, number] of narrow.entries()) {
    const escaped = number === (index === 0 ? 0xffff : IN_ZIP64);
    if (zip64 !== undefined && !escaped && number !== wide[index]) throw broken("the zip64 record says otherwise");
  }
  const [entries, directorySize, offset] = wide;
  const directoryOffset = start + (zip64?.at ?? at) - directorySize;
  const prefix = directoryOffset - offset;
  if (directoryOffset < 0 || prefix < 0) throw broken("the central directory would begin before the file does");
  const commentStart = at + END_BYTES;
  const comment = tail.subarray(commentStart, commentStart + view.getUint16(at + 20, true));
  const end = start + commentStart + view.getUint16(at + 20, true);
  return { entries, directoryOffset, directorySize, prefix, comment, end, rival: findRival(view, at, start) };
}

/** The last signature with room for a record behind it. */
function findEnd(view: DataView): number {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= 0; at--) if (view.getUint32(at, true) === END) return at;
  return -1;
}

/** An earlier record whose comment ends with the file, and so may hold the later one. */
function findRival(view: DataView, found: number, start: number): number | undefined {
  for (let at = found - 1; at >= 0; at--) {
    if (view.getUint32(at, true) !== END) continue;
    if (at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength) return start + at;
  }
  return undefined;
}

interface Zip64End {
  readonly at: number;
  readonly disks: readonly number[];
  readonly numbers: readonly [entries: number, directorySize: number, directoryOffset: number];
}

function findZip64(view: DataView, end: number, broken: (reason: string) => CorruptError): Zip64End | undefined {
  const locator = end - LOCATOR_BYTES;
  const at = locator - ZIP64_END_BYTES;
  if (at < 0 || view.getUint32(locator, true) !== LOCATOR || view.getUint32(at, true) !== ZIP64_END) return undefined;
  const number = (offset: number) => {
    const value = view.getBigUint64(at + offset, true);
    if (value > Number.MAX_SAFE_INTEGER) throw broken(`the zip64 record has ${value}, no size of a real file`);
    return Number(value);
  };
  if (number(24) !== number(32)) throw broken("two counts of the members in the zip64 record differ");
  const disks = [
    view.getUint32(at + 16, true),
    view.getUint32(at + 20, true),
    view.getUint32(locator + 4, true),
    Math.max(0, view.getUint32(locator + 16, true) - 1),
  ];
  return { at, disks, numbers: [number(32), number(40), number(48)] };
}

/** From here on zipfile writes zip64 records: the largest number of members, and of bytes, without. */
const MOST_ENTRIES = 0xffff;
/** The largest size and offset that is written in 32 bits: half of what the fields hold, as in zipfile. */
export const MOST_BYTES: number = 2 ** 31 - 1;

/** The end of an archive: the end record, and before it the zip64 ones exactly where zipfile writes them. */
export function encodeEnd(end: {
  readonly entries: number;
  readonly directoryOffset: number;
  readonly directorySize: number;
  readonly comment: Uint8Array;
}): Uint8Array<ArrayBuffer> {
  const { entries, directoryOffset, directorySize, comment } = end;
  if (comment.length > 0xffff) throw new RangeError(`a comment of ${comment.length} bytes, more than 65535`);
  const wide = entries > MOST_ENTRIES || directoryOffset > MOST_BYTES || directorySize > MOST_BYTES;
  const at = wide ? ZIP64_END_BYTES + LOCATOR_BYTES : 0;
  const bytes = new Uint8Array(at + END_BYTES + comment.length);
  const view = new DataView(bytes.buffer);
  if (wide) {
    view.setUint32(0, ZIP64_END, true);
    view.setUint32(4, ZIP64_END_BYTES - 12, true);
    view.setUint16(12, 45, true);
    view.setUint16(14, 45, true);
    for (const [index, number] of [entries, entries, directorySize, directoryOffset].entries()) {
      view.setBigUint64(24 + 8 * index, BigInt(number), true);
    }
    view.setUint32(56, LOCATOR, true);
    view.setBigUint64(64, BigInt(directoryOffset + directorySize), true);
    view.setUint32(72, 1, true);
  }
  view.setUint32(at, END, true);
  view.setUint16(at + 8, Math.min(entries, 0xffff), true);
  view.setUint16(at + 10, Math.min(entries, 0xffff), true);
  view.setUint32(at + 12, Math.min(directorySize, IN_ZIP64), true);
  view.setUint32(at + 16, Math.min(directoryOffset, IN_ZIP64), true);
  view.setUint16(at + 20, comment.length, true);
  bytes.set(comment, at + END_BYTES);
  return bytes;
}
