import {
  CorruptError,
  compareBytes,
  decodeName,
  encodeName,
  type ModelbytesError,
  NotFoundError,
  type Place,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { type BundleEntry, decodeEntry } from "./entry.ts";
import { type BundleHeader, decodeHeader } from "./header.ts";
import { isPartitioned, type PartitionedEntry, partitionName } from "./partition.ts";
import { type BlockEntry, readBlock } from "./table/block.ts";
import type { Table } from "./table/table.ts";

/**
 * The contents of an index, collected entry by entry.
 *
 *     ""                        BundleHeaderProto
 *     00 … (OrderedCode)        BundleEntryProto of a partition       hidden: the tensor it belongs to lists it
 *     name                      BundleEntryProto of a tensor
 */
export interface IndexFile {
  /** The name of the file. */
  readonly file: string;
  readonly header: BundleHeader;
  /** Tensors by name, in the order of the index: that of their names' bytes. */
  readonly entries: ReadonlyMap<string, BundleEntry>;
  /** Partitions by their key as a name. */
  readonly partitions: ReadonlyMap<string, BundleEntry>;
  /** The tensors that are stored in partitions. */
  readonly partitioned: ReadonlyMap<string, PartitionedEntry>;
  /** Entries that say what cannot be, or what this library does not know: the error that reading the tensor gives. */
  readonly unreadable: ReadonlyMap<string, ModelbytesError>;
  /** What is wrong with the index, in the order of the file. */
  readonly damage: readonly IndexDamage[];
}

/** Something wrong with the index, and the keys that are lost by it, if any. */
export interface IndexDamage {
  readonly error: CorruptError;
  readonly lost?: {
    /** The keys after this one, or from the first on. */
    readonly after: Uint8Array | undefined;
    /** Up to this one. */
    readonly upTo: Uint8Array;
  };
}

/**
 * Reads the index block by block. A damaged block is listed and left out. Throws where nothing is left: without the first block,
 * with the header, nothing else can be understood.
 */
export async function readIndexFile(table: Table, options: WaitOptions = {}): Promise<IndexFile> {
  const collector = new IndexCollector();
  let after: Uint8Array | undefined;
  for (const block of table.blocks) {
    const place = { file: table.name, offset: block.offset };
    try {
      for (const entry of readBlock(await table.readBlock(block, options), place)) collector.add(entry);
    } catch (error) {
      if (!(error instanceof CorruptError) || after === undefined) throw error;
      collector.damage.push({ error, lost: { after, upTo: block.separator } });
    }
    after = block.separator;
  }
  return collector.finish({ file: table.name, offset: table.footer.index.offset });
}

/**
 * The entry of a tensor. Throws a `NotFoundError` for a name that the index has not, the error of an entry that is not usable, and
 * that of the damaged block in which the entry may have been.
 */
export function entryOf(index: IndexFile, name: string): BundleEntry {
  const entry = index.entries.get(name);
  if (entry !== undefined) return entry;
  const place = { file: index.file, tensor: name };
  const error = index.unreadable.get(name) ?? lostBlock(index, name);
  throw error ?? new NotFoundError("no-tensor", "the checkpoint has no tensor of this name", place);
}

function lostBlock({ damage }: IndexFile, name: string): CorruptError | undefined {
  const key = encodeName(name);
  return damage.find(({ lost }) => {
    if (lost === undefined || compareBytes(key, lost.upTo) > 0) return false;
    return lost.after === undefined || compareBytes(key, lost.after) > 0;
  })?.error;
}

/** Collects entries in the order of the table. What is wrong goes to `damage`, what is right is kept. */
class IndexCollector {
  readonly damage: IndexDamage[] = [];
  readonly #entries = new Map<string, BundleEntry>();
  readonly #partitioned = new Map<string, PartitionedEntry>();
  readonly #unreadable = new Map<string, ModelbytesError>();
  #header: BundleHeader | undefined;
  #lastKey: Uint8Array | undefined;

  /** Throws where the first entry is no header: nothing can be read without it. */
  add({ key, value, place }: BlockEntry): void {
    if (this.#header === undefined) {
      this.#header = this.#readHeader(key, value, place);
      this.#lastKey = key;
      return;
    }
    const name = decodeName(key);
    const tensorPlace = { file: place.file, offset: place.offset, tensor: name };
    if (this.#lastKey !== undefined && compareBytes(this.#lastKey, key) >= 0) {
      const same = this.#entries.has(name) || this.#unreadable.has(name);
      const reason = same ? "the index has two entries of this key" : "the keys of the index are out of order";
      this.damage.push({ error: new CorruptError(same ? "duplicate-key" : "key-order", reason, tensorPlace) });
      if (same) return;
    }
    this.#lastKey = key;
    try {
      const entry = decodeEntry(value, this.#header.numShards, tensorPlace);
      this.#entries.set(name, entry);
      if (isPartitioned(entry)) this.#partitioned.set(name, entry);
    } catch (error) {
      if (!(error instanceof CorruptError || error instanceof UnsupportedError)) throw error;
      this.#unreadable.set(name, error);
      if (error instanceof CorruptError) this.damage.push({ error });
    }
  }

  /** The index, its partitions set apart from its tensors. */
  finish(place: Place & { readonly file: string }): IndexFile {
    if (this.#header === undefined)
      throw new CorruptError("header", "the index has no entries, not even a header", place);
    const partitions = new Map<string, BundleEntry>();
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
    return {
      file: place.file,
      header: this.#header,
      entries: this.#entries,
      partitions,
      partitioned: this.#partitioned,
      unreadable: this.#unreadable,
      damage: this.damage,
    };
  }

  #readHeader(key: Uint8Array, value: Uint8Array, place: Place): BundleHeader {
    if (key.length === 0) return decodeHeader(value, place);
    throw new CorruptError(
      "header",
      `the first key is ${JSON.stringify(decodeName(key))} instead of the header's ""`,
      place,
    );
  }
}
