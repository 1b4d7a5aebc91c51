// Archives as Python's zipfile writes them to a file in which it can seek: header, data, header, data, …, directory, end.
//
// zipfile writes a header with zeros, then the data, and goes back to fill in the CRC. A sink only goes forward, so the CRC comes
// first: of memory and of small files they are read once, of large ones twice.

import { type Sink, type SinkLike, toSink, type WaitOptions } from "@modelbytes/bytes";
import { encodeDate, NO_DATE } from "./date.ts";
import { deflated } from "./deflate.ts";
import { encodeDirectoryEntry } from "./directory-entry.ts";
import { encodeEnd, MOST_BYTES } from "./end-record.ts";
import { withoutZip64 } from "./extra.ts";
import { encodeLocalHeader } from "./local-header.ts";
import { DEFLATED, STORED, UTF8, type ZipMember } from "./member.ts";
import { changed, type MemberData, openData, Pass, type Replayable } from "./member-data.ts";
import { encodeMemberName, nameDanger } from "./name.ts";

/** Data up to this size is read once, into memory. */
const MOST_BUFFERED: number = 2 ** 24;
/** Version 2.0, made by Unix; zip64 raises the version. */
const UNIX_2_0 = 0x0314;
const VERSION_2_0 = 20;
const ZIP64_VERSION = 45;
/** A file, -rw-------, and a folder, drwxrwxr-x with the flag that MS-DOS has for it. */
const FILE_ATTRIBUTES: number = 0o600 * 2 ** 16;
const FOLDER_ATTRIBUTES: number = 0o40775 * 2 ** 16 + 0x10;
/** Bytes of the longest zip64 field that sizes and offsets may add. */
const ZIP64_ROOM = 28;
const NOTHING: Uint8Array = new Uint8Array(0);
/** A deflated member may grow; zipfile reckons with so much. */
const GROWTH = 1.05;

/** A member to be written. What is left out is as zipfile has it. */
export interface ZipMemberToWrite {
  /** A relative path with "/" between names; with "/" at the end a folder. */
  readonly name: string;
  /** The member's bytes. What is larger than 16 MiB is read twice, unless `crc32` is given. */
  readonly data: MemberData;
  /** Local time as `"2024-05-06T07:08:10"`, in steps of two seconds; `toZipDate` makes one. Default: 1980-01-01, which stands for none. */
  readonly date?: string | undefined;
  /** 0 is stored, the default; 8 is deflated by the host's own code and held in memory. */
  readonly method?: number | undefined;
  /** The Unix mode in the upper 16 bits. Default: 0600, of a folder 0775. */
  readonly externalAttributes?: number | undefined;
  readonly internalAttributes?: number | undefined;
  readonly versionMadeBy?: number | undefined;
  readonly versionNeeded?: number | undefined;
  /** Extra fields, for the header and the directory; those of zip64 are left out, as sizes decide on them. */
  readonly extra?: Uint8Array | undefined;
  readonly comment?: Uint8Array | undefined;
  /** The CRC-32 of the data, if it is known: a large file is read once then. Of other data writing rejects with a `RangeError`. */
  readonly crc32?: number | undefined;
  /**
   * Whether the local header has 64-bit sizes. By default from about 2 GB on, as zipfile's `write` and `writestr` have it; `true` is
   * `force_zip64`, with which numpy writes `.npz`; `false` is `open(name, "w")`, which fails above 2 GiB.
   */
  readonly zip64?: boolean | undefined;
}

/** How an archive is written. */
export interface WriteZipOptions extends WaitOptions {
  /** Written at the end, up to 65,535 bytes. */
  readonly comment?: Uint8Array | undefined;
}

/**
 * Writes an archive, byte for byte as Python's zipfile writes the same members; only deflated data is up to the host. Nothing is at the
 * final name before the last byte is written, and nothing stays if writing fails.
 *
 * Rejects with a `RangeError` for names that lead out or that are there twice, and for what the fields of a zip archive cannot hold;
 * with a `SourceError` (`"changed"`) for data that is not the same when it is read again.
 */
export async function writeZip(
  to: SinkLike,
  members: Iterable<ZipMemberToWrite> | AsyncIterable<ZipMemberToWrite>,
  options: WriteZipOptions = {},
): Promise<void> {
  const sink = toSink(to);
  try {
    const written: ZipMember[] = [];
    const names = new Set<string>();
    let offset = 0;
    for await (const member of members) {
      if (names.has(member.name)) throw new RangeError(`two members have the name ${JSON.stringify(member.name)}`);
      names.add(member.name);
      const entry = await writeMember(sink, member, offset, options);
      written.push(entry.member);
      offset = entry.end;
    }
    let end = offset;
    for (const member of written) {
      const entry = encodeDirectoryEntry(member);
      await sink.write(entry);
      end += entry.length;
    }
    const { comment = new Uint8Array(0) } = options;
    await sink.write(
      encodeEnd({ entries: written.length, directoryOffset: offset, directorySize: end - offset, comment }),
    );
    options.signal?.throwIfAborted();
    await sink.close();
  } catch (error) {
    await sink.abort(error);
    throw error;
  }
}

