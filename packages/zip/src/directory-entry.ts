// An entry of the central directory.
//
//     PK 01 02   2 made by   2 needed   2 flags   2 method   2 time   2 date   4 CRC-32   4 compressed size   4 size
//     2 name length   2 extra length   2 comment length   2 disk   2 internal   4 external   4 local header offset
//     name   extra   comment

import { CorruptError } from "@modelbytes/bytes";
import { decodeDate, encodeDate } from "./date.ts";
import { MOST_BYTES } from "./end-record.ts";
import { zip64Data, zip64Extra } from "./extra.ts";
import { IN_ZIP64, UTF8, type ZipMember } from "./member.ts";
import { decodeMemberName } from "./name.ts";

const SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;

/** The version that zip64 needs. */
const ZIP64_VERSION = 45;

/**
 * The members of a central directory, in its order. `prefix` is what is before the archive, `place` where the directory is. Throws a
 * `CorruptError` (`"directory"`) where entries are cut, are none, leave something over or are not as many as the end says.
 */
export function decodeDirectory(
  bytes: Uint8Array,
  entries: number,
  prefix: number,
  place: { readonly file: string; readonly offset: number },
): ZipMember[] {
  const members: ZipMember[] = [];
  let at = 0;
  const broken = (reason: string) =>
    new CorruptError("directory", `the central directory is damaged: ${reason}`, {
      file: place.file,
      offset: place.offset + at,
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  while (at < bytes.length) {
    if (at + ENTRY_BYTES > bytes.length) throw broken(`it ends inside of entry ${members.length}`);
    if (view.getUint32(at, true) !== SIGNATURE) throw broken(`no entry ${members.length} of ${entries}`);
    const nameEnd = ENTRY_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const length = extraEnd + view.getUint16(at + 32, true);
    if (at + length > bytes.length) throw broken(`it ends inside of entry ${members.length}`);
    const entry = new DataView(bytes.buffer, bytes.byteOffset + at, length);
    members.push(decodeEntry(entry, nameEnd, extraEnd, prefix, broken));
    at += length;
  }
  if (members.length !== entries)
    throw broken(`it has ${members.length} entries, and the end record counts ${entries}`);
  return members;
}

function decodeEntry(
  view: DataView,
  nameEnd: number,
  extraEnd: number,
  prefix: number,
  broken: (reason: string) => CorruptError,
): ZipMember {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const flags = view.getUint16(8, true);
  const extra = bytes.slice(nameEnd, extraEnd);
  const zip64 = zip64Data(extra);
  let used = 0;
  const wide = (offset: number): number => {
    const narrow = view.getUint32(offset, true);
    if (narrow !== IN_ZIP64) return narrow;
    if (zip64 === undefined || used + 8 > zip64.byteLength) throw broken("a number is said to be in zip64, and is not");
    const value = zip64.getBigUint64(used, true);
    used += 8;
    if (value > Number.MAX_SAFE_INTEGER) throw broken(`${value} is no size or offset of a real file`);
    return Number(value);
  };
  const size = wide(24); // zip64 has the size first
  const compressedSize = wide(20);
  const rawName = bytes.slice(ENTRY_BYTES, nameEnd);
  return {
    name: decodeMemberName(rawName, (flags & UTF8) !== 0),
    rawName,
    method: view.getUint16(10, true),
    flags,
    crc32: view.getUint32(16, true),
    compressedSize,
    size,
    date: decodeDate(view.getUint16(12, true), view.getUint16(14, true)),
    versionMadeBy: view.getUint16(4, true),
    versionNeeded: view.getUint16(6, true),
    internalAttributes: view.getUint16(36, true),
    externalAttributes: view.getUint32(38, true),
    extra,
    comment: bytes.slice(extraEnd),
    localHeaderOffset: prefix + wide(42),
  };
}

/** The entry of a member as zipfile writes it: with zip64 numbers where one is above 2^31-1. `member.extra` is without them. */
export function encodeDirectoryEntry(member: ZipMember): Uint8Array<ArrayBuffer> {
  const { rawName: name, size, compressedSize, localHeaderOffset: offset, comment } = member;
  const largeSizes = size > MOST_BYTES || compressedSize > MOST_BYTES;
  const zip64 = zip64Extra([...(largeSizes ? [size, compressedSize] : []), ...(offset > MOST_BYTES ? [offset] : [])]);
  const least = zip64.length > 0 ? ZIP64_VERSION : 0;
  const { time, date } = encodeDate(member.date);
  const extraLength = zip64.length + member.extra.length;
  const bytes = new Uint8Array(ENTRY_BYTES + name.length + extraLength + comment.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SIGNATURE, true);
  view.setUint16(4, (member.versionMadeBy & 0xff00) | Math.max(least, member.versionMadeBy & 0xff), true);
  view.setUint16(6, Math.max(least, member.versionNeeded), true);
  view.setUint16(8, member.flags, true);
  view.setUint16(10, member.method, true);
  view.setUint16(12, time, true);
  view.setUint16(14, date, true);
  view.setUint32(16, member.crc32, true);
  view.setUint32(20, largeSizes ? IN_ZIP64 : compressedSize, true);
  view.setUint32(24, largeSizes ? IN_ZIP64 : size, true);
  view.setUint16(28, name.length, true);
  view.setUint16(30, extraLength, true);
  view.setUint16(32, comment.length, true);
  view.setUint16(36, member.internalAttributes, true);
  view.setUint32(38, member.externalAttributes, true);
  view.setUint32(42, offset > MOST_BYTES ? IN_ZIP64 : offset, true);
  bytes.set(name, ENTRY_BYTES);
  bytes.set(zip64, ENTRY_BYTES + name.length);
  bytes.set(member.extra, ENTRY_BYTES + name.length + zip64.length);
  bytes.set(comment, ENTRY_BYTES + name.length + extraLength);
  return bytes;
}
