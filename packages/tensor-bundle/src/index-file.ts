import {
  CorruptError,
  compareBytes,
  encodeName,
  inOrder,
  type ModelbytesError,
  NotFoundError,
  type Place,
  type Task,
  type WaitOptions,
} from "@modelbytes/bytes";
import type { BundleEntry } from "./entry.ts";
import { firstIndex } from "./first-index.ts";
import type { BundleHeader } from "./header.ts";
import { IndexCollector } from "./index-collector.ts";
import type { PartitionedEntry } from "./partition.ts";
import { partitionKey } from "./partition-key.ts";
import { sortedIndex } from "./sorted-entries.ts";
import { BlockCursor } from "./table/block.ts";
import type { DataBlock, Table } from "./table/table.ts";
import type { BlockContents } from "./table/trailer.ts";

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
  /** The names to which all of this is confined, where it is not all that the index has. */
  readonly names: ReadonlySet<string> | undefined;
}

/** How much of an index is read. */
export interface ReadIndexOptions extends WaitOptions {
  /** Only what is said of these tensors. */
  readonly names?: Iterable<string> | undefined;
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

/** A block as it was read, or why it could not be. */
interface ReadBlock {
  readonly place: Place;
  /** The keys after this one, or from the first on, up to the other are in the block. */
  readonly after: Uint8Array | undefined;
  readonly upTo: Uint8Array;
  readonly contents: BlockContents | CorruptError;
}

/** From so many bytes on, entries are decoded when they are asked for: 20,000 tensors. */
const LARGE_BYTES = 2 ** 20;

/** Blocks of a quarter of a megabyte that are read at once, and their bytes at most. */
const CONCURRENCY = 4;
const BYTES_UNDER_WAY = 2 ** 22;

/**
 * Reads the index block by block. A damaged block is listed and left out. Throws where nothing is left: without the first block,
 * with the header, nothing else can be understood.
 */
export async function readIndexFile(table: Table, { names, ...options }: ReadIndexOptions = {}): Promise<IndexFile> {
  if (names !== undefined) return await readNamed(table, new Set(names), options);
  const blocks = await readBlocks(table, table.blocks.keys(), options);
  const sorted = table.size < LARGE_BYTES ? undefined : sortedIndex(blocks);
  return sorted === undefined ? collect(table, blocks) : wholeTensors(table, sorted.header, sorted.entries);
}

/** Reads the block with the header, those in which the tensors would be, and those in which their partitions would be. */
async function readNamed(table: Table, names: ReadonlySet<string>, options: WaitOptions): Promise<IndexFile> {
  const keys = Array.from(names, (name) => encodeName(name));
  const blocks = await readBlocks(table, blocksOf(table, keys), options);
  const sorted = sortedIndex(blocks);
  if (sorted !== undefined) return wholeTensors(table, sorted.header, sorted.entries.only(names), names);
  const index = collect(table, blocks, names);
  const parts = [...index.partitioned].flatMap(([name, { slices }]) =>
    slices.map((slice) => partitionKey(name, slice)),
  );
  if (parts.length === 0) return index;
  return collect(table, await readBlocks(table, blocksOf(table, [...keys, ...parts]), options), names);
}

/** The numbers of the blocks in which these keys would be, and of the first one. */
function blocksOf({ blocks }: Table, keys: readonly Uint8Array[]): number[] {
  const numbers = new Set(keys.map((key) => firstIndex(blocks.length, (at) => isWithin(key, blocks[at]?.separator))));
  return [...numbers.add(0)].filter((number) => number < blocks.length).sort((a, b) => a - b);
}

function isWithin(key: Uint8Array, upTo: Uint8Array | undefined): boolean {
  return upTo === undefined || compareBytes(key, upTo) <= 0;
}

async function readBlocks(table: Table, numbers: Iterable<number>, options: WaitOptions): Promise<ReadBlock[]> {
  const tasks: Task<ReadBlock>[] = [];
  for (const number of numbers) {
    const block = table.blocks[number];
    if (block !== undefined) tasks.push(blockTask(table, block, table.blocks[number - 1]?.separator));
  }
  const limits = { concurrency: CONCURRENCY, bytes: BYTES_UNDER_WAY, signal: options.signal };
  const read: ReadBlock[] = [];
  for await (const block of inOrder(tasks, limits)) {
    if (block.after === undefined && block.contents instanceof CorruptError) throw block.contents;
    read.push(block);
  }
  return read;
}

function blockTask(table: Table, block: DataBlock, after: Uint8Array | undefined): Task<ReadBlock> {
  const known = { place: { file: table.name, offset: block.offset }, after, upTo: block.separator };
  const run = async (signal: AbortSignal) => {
    try {
      return { ...known, contents: await table.readBlock(block, { signal }) };
    } catch (error) {
      if (error instanceof CorruptError) return { ...known, contents: error };
      throw error;
    }
  };
  return { bytes: block.size, run };
}

function wholeTensors(
  table: Table,
  header: BundleHeader,
  entries: IndexFile["entries"],
  names?: ReadonlySet<string>,
): IndexFile {
  const none = new Map<string, never>();
  return {
    file: table.name,
    header,
    entries,
    partitions: none,
    partitioned: none,
    unreadable: none,
    damage: [],
    names,
  };
}

function collect(table: Table, blocks: readonly ReadBlock[], names?: ReadonlySet<string>): IndexFile {
  const collector = new IndexCollector();
  for (const { place, after, upTo, contents } of blocks) {
    try {
      if (contents instanceof CorruptError) throw contents;
      collector.addBlock(new BlockCursor(contents, place));
    } catch (error) {
      if (!(error instanceof CorruptError) || after === undefined) throw error;
      collector.damage.push({ error, lost: { after, upTo } });
    }
  }
  return collector.finish({ file: table.name, offset: table.footer.index.offset }, names);
}

/**
 * The entry of a tensor. Throws a `NotFoundError` for a name that the index has not, the error of an entry that is not usable, that of
 * the damaged block in which the entry may have been, and a `RangeError` for a tensor of which nothing was read.
 */
export function entryOf(index: IndexFile, name: string): BundleEntry {
  const entry = index.entries.get(name);
  if (entry !== undefined) return entry;
  if (index.names?.has(name) === false) {
    throw new RangeError(`the bundle was opened with \`names\`, and ${JSON.stringify(name)} is not among them`);
  }
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
