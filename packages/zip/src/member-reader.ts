import { CorruptError, type Source, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import { crc32 } from "./crc32.ts";
import { expansion, IN_MEMORY_BYTES } from "./dangers.ts";
import { inflated } from "./deflate.ts";
import { checkLocalHeader, hasLocalSignature, LOCAL_HEADER_BYTES, localHeaderLength } from "./local-header.ts";
import { called, DEFLATED, ENCRYPTED, MASKED, STORED, STRONG_ENCRYPTION, type ZipMember } from "./member.ts";

/** Bytes that are read with a local header in case that it has more extra fields than the directory. */
const EXTRA_ROOM = 64;
/** Bytes of a member that are read at once where it is read in pieces. */
const PIECE_BYTES: number = 2 ** 22;
/** The most bytes of a member that is read at once: hosts make no larger arrays. */
const MOST_AT_ONCE: number = 2 ** 32;
/** Room that a member is first inflated into; it grows with what really comes. */
const FIRST_ROOM: number = 2 ** 20;

type Piece = Uint8Array<ArrayBuffer>;

/** Where the data of a member begins, with the first bytes of it. */
export interface Located {
  readonly offset: number;
  readonly bytes: Piece;
}

/** Reads members, each checked against what the directory tells of it. `ZipArchive` documents the errors. */
export class MemberReader {
  readonly #source: Source;
  readonly #directoryOffset: number;
  readonly #misplaced: ReadonlyMap<ZipMember, CorruptError>;

  /** `misplaced` are the members that cannot be where the directory has them. */
  constructor(source: Source, directoryOffset: number, misplaced: ReadonlyMap<ZipMember, CorruptError>) {
    this.#source = source;
    this.#directoryOffset = directoryOffset;
    this.#misplaced = misplaced;
  }

  /** A member's data, of which the first `wanted` bytes are read together with the local header. */
  async locate(member: ZipMember, wanted: number, { signal }: WaitOptions): Promise<Located> {
    this.#refuse(member);
    const { localHeaderOffset: start, rawName, extra } = member;
    const most = this.#directoryOffset - start;
    const length = Math.min(most, LOCAL_HEADER_BYTES + rawName.length + extra.length + EXTRA_ROOM + wanted);
    let bytes = await this.#source.read(start, length, { signal });
    if (!hasLocalSignature(bytes)) throw this.#corrupt("local-header", member, "has no local header");
    const header = localHeaderLength(bytes);
    if (header + member.compressedSize > most) {
      throw this.#corrupt("range", member, "would end inside of the central directory");
    }
    if (header + wanted > length) {
      const joined = new Uint8Array(header + wanted);
      joined.set(bytes);
      joined.set(await this.#source.read(start + length, header + wanted - length, { signal }), length);
      bytes = joined;
    }
    checkLocalHeader(bytes.subarray(0, header), member, this.#source.name);
    return { offset: start + header, bytes: bytes.subarray(header, header + wanted) };
  }

  /** All of a member in memory of its own. */
  async read(member: ZipMember, options: WaitOptions): Promise<Piece> {
    if (Math.max(member.size, member.compressedSize) > MOST_AT_ONCE) {
      const reason = `${called(member)} is ${member.size} bytes, too many for memory; read it in pieces`;
      throw new UnsupportedError("too-large", reason, { file: this.#source.name });
    }
    if (member.method !== STORED) return await this.#collect(member, options);
    const { bytes } = await this.locate(member, member.compressedSize, options);
    this.#check(member, "size", bytes.length);
    this.#check(member, "crc32", crc32(bytes));
    return bytes;
  }

  /** A member piece by piece: never more bytes than the directory tells, and checked after the last. */
  async *pieces(member: ZipMember, options: WaitOptions): AsyncGenerator<Piece, void, undefined> {
    const damage = (cause: unknown) =>
      this.#corrupt("inflate", member, "cannot be inflated: its data is damaged", cause);
    const stored = this.#stored(member, options);
    let size = 0;
    let crc = 0;
    for await (const piece of member.method === STORED ? stored : inflated(stored, damage)) {
      size += piece.length;
      if (size > member.size) this.#check(member, "size", size);
      crc = crc32(piece, crc);
      yield piece;
    }
    this.#check(member, "size", size);
    this.#check(member, "crc32", crc);
  }

  /** The bytes of a member as they are in the archive. */
  async *#stored(member: ZipMember, options: WaitOptions): AsyncGenerator<Piece, void, undefined> {
    const total = member.compressedSize;
    const { offset, bytes } = await this.locate(member, Math.min(total, PIECE_BYTES), options);
    if (bytes.length > 0) yield bytes;
    for (let at = bytes.length; at < total; at += PIECE_BYTES) {
      yield await this.#source.read(offset + at, Math.min(PIECE_BYTES, total - at), options);
    }
  }

  async #collect(member: ZipMember, options: WaitOptions): Promise<Piece> {
    let bytes = new Uint8Array(Math.min(member.size, FIRST_ROOM));
    let length = 0;
    for await (const piece of this.pieces(member, options)) {
      if (length + piece.length > bytes.length) {
        const larger = new Uint8Array(Math.min(member.size, Math.max(length + piece.length, 2 * bytes.length)));
        larger.set(bytes);
        bytes = larger;
      }
      bytes.set(piece, length);
      length += piece.length;
    }
    return bytes;
  }

  /** Throws for members that cannot, or must not, be read. */
  #refuse(member: ZipMember): void {
    const { flags, method } = member;
    const place = { file: this.#source.name, offset: member.localHeaderOffset };
    if ((flags & (ENCRYPTED | STRONG_ENCRYPTION | MASKED)) !== 0) {
      throw new UnsupportedError("encrypted", `${called(member)} is encrypted: write the archive without`, place);
    }
    if (method !== STORED && method !== DEFLATED) {
      const reason = `${called(member)} is compressed by method ${method}: write the archive with deflated members`;
      throw new UnsupportedError("method", reason, place);
    }
    const problem = this.#misplaced.get(member) ?? expansion(member, IN_MEMORY_BYTES, this.#source.name);
    if (problem !== undefined) throw problem;
    if (method === STORED) this.#check(member, "size", member.compressedSize);
  }

  #check(member: ZipMember, key: "size" | "crc32", found: number): void {
    if (found === member[key]) return;
    if (key === "size") {
      throw this.#corrupt(
        "size",
        member,
        `is ${found} bytes or more, and not the ${member.size} that the directory tells`,
      );
    }
    const hex = (crc: number) => crc.toString(16).padStart(8, "0");
    throw this.#corrupt(
      "checksum",
      member,
      `has the CRC-32 ${hex(found)}, and not ${hex(member.crc32)}: its data is damaged`,
    );
  }

  #corrupt(code: string, member: ZipMember, reason: string, cause?: unknown): CorruptError {
    const place = { file: this.#source.name, offset: member.localHeaderOffset, cause };
    return new CorruptError(code, `${called(member)} ${reason}`, place);
  }
}
