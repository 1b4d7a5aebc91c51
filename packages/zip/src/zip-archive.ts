import {
  BytesSource,
  type CorruptError,
  type ModelbytesError,
  NotFoundError,
  type Source,
  type WaitOptions,
} from "@modelbytes/bytes";
import { dangersOf, duplicate, misplaced } from "./dangers.ts";
import type { EndRecord } from "./end-record.ts";
import { STORED, type ZipMember } from "./member.ts";
import { MemberReader } from "./member-reader.ts";
import { MemberSource } from "./member-source.ts";
import { verifyMembers } from "./verify.ts";

/** An open zip archive, made by `openZip`. Members are read by their name, or by their entry in `members`. */
export class ZipArchive {
  /** What errors call the archive. */
  readonly name: string;
  /** The members in the order of the central directory, which need not be that of their bytes. */
  readonly members: readonly ZipMember[];
  /** What stands at the end of the archive for people to read. */
  readonly comment: Uint8Array;
  /**
   * What the directory tells of tricks and damage. Reading a member does not reject for names, modes, and what is before and behind the
   * archive: whoever extracts members to a disk, or trusts their names, refuses an archive that has any of these.
   */
  readonly dangers: readonly CorruptError[];
  readonly #source: Source;
  readonly #directoryOffset: number;
  readonly #reader: MemberReader;
  readonly #byName = new Map<string, ZipMember>();
  readonly #repeated = new Set<string>();

  /** `openZip` makes these. */
  constructor(source: Source, size: number, members: readonly ZipMember[], end: EndRecord) {
    this.name = source.name;
    this.members = members;
    this.comment = end.comment;
    for (const member of members) {
      if (this.#byName.has(member.name)) this.#repeated.add(member.name);
      this.#byName.set(member.name, member);
    }
    const nowhere = misplaced(members, end.directoryOffset, this.name);
    this.dangers = [...dangersOf(members, end, size, this.name), ...nowhere.values()];
    this.#source = source;
    this.#directoryOffset = end.directoryOffset;
    this.#reader = new MemberReader(source, end.directoryOffset, nowhere);
  }

  /** Whether there is a member of this name. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /**
   * The member of a name. Throws a `NotFoundError` (`"no-member"`), and a `CorruptError` (`"duplicate"`) where two members have the
   * name: these can only be read by their entries.
   */
  member(name: string): ZipMember {
    const member = this.#byName.get(name);
    if (member === undefined) {
      throw new NotFoundError("no-member", `the archive has no member ${JSON.stringify(name)}`, { file: this.name });
    }
    if (this.#repeated.has(name)) throw duplicate(member, this.name);
    return member;
  }

  /**
   * All bytes of a member, in memory of their own, with the CRC checked. A stored member is one request. Rejects as `pieces` does, and
   * with an `UnsupportedError` (`"too-large"`) above 4 GiB.
   */
  async read(member: string | ZipMember, options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#reader.read(this.#entry(member), options);
  }

  /**
   * A member as a file. A stored one is read where it is in the archive, by ranges, and nothing checks its CRC then (`verify` does); a
   * deflated one is inflated into memory first, and checked. Rejects as `read` does.
   */
  async source(member: string | ZipMember, options: WaitOptions = {}): Promise<Source> {
    const entry = this.#entry(member);
    const name = `${this.name}!/${entry.name}`;
    if (entry.method !== STORED) return new BytesSource(await this.#reader.read(entry, options), name);
    const { offset } = await this.#reader.locate(entry, 0, options);
    return new MemberSource(this.#source, offset, entry.size, name);
  }

  /**
   * The bytes of a member piece by piece, each the caller's own, in bounded memory. The CRC is checked after the last.
   *
   * Rejects with a `CorruptError` where the local header says something else than the directory (`"local-header"`), the data cannot be
   * inflated (`"inflate"`), has another length (`"size"`) or another CRC (`"checksum"`); where the member is not inside of the archive
   * (`"range"`), shares bytes with another (`"overlap"`) or is too large to be true (`"expansion"`); with an `UnsupportedError` for
   * encrypted members (`"encrypted"`) and for methods other than stored and deflated (`"method"`).
   */
  pieces(
    member: string | ZipMember,
    options: WaitOptions = {},
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return this.#reader.pieces(this.#entry(member), options);
  }

  /**
   * Reads every byte; yields the error of each problem and goes on after it, in bounded memory: `dangers`, whatever reading a member
   * rejects with, and bytes between members that belong to none (`"gap"`). Yields nothing for a sound archive.
   */
  async *verify(options: WaitOptions = {}): AsyncGenerator<ModelbytesError, void, undefined> {
    yield* this.dangers;
    for await (const problem of verifyMembers(this.#reader, this.members, this.#directoryOffset, this.name, options)) {
      const known = this.dangers.some(({ code, offset }) => code === problem.code && offset === problem.offset);
      if (!known) yield problem;
    }
  }

  /** Closes the archive's source. */
  async close(): Promise<void> {
    await this.#source.close?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #entry(member: string | ZipMember): ZipMember {
    return typeof member === "string" ? this.member(member) : member;
  }
}
