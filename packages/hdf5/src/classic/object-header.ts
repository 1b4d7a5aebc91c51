import { CHECKSUM_BYTES, verifyChecksum } from "./checksum.ts";
import { MAX_HEADER_BLOCKS, MAX_HEADER_BYTES } from "./limits.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";

/** The numbers of the messages that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFillValue: 0x04,
  fillValue: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  groupInfo: 0x0a,
  filterPipeline: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** The last number that has a meaning. */
const LAST_MESSAGE = 0x18;

/** A message of an object header. */
export interface Message {
  readonly type: number;
  /** Whether the body only says where the message is. */
  readonly shared: boolean;
  /** When an attribute was made, where the header keeps that. */
  readonly order: number | undefined;
  readonly body: MetadataReader;
}

/**
 * An object header: a prefix, and messages in a first block and in those that continuation messages point to.
 *
 *     version 1   01 00, u16 messages, u32 links, u32 bytes of the first block, 4 zero
 *                 message: u16 type, u16 size, u8 flags, 3 zero, body
 *     version 2   "OHDR" 02 flags [16 bytes of times: flag 32] [4 bytes: flag 16] size of the first block (1 << (flags & 3) bytes)
 *                 message: u8 type, u16 size, u8 flags, [u16 creation order: flag 4], body          checksum at the end
 *                 further blocks begin with "OCHK" and end with a checksum
 */
export interface ObjectHeader {
  readonly path: string;
  readonly address: number;
  /** Bytes of all blocks. */
  readonly size: number;
  /** Whether the order in which attributes were made is kept. */
  readonly attributesOrdered: boolean;
  readonly messages: readonly Message[];
}

/** Reads the object header at `address`. */
export async function readObjectHeader(file: MetadataFile, address: number, path: string): Promise<ObjectHeader> {
  const prefix = await file.read(address, FIRST_BYTES, path);
  return prefix.bytes[0] === 1
    ? await readOld(file, prefix, address, path)
    : await readNew(file, prefix, address, path);
}

/** Bytes of the shortest header of either version. */
const FIRST_BYTES = 12;
const OLD_PREFIX_BYTES = 16;

interface Block {
  readonly address: number;
  readonly length: number;
}

async function readOld(
  file: MetadataFile,
  prefix: MetadataReader,
  address: number,
  path: string,
): Promise<ObjectHeader> {
  prefix.skip(2);
  const count = prefix.uint16();
  prefix.skip(4);
  const first: Block = { address: address + OLD_PREFIX_BYTES, length: prefix.uint32() };
  const messages: Message[] = [];
  const size = await readBlocks(file, prefix, first, path, (reader) => {
    const block: Message[] = [];
    while (reader.remaining >= 8 && messages.length + block.length < count) block.push(decodeOldMessage(reader));
    messages.push(...block);
    return block;
  });
  return { path, address, size, attributesOrdered: false, messages };
}

function decodeOldMessage(reader: MetadataReader): Message {
  const type = reader.uint16();
  const size = reader.uint16();
  const flags = reader.uint8();
  reader.skip(3);
  return message(reader, type, size, flags, undefined);
}

async function readNew(
  file: MetadataFile,
  prefix: MetadataReader,
  address: number,
  path: string,
): Promise<ObjectHeader> {
  prefix.signature("OHDR");
  prefix.version("the object header", 2);
  const flags = prefix.uint8();
  const width = 1 << (flags & 3);
  const sizeAt = 6 + ((flags & 32) === 0 ? 0 : 16) + ((flags & 16) === 0 ? 0 : 4);
  const sized = await file.read(address, sizeAt + width, path);
  sized.skip(sizeAt);
  const first: Block = { address, length: sizeAt + width + sized.uint(width) + CHECKSUM_BYTES };
  const ordered = (flags & 4) !== 0;
  const messages: Message[] = [];
  const size = await readBlocks(file, prefix, first, path, (reader, isFirst) => {
    verifyChecksum(reader, "an object header");
    if (isFirst) reader.skip(sizeAt + width);
    else reader.signature("OCHK");
    const body = reader.piece(reader.remaining - CHECKSUM_BYTES);
    const block: Message[] = [];
    while (body.remaining >= (ordered ? 6 : 4)) block.push(decodeNewMessage(body, ordered)); // less is a gap
    messages.push(...block);
    return block;
  });
  return { path, address, size, attributesOrdered: ordered, messages };
}

function decodeNewMessage(reader: MetadataReader, ordered: boolean): Message {
  const type = reader.uint8();
  const size = reader.uint16();
  const flags = reader.uint8();
  return message(reader, type, size, flags, ordered ? reader.uint16() : undefined);
}

/** Flags of a message. */
const SHARED = 2;
const FAIL_IF_UNKNOWN = 0x80;

function message(
  reader: MetadataReader,
  type: number,
  size: number,
  flags: number,
  order: number | undefined,
): Message {
  if (type > LAST_MESSAGE && (flags & FAIL_IF_UNKNOWN) !== 0) {
    throw reader.unsupported("message", `message ${type} is unknown, and the file must not be read without knowing it`);
  }
  return { type, shared: (flags & SHARED) !== 0, order, body: reader.piece(size) };
}

/** Reads a block and those that its messages point to, and gives how many bytes they are. */
async function readBlocks(
  file: MetadataFile,
  prefix: MetadataReader,
  first: Block,
  path: string,
  decode: (reader: MetadataReader, isFirst: boolean) => readonly Message[],
): Promise<number> {
  const blocks: Block[] = [first];
  const seen = new Set([first.address]);
  let size = 0;
  for (const block of blocks) {
    size += block.length;
    if (size > MAX_HEADER_BYTES) throw prefix.corruptPiece("header-size", `an object header of ${size} bytes`);
    for (const { type, body } of decode(await file.read(block.address, block.length, path), block === first)) {
      if (type !== MESSAGE.continuation) continue;
      const next: Block = { address: body.definedAddress("a continued object header"), length: body.length() };
      if (seen.has(next.address)) throw body.corruptPiece("header-cycle", "an object header that continues in itself");
      if (seen.size >= MAX_HEADER_BLOCKS)
        throw body.corruptPiece("header-blocks", "an object header in too many pieces");
      seen.add(next.address);
      blocks.push(next);
    }
  }
  return size;
}

/** The first message of a type. */
export function messageOf({ messages }: ObjectHeader, type: number): Message | undefined {
  return messages.find((message) => message.type === type);
}

/**
 * The body of a message, which may be in another header: a committed datatype is in its own. Throws an `UnsupportedError`
 * (`"shared-messages"`) where it is in a table of shared messages, which no known writer of Keras files makes.
 */
export async function bodyOf(
  file: MetadataFile,
  { type, shared, body }: Pick<Message, "type" | "shared" | "body">,
  path: string,
): Promise<MetadataReader> {
  if (!shared) return body.copy();
  body = body.copy();
  const version = body.version("a shared message", 1, 2, 3);
  const kind = body.uint8();
  if (version === 3 && kind === 1) throw body.unsupported("shared-messages", "a table of shared messages", 0);
  if (version === 1) body.skip(6);
  const header = await readObjectHeader(file, body.definedAddress("a shared message"), path);
  const found = messageOf(header, type);
  if (found !== undefined && !found.shared) return found.body.copy();
  throw body.corruptPiece("shared-message", `the shared message of type ${type} is not where it should be`);
}
