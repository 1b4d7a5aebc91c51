import {
  CorruptError,
  compareBytes,
  decodeName,
  encodeName,
  type Place,
  sortNames,
  UnsupportedError,
} from "@modelbytes/bytes";
import { type BundleEntry, decodeEntry } from "./entry.ts";
import { firstIndex } from "./first-index.ts";
import { type BundleHeader, readHeader } from "./header.ts";
import { KeyNames, LARGEST_KEYS } from "./key-names.ts";
import { isPartitioned } from "./partition.ts";
import { BlockCursor } from "./table/block.ts";
import type { BlockContents } from "./table/trailer.ts";

/** A block of an index, as it was read. */
interface Block {
  readonly place: Place;
  readonly contents: BlockContents | CorruptError;
}

/** A block that has at least one entry, and none that is not sound. */
interface SortedBlock {
  readonly place: Place;
  readonly contents: BlockContents;
  readonly firstKey: Uint8Array;
}

/**
 * The header and the entries of an index that holds nothing but whole tensors: every entry is decoded here, to be checked, and
 * again when it is asked for. Gives nothing for an index with damage, partitions or entries that cannot be read.
 */
export function sortedIndex(blocks: readonly Block[]): { header: BundleHeader; entries: SortedEntries } | undefined {
  const sorted: SortedBlock[] = [];
  let header: BundleHeader | undefined;
  let lastKey: Uint8Array | undefined;
  let size = 0;
  try {
    for (const { place, contents } of blocks) {
      if (contents instanceof CorruptError) return undefined;
      const cursor = new BlockCursor(contents, place);
      let more = cursor.next();
      if (!more || (lastKey !== undefined && cursor.compareKey(lastKey) <= 0)) return undefined;
      sorted.push({ place, contents, firstKey: cursor.copyKey() });
      if (header === undefined) {
        header = readHeader(cursor);
        more = cursor.next();
      }
      for (; more; more = cursor.next()) {
        if (!cursor.ascends || isPartitioned(decodeEntry(cursor, header.numShards))) return undefined;
        size++;
      }
      lastKey = cursor.copyKey();
    }
  } catch (error) {
    if (error instanceof CorruptError || error instanceof UnsupportedError) return undefined;
    throw error;
  }
  return header && { header, entries: new SortedEntries(sorted, size, header.numShards) };
}

/**
 * The tensors of a large index by name, in the order of the index. What is kept is the index as it is; whatever is asked for is decoded
 * anew. A million entries so take a quarter of the memory that they would take as objects, and less than half of the time.
 */
export class SortedEntries implements ReadonlyMap<string, BundleEntry> {
  readonly size: number;
  readonly #blocks: readonly SortedBlock[];
  readonly #shards: number;
  /** Where the last tensor was that was asked for: whoever goes through them in order finds the next one behind it. */
  #found: BlockCursor | undefined;

  constructor(blocks: readonly SortedBlock[], size: number, shards: number) {
    this.#blocks = blocks;
    this.size = size;
    this.#shards = shards;
  }

  get(name: string): BundleEntry | undefined {
    const cursor = this.#find(name);
    return cursor && decodeEntry(cursor, this.#shards);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  forEach(
    each: (entry: BundleEntry, name: string, map: ReadonlyMap<string, BundleEntry>) => void,
    that?: unknown,
  ): void {
    for (const [name, entry] of this) each.call(that, entry, name, this);
  }

  *keys(): Generator<string, undefined> {
    const keys = new KeyNames();
    for (const cursor of this.#walk()) {
      keys.add(cursor);
      if (keys.length >= LARGEST_KEYS) yield* keys.take();
    }
    yield* keys.take();
  }

  *values(): Generator<BundleEntry, undefined> {
    for (const cursor of this.#walk()) yield decodeEntry(cursor, this.#shards);
  }

  *entries(): Generator<[string, BundleEntry], undefined> {
    const keys = new KeyNames();
    let entries: BundleEntry[] = [];
    for (const cursor of this.#walk()) {
      keys.add(cursor);
      entries.push(decodeEntry(cursor, this.#shards));
      if (keys.length < LARGEST_KEYS) continue;
      yield* named(keys, entries);
      entries = [];
    }
    yield* named(keys, entries);
  }

  [Symbol.iterator](): Generator<[string, BundleEntry], undefined> {
    return this.entries();
  }

  /** Those of these tensors that are there, in the order of the index. */
  only(names: Iterable<string>): Map<string, BundleEntry> {
    const found = new Map<string, BundleEntry>();
    for (const name of sortNames(names)) {
      const entry = this.get(name);
      if (entry !== undefined) found.set(name, entry);
    }
    return found;
  }

  /** One cursor for each block, which goes from entry to entry. */
  *#walk(): Generator<BlockCursor, undefined> {
    for (const [index, { contents, place }] of this.#blocks.entries()) {
      const cursor = new BlockCursor(contents, place);
      if (index === 0) cursor.next(); // the header
      while (cursor.next()) yield cursor;
    }
  }

  /** A cursor at the entry of a tensor. The block is the last one that does not begin behind it. */
  #find(name: string): BlockCursor | undefined {
    const key = keyOf(name);
    if (key === undefined) return undefined;
    if (this.#found?.next() === true && this.#found.compareKey(key) === 0) return this.#found;
    const behind = firstIndex(this.#blocks.length, (at) => compareBytes(this.#blocks[at]?.firstKey ?? key, key) > 0);
    const block = this.#blocks[behind - 1];
    const cursor = block && new BlockCursor(block.contents, block.place);
    this.#found = cursor?.find(key) === true ? cursor : undefined;
    return this.#found;
  }
}

/** Entries with their names, which `keys` gives. */
function* named(keys: KeyNames, entries: readonly BundleEntry[]): Generator<[string, BundleEntry], undefined> {
  const names = keys.take();
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    const entry = entries[index];
    if (name !== undefined && entry !== undefined) yield [name, entry];
  }
}

/** The key of a name; nothing for what no key's name is, and for the header's. */
function keyOf(name: string): Uint8Array | undefined {
  if (name === "") return undefined;
  try {
    const key = encodeName(name);
    return name.isWellFormed() || decodeName(key) === name ? key : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
