import type { FileSpace } from "./file-space.ts";
import type { Segment } from "./segment.ts";

/**
 * Object headers of version 1, which say what an object is:
 *
 *     prefix    version 1 · 0 · messages, all of them (2) · links to the object (4) · bytes of the first block (4) · 4 zero bytes
 *     message   type (2) · bytes of its body, a multiple of 8 (2) · flags · 3 zero bytes · body
 *
 * Messages lie in blocks. The first follows the prefix; each other one is pointed to by a continuation message in an older block.
 * What is free in a block is a message of type NIL. How a header makes room is H5Oalloc.c's.
 */

const PREFIX_BYTES = 16;
const MESSAGE_HEADER_BYTES = 8;
/** Body of a continuation message: address and size of a block. */
const CONTINUATION_BYTES = 16;
/** A body has to be shorter. */
const TOO_LARGE_BYTES = 65_536;
const MOST_MESSAGES = 65_535;
const NOTHING = new Uint8Array();
const NIL = 0x00;
const ATTRIBUTE = 0x0c;
const CONTINUATION = 0x10;

/** What a message says. `body` may be shorter than its place: zeros follow. */
export interface MessageContent {
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
}

interface Block {
  /** Where its messages begin. */
  readonly address: number;
  size: number;
  /** What the last flush wrote. Messages move, but in what they leave behind these bytes stay. */
  flushed: Uint8Array;
}

/** A message in its place. The table of a header lists them in the order in which they came to be, which decides between equals. */
interface Message {
  type: number;
  flags: number;
  body: Uint8Array;
  /** Bytes of the body in its place. */
  size: number;
  block: number;
  /** Where its header begins, from the start of the block. */
  start: number;
  /** The block that a continuation points to. */
  target?: number;
}

/** A header that grows. */
export class ObjectHeader {
  readonly address: number;
  readonly #space: FileSpace;
  readonly #blocks: Block[];
  readonly #table: Message[];

  /** `firstBlock` is the room for messages that a new object gets. */
  constructor(space: FileSpace, firstBlock: number) {
    this.#space = space;
    this.address = space.allocate("meta", PREFIX_BYTES + firstBlock);
    this.#blocks = [{ address: this.address + PREFIX_BYTES, size: firstBlock, flushed: NOTHING }];
    this.#table = [nil(0, 0, firstBlock)];
  }

  /**
   * Adds a message and gives a function that puts another body of the same length in its place. Throws a `RangeError` with HDF5's
   * words for one that is too large, or one too many.
   */
  add(content: MessageContent): (body: Uint8Array) => void {
    const size = Math.ceil(content.body.length / 8) * 8;
    if (size >= TOO_LARGE_BYTES) {
      throw new RangeError(`object header message is too large: ${size} bytes, where HDF5 allows less than 65536`);
    }
    const place = this.#bestNil(size) ?? this.#extend(size) ?? this.#newBlock(size);
    const message = this.#place(place, size, content.type);
    message.flags = content.flags;
    message.body = content.body;
    if (this.#table.length > MOST_MESSAGES)
      throw new RangeError("an object has more messages than its header can count");
    return (body) => {
      message.body = body;
    };
  }

  /** Remembers what a flush writes to the file. */
  flush(): void {
    for (const [index, block] of this.#blocks.entries()) block.flushed = this.#encode(block, index);
  }

  /** The header's blocks, where they lie. */
  segments(): Segment[] {
    const [, ...others] = this.#blocks.map((block, index) => {
      return { address: block.address, size: block.size, encode: () => this.#encode(block, index) };
    });
    const size = PREFIX_BYTES + (this.#blocks[0]?.size ?? 0);
    return [{ address: this.address, size, encode: () => this.#encodeFirst(size) }, ...others];
  }

  /** The smallest NIL that holds `size` bytes, of equals the one in the lowest block. */
  #bestNil(size: number): Message | undefined {
    let best: Message | undefined;
    for (const message of this.#table) {
      if (message.type !== NIL || message.size < size) continue;
      const better =
        best === undefined || message.size < best.size || (message.size === best.size && message.block < best.block);
      if (better) best = message;
    }
    return best;
  }

  /** Makes a NIL a message of `size` bytes, and what is left a NIL. */
  #place(message: Message, size: number, type: number): Message {
    if (message.size > size) {
      const start = message.start + MESSAGE_HEADER_BYTES + size;
      this.#table.push(nil(message.block, start, message.size - size));
    }
    message.type = type;
    message.size = size;
    return message;
  }

  /** Makes the first block longer whose end can be moved, and gives a NIL of `size` bytes at its end. */
  #extend(size: number): Message | undefined {
    for (const [index, block] of this.#blocks.entries()) {
      const last = this.#table.find((message) => {
        return message.type === NIL && message.block === index && message.start + total(message) === block.size;
      });
      const delta = last === undefined ? size + MESSAGE_HEADER_BYTES : size - last.size;
      const prefix = index === 0 ? PREFIX_BYTES : 0;
      if (!this.#space.extend("meta", block.address - prefix, block.size + prefix, delta)) continue;
      const grown = last ?? this.#append(nil(index, block.size, MESSAGE_HEADER_BYTES));
      grown.size = size;
      block.size += delta;
      return grown;
    }
    return undefined;
  }

