import { CHECKSUM_BYTES, verifyChecksum } from "./checksum.ts";
import { MAX_HEADER_BLOCKS, MAX_HEADER_BYTES } from "./limits.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import { AtHand, type Reading } from "./reading.ts";

/** The numbers of the messages that are read. */
export const MESSAGE = {
  nil: 0x00,
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
export function* readObjectHeader(file: MetadataFile, address: number, path: string): Reading<ObjectHeader> {
  const prefix = yield* file.read(address, FIRST_BYTES, path);
  const form = prefix.uint8() === 1 ? oldForm(prefix, address) : yield* readNewForm(file, prefix, address, path);
  const messages: Message[] = [];
  const blocks: Block[] = [form.first];
  let size = 0;
  for (const block of blocks) {
    size += block.length;
    if (size > MAX_HEADER_BYTES) throw prefix.corruptPiece("header-size", `an object header of ${size} bytes`);
    const known = messages.length;
    form.decode(yield* file.read(block.address, block.length, path), messages, block === form.first);
    for (let index = known; index < messages.length; index++) addContinuation(messages[index], blocks);
  }
  return { path, address, size, attributesOrdered: form.ordered, messages };
}

/** Bytes of the shortest header of either version. */
const FIRST_BYTES = 12;
const OLD_PREFIX_BYTES = 16;
/** Bytes of a message of the older version without its body. */
const OLD_HEAD_BYTES = 8;

interface Block {
  readonly address: number;
  readonly length: number;
}

/** What tells the versions apart. */
interface Form {
  readonly first: Block;
  /** Whether the order in which attributes were made is kept. */
  readonly ordered: boolean;
  /** Adds the messages of a block. */
  decode(block: MetadataReader, messages: Message[], isFirst: boolean): void;
}

function oldForm(prefix: MetadataReader, address: number): Form {
  prefix.skip(1);
  const count = prefix.uint16();
  prefix.skip(4);
  const first: Block = { address: address + OLD_PREFIX_BYTES, length: prefix.uint32() };
  let left = count;
  const decode = (block: MetadataReader, messages: Message[]) => {
    for (; block.remaining >= OLD_HEAD_BYTES && left > 0; left--) decodeOldMessage(block, messages);
  };
  return { first, ordered: false, decode };
}

function decodeOldMessage(block: MetadataReader, messages: Message[]): void {
  const type = block.uint16();
  const size = block.uint16();
  const flags = block.uint8();
  block.skip(3);
  if (type === MESSAGE.nil) block.skip(size);
  else messages.push(decodeMessage(block, type, size, flags, undefined));
}

function* readNewForm(file: MetadataFile, prefix: MetadataReader, address: number, path: string): Reading<Form> {
  prefix.position = 0;
  prefix.signature("OHDR");
  prefix.version("the object header", 2);
  const flags = prefix.uint8();
  const width = 1 << (flags & 3);
  const sizeAt = 6 + ((flags & 32) === 0 ? 0 : 16) + ((flags & 16) === 0 ? 0 : 4);
  const sized = yield* file.read(address, sizeAt + width, path);
  sized.skip(sizeAt);
  const first: Block = { address, length: sizeAt + width + sized.uint(width) + CHECKSUM_BYTES };
  const ordered = (flags & 4) !== 0;
  const decode = (block: MetadataReader, messages: Message[], isFirst: boolean) => {
    verifyChecksum(block, "an object header");
    if (isFirst) block.skip(sizeAt + width);
    else block.signature("OCHK");
    const body = block.piece(block.remaining - CHECKSUM_BYTES);
    while (body.remaining >= (ordered ? 6 : 4)) messages.push(decodeNewMessage(body, ordered)); // less is a gap
  };
  return { first, ordered, decode };
}

function decodeNewMessage(block: MetadataReader, ordered: boolean): Message {
  const type = block.uint8();
  const size = block.uint16();
  const flags = block.uint8();
  return decodeMessage(block, type, size, flags, ordered ? block.uint16() : undefined);
}

/** Flags of a message. */
const SHARED = 2;
const FAIL_IF_UNKNOWN = 0x80;

function decodeMessage(
  block: MetadataReader,
  type: number,
  size: number,
  flags: number,
  order: number | undefined,
): Message {
  if (type > LAST_MESSAGE && (flags & FAIL_IF_UNKNOWN) !== 0) {
    throw block.unsupported("message", `message ${type} is unknown, and the file must not be read without knowing it`);
  }
  return { type, shared: (flags & SHARED) !== 0, order, body: block.piece(size) };
}

/** If a message says that the header goes on, adds the block to those to be read. */
function addContinuation(message: Message | undefined, blocks: Block[]): void {
  if (message?.type !== MESSAGE.continuation) return;
  const { body } = message;
  const next: Block = { address: body.definedAddress("a continued object header"), length: body.length() };
  if (blocks.some(({ address }) => address === next.address))
    throw body.corruptPiece("header-cycle", "an object header that continues in itself");
  if (blocks.length >= MAX_HEADER_BLOCKS)
    throw body.corruptPiece("header-blocks", "an object header in too many pieces");
  blocks.push(next);
}

/** The first message of a type. */
export function messageOf({ messages }: ObjectHeader, type: number): Message | undefined {
  for (const message of messages) if (message.type === type) return message;
  return undefined;
}

/**
 * The body of a message, which may be in another header: a committed datatype is in its own. Throws an `UnsupportedError`
 * (`"shared-messages"`) where it is in a table of shared messages, which no known writer of Keras files makes.
 */
export function bodyOf(
  file: MetadataFile,
  { type, shared, body }: Pick<Message, "type" | "shared" | "body">,
  path: string,
): Reading<MetadataReader> {
  return shared ? readShared(file, type, body.copy(), path) : new AtHand(body.copy());
}

function* readShared(file: MetadataFile, type: number, body: MetadataReader, path: string): Reading<MetadataReader> {
  const version = body.version("a shared message", 1, 2, 3);
  const kind = body.uint8();
  if (version === 3 && kind === 1) throw body.unsupported("shared-messages", "a table of shared messages", 0);
  if (version === 1) body.skip(6);
  const header = yield* readObjectHeader(file, body.definedAddress("a shared message"), path);
  const found = messageOf(header, type);
  if (found !== undefined && !found.shared) return found.body.copy();
  throw body.corruptPiece("shared-message", `the shared message of type ${type} is not where it should be`);
}
