import { ByteWriter } from "@modelbytes/bytes";
import type { FileSpace } from "./file-space.ts";
import type { Segment } from "./segment.ts";

/**
 * The names of the links of a group: the local heap.
 *
 *     header   "HEAP" · version 0 · 3 zero bytes · size of the data (8) · offset of the first free block (8; 1 is none) · address (8)
 *     data     names, each with its NUL and padded to a multiple of 8; the empty name at offset 0
 *     free     offset of the next free block (8; 1 is none) · size of this one (8)
 *
 * The data follows the header until it has to grow and cannot; then it moves and the header stays. How it grows is H5HL.c's.
 */

/** Bytes of the header. */
const HEADER_BYTES = 32;
/** Bytes of the data of a new heap. */
const FIRST_DATA_BYTES = 88;
/** Bytes that a free block needs to describe itself. */
const FREE_BYTES = 16;
const NO_FREE_BLOCK = 1;
const SIGNATURE = Uint8Array.of(0x48, 0x45, 0x41, 0x50);

interface FreeBlock {
  offset: number;
  size: number;
}

/** Data as a flush writes it. */
interface Flushed {
  readonly size: number;
  readonly names: number;
  readonly free: readonly Readonly<FreeBlock>[];
}

/** A local heap that is being filled. */
export class LocalHeap {
  /** Address of the header. */
  readonly address: number;
  readonly #space: FileSpace;
  #dataAddress: number;
  #dataSize = FIRST_DATA_BYTES;
  /** Free blocks in the order of their list. */
  readonly #free: FreeBlock[] = [{ offset: 8, size: FIRST_DATA_BYTES - 8 }];
  readonly #names: { readonly offset: number; readonly name: Uint8Array }[] = [];
  #flushed: Flushed | undefined;

  constructor(space: FileSpace) {
    this.#space = space;
    this.address = space.allocate("meta", HEADER_BYTES + FIRST_DATA_BYTES);
    this.#dataAddress = this.address + HEADER_BYTES;
  }

  /** Adds a name and gives its offset in the data. */
  add(name: Uint8Array): number {
    const size = Math.ceil((name.length + 1) / 8) * 8;
    const offset = this.#fromFree(size) ?? this.#grow(size);
    this.#names.push({ offset, name });
    return offset;
  }

  /** Remembers what a flush writes to the file. */
  flush(): void {
    this.#flushed = this.#now();
  }

  /** The header and the data, where they lie. */
  segments(): Segment[] {
    const header = { address: this.address, size: HEADER_BYTES, encode: () => this.#encodeHeader() };
    const now = this.#now();
    return [header, { address: this.#dataAddress, size: this.#dataSize, encode: () => this.#encodeData(now) }];
  }

  #now(): Flushed {
    return { size: this.#dataSize, names: this.#names.length, free: this.#free.map((block) => ({ ...block })) };
  }

  #fromFree(size: number): number | undefined {
    const index = this.#free.findIndex((block) => block.size === size || block.size >= size + FREE_BYTES);
    const block = this.#free[index];
    if (block === undefined) return undefined;
    const { offset } = block;
    if (block.size === size) this.#free.splice(index, 1);
    block.offset += size;
    block.size -= size;
    return offset;
  }

  #grow(size: number): number {
    const before = this.#dataSize;
    const tail = this.#free.find((block) => block.offset + block.size === before);
    const doubled = Math.max(size, before);
    const more = tail === undefined && doubled < size + FREE_BYTES ? size : doubled;
    this.#extendData(more);
    if (tail === undefined) {
      if (more - size >= FREE_BYTES) this.#free.unshift({ offset: before + size, size: more - size });
      return before;
    }
    const { offset } = tail;
    tail.offset += size;
    tail.size += more - size;
    if (tail.size < FREE_BYTES) this.#free.splice(this.#free.indexOf(tail), 1);
    return offset;
  }

  #extendData(more: number): void {
    if (!this.#space.extend("meta", this.#dataAddress, this.#dataSize, more)) {
      this.#leaveData();
      this.#dataAddress = this.#space.allocate("meta", this.#dataSize + more);
    }
    this.#dataSize += more;
  }

  #leaveData(): void {
    const [address, size, flushed] = [this.#dataAddress, this.#dataSize, this.#flushed];
    this.#flushed = undefined;
    if (flushed === undefined) this.#space.release("meta", address, size);
    else this.#space.leave("meta", size, { address, size: flushed.size, encode: () => this.#encodeData(flushed) });
  }

  #encodeHeader(): Uint8Array {
    const first = this.#free[0]?.offset ?? NO_FREE_BLOCK;
    return new ByteWriter()
      .bytes(SIGNATURE)
      .zeros(4)
      .uint64(this.#dataSize)
      .uint64(first)
      .uint64(this.#dataAddress)
      .finish();
  }

  #encodeData({ size, names, free }: Flushed): Uint8Array {
    const data = new Uint8Array(size);
    const view = new DataView(data.buffer);
    for (const { offset, name } of this.#names.slice(0, names)) data.set(name, offset);
    for (const [index, block] of free.entries()) {
      view.setBigUint64(block.offset, BigInt(free[index + 1]?.offset ?? NO_FREE_BLOCK), true);
      view.setBigUint64(block.offset + 8, BigInt(block.size), true);
    }
    return data;
  }
}