  /** Adds a block for a message of `size` bytes. A message that makes place for its continuation moves there, too. */
  #newBlock(size: number): Message {
    const room = this.#bestNil(CONTINUATION_BYTES);
    const moved = room === undefined ? this.#movable() : undefined;
    const movedBytes = moved === undefined ? 0 : MESSAGE_HEADER_BYTES + moved.size;
    const bytes = movedBytes + MESSAGE_HEADER_BYTES + size;
    const block =
      this.#blocks.push({ address: this.#space.allocate("meta", bytes), size: bytes, flushed: NOTHING }) - 1;
    const place = room ?? this.#moveOut(moved, block);
    const rest = this.#append(nil(block, movedBytes, MESSAGE_HEADER_BYTES + size));
    this.#place(place, CONTINUATION_BYTES, CONTINUATION).target = block;
    return rest;
  }

  /** The message whose place a continuation should take: the smallest, rather not an attribute. */
  #movable(): Message | undefined {
    let best: Message | undefined;
    let least = 0;
    for (const message of this.#table) {
      if (message.type === NIL || message.type === CONTINUATION) continue;
      const room = message.size + this.#nilBehind(message);
      if (room < CONTINUATION_BYTES) continue;
      const better =
        best === undefined ||
        (best.type === ATTRIBUTE && message.type !== ATTRIBUTE) ||
        room < least ||
        (room === least && message.block < best.block);
      if (!better) continue;
      best = message;
      least = room;
    }
    return best;
  }

  /** Bytes of the NIL right behind a message, its header included. */
  #nilBehind(message: Message): number {
    const behind = this.#follower(message);
    return behind === undefined ? 0 : total(behind);
  }

  #follower(message: Message): Message | undefined {
    const end = message.start + total(message);
    return this.#table.find(({ type, block, start }) => type === NIL && block === message.block && start === end);
  }

  /** Moves a message to the start of a block and gives the NIL that it leaves. */
  #moveOut(message: Message | undefined, block: number): Message {
    if (message === undefined) throw new RangeError("no message of this object can make place for a continuation");
    const left = nil(message.block, message.start, total(message));
    const behind = this.#follower(message);
    if (behind !== undefined) {
      left.size += total(behind);
      this.#table.splice(this.#table.indexOf(behind), 1);
    }
    message.block = block;
    message.start = 0;
    return this.#append(left);
  }

  #append(message: Message): Message {
    this.#table.push(message);
    return message;
  }

  /** The first block with the prefix in front of it. */
  #encodeFirst(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    bytes[0] = 1;
    view.setUint16(2, this.#table.length, true);
    view.setUint32(4, 1, true);
    view.setUint32(8, size - PREFIX_BYTES, true);
    for (const block of this.#blocks.slice(0, 1)) bytes.set(this.#encode(block, 0), PREFIX_BYTES);
    return bytes;
  }

  #encode(block: Block, index: number): Uint8Array {
    const bytes = new Uint8Array(block.size);
    const view = new DataView(bytes.buffer);
    bytes.set(block.flushed);
    for (const message of this.#table) {
      if (message.block !== index) continue;
      const at = message.start;
      view.setUint16(at, message.type, true);
      view.setUint16(at + 2, message.size, true);
      view.setUint32(at + 4, message.flags, true);
      const body = message.target === undefined ? message.body : this.#continuation(message.target);
      bytes.set(body, at + MESSAGE_HEADER_BYTES);
    }
    return bytes;
  }

  #continuation(target: number): Uint8Array {
    const { address = 0, size = 0 } = this.#blocks[target] ?? {};
    const body = new Uint8Array(CONTINUATION_BYTES);
    const view = new DataView(body.buffer);
    view.setBigUint64(0, BigInt(address), true);
    view.setBigUint64(8, BigInt(size), true);
    return body;
  }
}

/** Bytes of a message with its header. */
function total({ size }: Message): number {
  return MESSAGE_HEADER_BYTES + size;
}

/** A NIL that takes `bytes` with its header. */
function nil(block: number, start: number, bytes: number): Message {
  return { type: NIL, flags: 0, body: NOTHING, size: bytes - MESSAGE_HEADER_BYTES, block, start };
}
