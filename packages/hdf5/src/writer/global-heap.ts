import type { FileSpace } from "./file-space.ts";
import type { Segment } from "./segment.ts";

/**
 * Strings of any length: global heap collections.
 *
 *     collection   "GCOL" · version 1 · 3 zero bytes · size of it all (8) · objects
 *     object       index (2) · reference count, always 0 (2) · 4 zero bytes · size (8) · bytes, padded to a multiple of 8
 *     the rest     an object of index 0 whose size includes these 16 bytes; nothing where fewer are left
 *     reference    length (4) · address of the collection (8) · index (4)
 *
 * Which collection takes a string is H5HG.c's and H5Fcwfs.c's.
 */

/** Bytes in front of the objects, and in front of each object. */
const HEADER_BYTES = 16;
const LEAST_COLLECTION_BYTES = 4096;
/** No collection is made longer than this; one string may be. */
const LARGEST_EXTENDED_BYTES = 65_536;
/** Collections that libhdf5 looks at for room. */
const OPEN_COLLECTIONS = 16;
/** Bytes of a reference to a string. */
export const REFERENCE_BYTES = 16;
const SIGNATURE = Uint8Array.of(0x47, 0x43, 0x4f, 0x4c, 1);

/** Strings of one stretch of the file. */
class Collection implements Segment {
  readonly address: number;
  size: number;
  free: number;
  readonly #objects: Uint8Array[] = [];

  constructor(address: number, size: number) {
    this.address = address;
    this.size = size;
    this.free = size - HEADER_BYTES;
  }

  /** Adds a string for which there is room, and gives its index. */
  add(bytes: Uint8Array): number {
    this.free -= objectBytes(bytes);
    return this.#objects.push(bytes);
  }

  encode(): Uint8Array {
    const encoded = new Uint8Array(this.size);
    const view = new DataView(encoded.buffer);
    encoded.set(SIGNATURE);
    view.setBigUint64(8, BigInt(this.size), true);
    let at = HEADER_BYTES;
    for (const [index, bytes] of this.#objects.entries()) {
      view.setUint16(at, index + 1, true);
      view.setBigUint64(at + 8, BigInt(bytes.length), true);
      encoded.set(bytes, at + HEADER_BYTES);
      at += objectBytes(bytes);
    }
    if (this.free >= HEADER_BYTES) view.setBigUint64(at + 8, BigInt(this.free), true);
    return encoded;
  }
}

/** All global heap collections of a file. */
export class GlobalHeap {
  readonly #space: FileSpace;
  readonly #collections: Collection[] = [];
  /** The collections with room, the newest first. */
  readonly #open: Collection[] = [];

  constructor(space: FileSpace) {
    this.#space = space;
  }

  /**
   * Stores strings and gives their references, one after another. libhdf5 turns pointers of 8 bytes into references of 16 in place,
   * so it begins where it overwrites nothing that it still needs: with the upper half, then the upper half of the rest, and with the
   * last few backwards.
   */
  addAll(strings: readonly Uint8Array[]): Uint8Array {
    const references = new Uint8Array(strings.length * REFERENCE_BYTES);
    for (let start = 0; start < strings.length; start += CONVERTED_AT_ONCE) {
      const end = Math.min(start + CONVERTED_AT_ONCE, strings.length);
      for (const offset of conversionOrder(end - start)) this.#addAt(references, start + offset, strings);
    }
    return references;
  }

  segments(): readonly Segment[] {
    return this.#collections;
  }

  #addAt(references: Uint8Array, index: number, strings: readonly Uint8Array[]): void {
    const bytes = strings[index] ?? new Uint8Array();
    const collection = this.#collectionFor(objectBytes(bytes));
    const view = new DataView(references.buffer, index * REFERENCE_BYTES, REFERENCE_BYTES);
    view.setUint32(0, bytes.length, true);
    view.setBigUint64(4, BigInt(collection.address), true);
    view.setUint32(12, collection.add(bytes), true);
  }

  #collectionFor(need: number): Collection {
    let index = this.#open.findIndex(({ free }) => free >= need);
    if (index < 0) index = this.#open.findIndex((collection) => this.#extend(collection, need));
    const found = this.#open[index];
    if (found === undefined) return this.#newCollection(need);
    if (index > 0) this.#open.splice(index - 1, 2, found, ...this.#open.slice(index - 1, index));
    return found;
  }

  #extend(collection: Collection, need: number): boolean {
    const { address, size, free } = collection;
    const extra = Math.max(size, need - free);
    if (size + extra > LARGEST_EXTENDED_BYTES || !this.#space.extend("raw", address, size, extra)) return false;
    collection.size += extra;
    collection.free += extra;
    return true;
  }

  #newCollection(need: number): Collection {
    const size = Math.max(LEAST_COLLECTION_BYTES, need + HEADER_BYTES);
    const collection = new Collection(this.#space.allocate("raw", size), size);
    this.#collections.push(collection);
    if (this.#open.length === OPEN_COLLECTIONS) {
      const fuller = this.#open.findLastIndex(({ free }) => free < collection.free);
      if (fuller < 0) return collection;
      this.#open.splice(fuller, 1);
    }
    this.#open.unshift(collection);
    return collection;
  }
}

/** Strings of a dataset that libhdf5 converts at once: as many references as fit into its buffer of a mebibyte. */
const CONVERTED_AT_ONCE = 2 ** 20 / REFERENCE_BYTES;

function* conversionOrder(count: number): Generator<number> {
  let left = count;
  for (let safe = left - Math.ceil(left / 2); safe >= 2; safe = left - Math.ceil(left / 2)) {
    for (let index = left - safe; index < left; index++) yield index;
    left -= safe;
  }
  for (let index = left - 1; index >= 0; index--) yield index;
}

function objectBytes(bytes: Uint8Array): number {
  return HEADER_BYTES + Math.ceil(bytes.length / 8) * 8;
}
