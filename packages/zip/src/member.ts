/** Flags of a member that mean something here. */
export const ENCRYPTED = 1;
/** The CRC and the sizes follow the data; the local header has zeros for them. */
export const DESCRIPTOR: number = 1 << 3;
export const STRONG_ENCRYPTION: number = 1 << 6;
export const UTF8: number = 1 << 11;
/** Fields of the local header are hidden. */
export const MASKED: number = 1 << 13;

/** Methods. */
export const STORED = 0;
export const DEFLATED = 8;

/** The value of a 32-bit field whose true value is in the zip64 extra field. */
export const IN_ZIP64 = 0xffffffff;

/** A member as the central directory has it. */
export interface ZipMember {
  /** The name as text: UTF-8 or code page 437, by the member's flag. A "/" at the end makes a folder. */
  readonly name: string;
  /** The bytes of the name. */
  readonly rawName: Uint8Array;
  /** How it is stored: 0 is stored, 8 deflated. */
  readonly method: number;
  /** The general-purpose flags: 0x1 encrypted, 0x8 sizes behind the data, 0x800 the name is UTF-8. */
  readonly flags: number;
  /** CRC-32 of the member's bytes. */
  readonly crc32: number;
  /** Bytes in the archive. */
  readonly compressedSize: number;
  /** Bytes of the member. */
  readonly size: number;
  /** Local time of the writer, as `"2024-05-06T07:08:10"`; seconds are even. */
  readonly date: string;
  /** The version in the low byte, the system in the high one; 3 is Unix. */
  readonly versionMadeBy: number;
  readonly versionNeeded: number;
  readonly internalAttributes: number;
  /** Of Unix systems the mode in the upper 16 bits. */
  readonly externalAttributes: number;
  /** The extra fields of the central directory. */
  readonly extra: Uint8Array;
  readonly comment: Uint8Array;
  /** Bytes from the start of the file to the member's local header, with what is before the archive counted in. */
  readonly localHeaderOffset: number;
}

/** What the member is called in messages. */
export function called(member: ZipMember): string {
  return `the member ${JSON.stringify(member.name)}`;
}
