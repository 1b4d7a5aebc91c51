// The header directly before the data of a member: most of its entry in the directory once more.
//
//     PK 03 04   2 needed   2 flags   2 method   2 time   2 date   4 CRC-32   4 compressed size   4 size
//     2 name length   2 extra length   name   extra
//
// Programs that read archives from the front believe this one, others the directory: both have to say the same. Where flag 3 is set,
// the CRC and the sizes are zeros here and follow the data.

import { CorruptError } from "@modelbytes/bytes";
import { encodeDate } from "./date.ts";
import { zip64Data, zip64Extra } from "./extra.ts";
import { called, DESCRIPTOR, IN_ZIP64, UTF8, type ZipMember } from "./member.ts";
import { decodeMemberName } from "./name.ts";

const SIGNATURE = 0x04034b50;

/** Bytes of a local header without its name and its extra fields. */
export const LOCAL_HEADER_BYTES = 30;

/** Bytes of the whole header that `bytes` begin with. */
export function localHeaderLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return LOCAL_HEADER_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
}

/** Whether `bytes` begin as a local header does. */
export function hasLocalSignature(bytes: Uint8Array): boolean {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true) === SIGNATURE;
}

/** Throws a `CorruptError` (`"local-header"`) where the header of a member, `bytes`, says something else than the directory. */
export function checkLocalHeader(bytes: Uint8Array, member: ZipMember, file: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nameEnd = LOCAL_HEADER_BYTES + view.getUint16(26, true);
  const flags = view.getUint16(6, true);
  const zip64 = zip64Data(bytes.subarray(nameEnd));
  const wide = (offset: number, at: number): number | bigint | undefined => {
    const narrow = view.getUint32(offset, true);
    if (narrow !== IN_ZIP64) return narrow;
    return zip64 !== undefined && at + 8 <= zip64.byteLength ? zip64.getBigUint64(at, true) : undefined;
  };
  const size = wide(22, 0);
  const told = {
    name: decodeMemberName(bytes.subarray(LOCAL_HEADER_BYTES, nameEnd), (flags & UTF8) !== 0),
    flags,
    method: view.getUint16(8, true),
    crc32: view.getUint32(14, true),
    size,
    compressedSize: wide(18, typeof size === "bigint" ? 8 : 0),
  };
  const later = (member.flags & DESCRIPTOR) !== 0;
  for (const key of ["name", "flags", "method", "crc32", "size", "compressedSize"] as const) {
    const here = told[key];
    if (here === member[key] || (typeof here === "bigint" && here === BigInt(member[key]))) continue;
    if (later && here === 0 && (key === "crc32" || key === "size" || key === "compressedSize")) continue;
    if (later && typeof here === "bigint" && here === 0n) continue;
    const reason = `the local header of ${called(member)} has the ${key} ${shown(here)}, the directory ${shown(member[key])}`;
    throw new CorruptError("local-header", reason, { file, offset: member.localHeaderOffset });
  }
}

function shown(value: string | number | bigint | undefined): string {
  return typeof value === "string" ? JSON.stringify(value) : `${value ?? "in zip64, and has no zip64"}`;
}

/** The header of a member as zipfile writes it, with sizes in zip64 if `zip64`. `member.extra` is without them. */
export function encodeLocalHeader(member: ZipMember, zip64: boolean): Uint8Array<ArrayBuffer> {
  const sizes = zip64Extra(zip64 ? [member.size, member.compressedSize] : []);
  const name = member.rawName;
  const { time, date } = encodeDate(member.date);
  const extraLength = member.extra.length + sizes.length;
  const bytes = new Uint8Array(LOCAL_HEADER_BYTES + name.length + extraLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SIGNATURE, true);
  view.setUint16(4, member.versionNeeded, true);
  view.setUint16(6, member.flags, true);
  view.setUint16(8, member.method, true);
  view.setUint16(10, time, true);
  view.setUint16(12, date, true);
  view.setUint32(14, member.crc32, true);
  view.setUint32(18, zip64 ? IN_ZIP64 : member.compressedSize, true);
  view.setUint32(22, zip64 ? IN_ZIP64 : member.size, true);
  view.setUint16(26, name.length, true);
  view.setUint16(28, extraLength, true);
  bytes.set(name, LOCAL_HEADER_BYTES);
  bytes.set(member.extra, LOCAL_HEADER_BYTES + name.length);
  bytes.set(sizes, LOCAL_HEADER_BYTES + name.length + member.extra.length);
  return bytes;
}