async function writeMember(
  sink: Sink,
  wanted: ZipMemberToWrite,
  offset: number,
  options: WaitOptions,
): Promise<{ readonly member: ZipMember; readonly end: number }> {
  const data = await openData(wanted.data, options);
  try {
    const { size } = data;
    const zip64 = wanted.zip64 ?? size * GROWTH > MOST_BYTES;
    const fields = fieldsOf(wanted, zip64);
    const { crc32, compressedSize, stored } = await prepared(data, wanted, options);
    if (!zip64 && Math.max(size, compressedSize) > MOST_BYTES) {
      throw new RangeError(`${JSON.stringify(wanted.name)} is ${size} bytes, too many without zip64`);
    }
    const member = { ...fields, size, compressedSize, crc32, localHeaderOffset: offset };
    const header = encodeLocalHeader(member, zip64);
    await sink.write(header);
    for await (const piece of stored) await sink.write(piece);
    return { member, end: offset + header.length + compressedSize };
  } finally {
    await data.close();
  }
}

/** What is known of a member before its data is read. */
type Fields = Omit<ZipMember, "size" | "compressedSize" | "crc32" | "localHeaderOffset">;

function fieldsOf(wanted: ZipMemberToWrite, zip64: boolean): Fields {
  const { name, date = NO_DATE, method = STORED, internalAttributes = 0, versionMadeBy = UNIX_2_0 } = wanted;
  const { versionNeeded = VERSION_2_0, extra = NOTHING, comment = NOTHING } = wanted;
  const danger = nameDanger(name);
  if (danger !== undefined) throw new RangeError(`the name ${JSON.stringify(name)} ${danger}`);
  const { bytes: rawName, utf8 } = encodeMemberName(name);
  encodeDate(date); // throws for what is none
  const externalAttributes = wanted.externalAttributes || (name.endsWith("/") ? FOLDER_ATTRIBUTES : FILE_ATTRIBUTES);
  const numbers = [internalAttributes, versionMadeBy, versionNeeded, extra.length + ZIP64_ROOM, comment.length];
  if (numbers.some((number) => !fits(number, 16)) || !fits(externalAttributes, 32)) {
    throw new RangeError(
      `a field of ${JSON.stringify(name)} is too large: ${[...numbers, externalAttributes].join(", ")}`,
    );
  }
  const least = zip64 ? ZIP64_VERSION : 0;
  return {
    name,
    rawName,
    method,
    flags: utf8 ? UTF8 : 0,
    date,
    versionMadeBy: (versionMadeBy & 0xff00) | Math.max(least, versionMadeBy & 0xff),
    versionNeeded: Math.max(least, versionNeeded),
    internalAttributes,
    externalAttributes,
    extra: withoutZip64(extra),
    comment,
  };
}

function fits(value: number, bits: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** bits;
}

interface Prepared {
  readonly crc32: number;
  readonly compressedSize: number;
  /** What is written behind the header. */
  readonly stored: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** What has to be known before the header is written, and the data in the form in which it is written. */
async function prepared(data: Replayable, wanted: ZipMemberToWrite, options: WaitOptions): Promise<Prepared> {
  const { name, method = STORED, crc32: known } = wanted;
  const pass = new Pass(data, name);
  if (method === STORED && data.size > MOST_BUFFERED) {
    if (known === undefined) await pass.run(options);
    const crc = known ?? pass.crc32;
    const failure = () => (known === undefined ? changed(name) : wrongCrc(name));
    return { crc32: crc, compressedSize: data.size, stored: checked(new Pass(data, name), crc, failure, options) };
  }
  const stored: Uint8Array[] = [];
  let compressedSize = 0;
  for await (const piece of stages(method, pass.pieces(options))) {
    stored.push(piece);
    compressedSize += piece.length;
  }
  if (known !== undefined && known !== pass.crc32) throw wrongCrc(name);
  return { crc32: pass.crc32, compressedSize, stored };
}

/** The pieces as a method stores them, each in memory of its own. */
function stages(method: number, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const copies = copied(pieces);
  if (method === STORED) return copies;
  if (method === DEFLATED) return deflated(copies);
  throw new RangeError(`members are written stored (0) or deflated (8), not by method ${method}`);
}

async function* copied(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  for await (const piece of pieces) yield new Uint8Array(piece);
}

async function* checked(
  pass: Pass,
  crc: number,
  failure: () => Error,
  options: WaitOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pass.pieces(options);
  if (pass.crc32 !== crc) throw failure();
}

function wrongCrc(name: string): RangeError {
  return new RangeError(`the CRC-32 given for ${JSON.stringify(name)} is not that of its data`);
}
