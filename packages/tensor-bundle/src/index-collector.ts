import { CorruptError, type ModelbytesError, type Place, UnsupportedError } from "@modelbytes/bytes";
import { type BundleEntry, decodeEntry } from "./entry.ts";
import { type BundleHeader, readHeader } from "./header.ts";
import type { IndexDamage, IndexFile } from "./index-file.ts";
import { KeyNames, LARGEST_KEYS, nameOf } from "./key-names.ts";
import { isPartitioned, type PartitionedEntry, partitionName } from "./partition.ts";
import type { BlockCursor } from "./table/block.ts";

/** Collects entries in the order of the table. What is wrong goes to `damage`, what is right is kept. */
export class IndexCollector {
  readonly damage: IndexDamage[] = [];
  readonly #entries = new Map<string, BundleEntry>();
  readonly #partitioned = new Map<string, PartitionedEntry>();
  readonly #unreadable = new Map<string, ModelbytesError>();
  /** Entries that have no names yet, and the keys that become these. */
  readonly #unnamed: BundleEntry[] = [];
  readonly #keys = new KeyNames();
  #header: BundleHeader | undefined;
  /** The last key of the block before. */
  #lastKey: Uint8Array | undefined;
  #isSorted = true;

  /** Keeps the entries before a rule is broken. Throws the `CorruptError` of that, and where the very first entry is no header. */
  addBlock(cursor: BlockCursor): void {
    const keyBefore = this.#lastKey;
    let isFirst = true;
    try {
      while (cursor.next()) {
        if (this.#header === undefined) this.#header = readHeader(cursor);
        else this.#add(cursor, this.#header.numShards, isFirst ? isAbove(cursor, keyBefore) : cursor.ascends);
        isFirst = false;
      }
    } finally {
      if (!isFirst) this.#lastKey = cursor.copyKey();
    }
  }

  #add(cursor: BlockCursor, numShards: number, ascends: boolean): void {
    if (!(ascends && this.#isSorted) && this.#isDuplicate(cursor, ascends)) return;
    try {
      this.#unnamed.push(decodeEntry(cursor, numShards));
    } catch {
      this.#addUnreadable(cursor, numShards);
      return;
    }
    this.#keys.add(cursor);
    if (this.#keys.length >= LARGEST_KEYS) this.#name();
  }

  /** Whether a key of an index that is not sorted is there already. Lists that, and that it is not above the key before. */
  #isDuplicate(cursor: BlockCursor, ascends: boolean): boolean {
    this.#isSorted = false;
    this.#name();
    const place = placeOf(cursor);
    const same = this.#entries.has(place.tensor) || this.#unreadable.has(place.tensor);
    if (ascends && !same) return false;
    const reason = same ? "the index has two entries of this key" : "the keys of the index are out of order";
    this.damage.push({ error: new CorruptError(same ? "duplicate-key" : "key-order", reason, place) });
    return same;
  }

  /** Decodes again what cannot be, now with its name. */
  #addUnreadable(cursor: BlockCursor, numShards: number): void {
    const place = placeOf(cursor);
    try {
      decodeEntry(cursor, numShards, place);
    } catch (error) {
      if (!(error instanceof CorruptError || error instanceof UnsupportedError)) throw error;
      this.#unreadable.set(place.tensor, error);
      if (error instanceof CorruptError) this.damage.push({ error });
    }
  }

  /** Gives the entries that have come their names. */
  #name(): void {
    const names = this.#keys.take();
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      const entry = this.#unnamed[index];
      if (name === undefined || entry === undefined) continue;
      this.#entries.set(name, entry);
      if (isPartitioned(entry)) this.#partitioned.set(name, entry);
    }
    this.#unnamed.length = 0;
  }

  /** The index, its partitions set apart from its tensors; with `names` of these tensors alone. */
  finish(place: Place & { readonly file: string }, names?: ReadonlySet<string>): IndexFile {
    this.#name();
    if (this.#header === undefined)
      throw new CorruptError("header", "the index has no entries, not even a header", place);
    const partitions = new Map<string, BundleEntry>();
    if (names !== undefined) keepOnly(names, this.#partitioned);
    for (const [name, entry] of this.#partitioned) {
      let byteLength = 0;
      for (const slice of entry.slices) {
        const key = partitionName(name, slice);
        const partition = this.#entries.get(key);
        if (partition === undefined) continue;
        partitions.set(key, partition);
        byteLength += partition.size;
      }
      this.#entries.set(name, { ...entry, byteLength });
    }
    for (const key of partitions.keys()) this.#entries.delete(key);
    if (names !== undefined) {
      keepOnly(names, this.#entries);
      keepOnly(names, this.#unreadable);
    }
    return {
      file: place.file,
      header: this.#header,
      entries: this.#entries,
      partitions,
      partitioned: this.#partitioned,
      unreadable: this.#unreadable,
      damage: this.damage,
      names,
    };
  }
}

function keepOnly(names: ReadonlySet<string>, map: Map<string, unknown>): void {
  for (const name of map.keys()) if (!names.has(name)) map.delete(name);
}

function isAbove(cursor: BlockCursor, before: Uint8Array | undefined): boolean {
  return before === undefined || cursor.compareKey(before) > 0;
}

function placeOf(cursor: BlockCursor): Place & { readonly tensor: string } {
  return { ...cursor.place(), tensor: nameOf(cursor) };
}
