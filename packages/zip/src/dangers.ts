// What a directory tells of an archive that is a trick, or damaged, before any member is read.

import { CorruptError } from "@modelbytes/bytes";
import type { EndRecord } from "./end-record.ts";
import { LOCAL_HEADER_BYTES } from "./local-header.ts";
import { called, DEFLATED, type ZipMember } from "./member.ts";
import { nameError } from "./name.ts";

/** Keras refuses to extract a member of more than these bytes, and to read one into memory, if it is also too dense. */
export const EXTRACTED_BYTES: number = 2 ** 28;
export const IN_MEMORY_BYTES: number = 2 ** 32;
/** Too dense: more bytes than a hundred times those in the archive. */
const MOST_EXPANSION = 100;
/** Deflate gives at most 258 bytes for two bits, and needs a few bytes to begin. */
const DEFLATE_EXPANSION = 1032;

/** File types in the upper bits of a Unix mode: what is neither a file nor a folder leads elsewhere. */
const TYPE = 0xf000;
const PLAIN: readonly number[] = [0, 0x8000, 0x4000];
const UNIX = 3;
const MACOS = 19;

/** The dangers that the directory and the end tell of, save those of `misplaced`: of the archive, then of its members. */
export function dangersOf(members: readonly ZipMember[], end: EndRecord, size: number, file: string): CorruptError[] {
  const found: CorruptError[] = [];
  const add = (code: string, reason: string, offset: number) =>
    found.push(new CorruptError(code, reason, { file, offset }));
  const start = members.reduce(
    (least, { localHeaderOffset }) => Math.min(least, localHeaderOffset),
    end.directoryOffset,
  );
  if (start > 0)
    add("prefix", `${start} bytes are before the archive, which other programs may take for another file`, 0);
  if (end.end < size) add("trailing", `${size - end.end} bytes are behind the archive`, end.end);
  if (end.end > size) add("trailing", `the comment ends ${end.end - size} bytes behind the file`, size);
  if (end.rival !== undefined) {
    add(
      "two-ends",
      "two end records reach to the end of the file: programs differ in which of them they believe",
      end.rival,
    );
  }
  const names = new Set<string>();
  for (const member of members) {
    const problem = nameError(member.name, file, member.localHeaderOffset);
    if (problem !== undefined) found.push(problem);
    if (names.has(member.name)) found.push(duplicate(member, file));
    names.add(member.name);
    const type = modeType(member);
    if (!PLAIN.includes(type)) {
      const reason = `${called(member)} is no file: its mode has the type 0${type.toString(8)}, as a symbolic link has 0120000`;
      add("mode", reason, member.localHeaderOffset);
    }
    const dense = expansion(member, EXTRACTED_BYTES, file);
    if (dense !== undefined) found.push(dense);
  }
  return found;
}

function modeType({ versionMadeBy, externalAttributes }: ZipMember): number {
  const system = versionMadeBy >> 8;
  return system === UNIX || system === MACOS ? (externalAttributes >>> 16) & TYPE : 0;
}

/** The error of a name that several members have. */
export function duplicate(member: ZipMember, file: string): CorruptError {
  const reason = `two members have the name ${JSON.stringify(member.name)}: programs differ in which of them they read`;
  return new CorruptError("duplicate", reason, { file, offset: member.localHeaderOffset });
}

/**
 * The error of a member that says to be larger than `floor` and a hundred times what is stored of it, Keras's own limits, or than
 * its method can make of so many bytes.
 */
export function expansion(member: ZipMember, floor: number, file: string): CorruptError | undefined {
  const { size, compressedSize, method } = member;
  const impossible = method === DEFLATED && size > DEFLATE_EXPANSION * compressedSize;
  if (!impossible && !(size > floor && size > MOST_EXPANSION * compressedSize)) return undefined;
  const reason = `${called(member)} is said to be ${size} bytes, of which ${compressedSize} are stored`;
  return new CorruptError("expansion", reason, { file, offset: member.localHeaderOffset });
}

/** The members that do not lie before the directory (`"range"`) or share bytes with another (`"overlap"`), with their errors. */
export function misplaced(
  members: readonly ZipMember[],
  directoryOffset: number,
  file: string,
): Map<ZipMember, CorruptError> {
  const found = new Map<ZipMember, CorruptError>();
  let last: ZipMember | undefined;
  for (const member of [...members].sort((a, b) => a.localHeaderOffset - b.localHeaderOffset)) {
    const offset = member.localHeaderOffset;
    if (leastEnd(member) > directoryOffset) {
      const reason = `${called(member)} would end behind the central directory, at byte ${leastEnd(member)} or later`;
      found.set(member, new CorruptError("range", reason, { file, offset }));
      continue; // what it says of itself is no reason to distrust others
    }
    if (last !== undefined && leastEnd(last) > offset) {
      const reason = `${called(member)} and ${called(last)} share bytes`;
      found.set(member, new CorruptError("overlap", reason, { file, offset }));
      found.set(last, new CorruptError("overlap", reason, { file, offset }));
    }
    if (last === undefined || leastEnd(member) > leastEnd(last)) last = member;
  }
  return found;
}

/** Where a member ends at the earliest: its local header may have more extra fields than the directory says. */
function leastEnd({ localHeaderOffset, rawName, compressedSize }: ZipMember): number {
  return localHeaderOffset + LOCAL_HEADER_BYTES + rawName.length + compressedSize;
}
