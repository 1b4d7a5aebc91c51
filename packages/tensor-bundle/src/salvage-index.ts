import {
  BytesSource,
  CorruptError,
  compareBytes,
  decodeName,
  encodeName,
  type ModelbytesError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { decodeBundleEntry, encodeBundleHeader } from "@modelbytes/tf-proto";
import type { BundleFiles } from "./files.ts";
import { BUNDLE_VERSION } from "./header.ts";
import { type IndexFile, readIndexFile } from "./index-file.ts";
import type { BlockEntry } from "./table/block.ts";
import { recoverTable } from "./table/recover.ts";
import { Table } from "./table/table.ts";
import { TableWriter } from "./table/table-writer.ts";

/** Keys that were lost with a block of the index. Nobody knows what they were, only between which others they stood. */
export interface LostKeys {
  /** They are behind this key; absent where they begin with the first. */
  readonly after?: string;
  /** Up to this one; absent where they end with the last. */
  readonly upTo?: string;
  readonly error: CorruptError;
}

/** What is left of an index. */
export interface DamagedIndex {
  readonly index: IndexFile;
  /** What is wrong with it. */
  readonly damage: readonly CorruptError[];
  readonly lostKeys: readonly LostKeys[];
  /** Whether the header is lost as well: then it is taken to be that of a little-endian bundle of version 1. */
  readonly headerIsAssumed: boolean;
}

/**
 * Reads an index by any means: block by block around the damaged ones, or where the footer, the index block or the first block is
 * gone, by looking for blocks in the file. Throws the `CorruptError` that opening it gives if there is not one block.
 */
export async function readDamagedIndex(files: BundleFiles, options: WaitOptions): Promise<DamagedIndex> {
  try {
    const index = await readIndexFile(await Table.open(files.index, options), options);
    const lostKeys = index.damage.flatMap(({ error, lost }): LostKeys[] => {
      if (lost === undefined) return [];
      const after = lost.after === undefined ? {} : { after: decodeName(lost.after) };
      return [{ ...after, upTo: decodeName(lost.upTo), error }];
    });
    return { index, damage: index.damage.map(({ error }) => error), lostKeys, headerIsAssumed: false };
  } catch (error) {
    if (error instanceof CorruptError) return await recoverIndex(files, error, options);
    throw error;
  }
}

async function recoverIndex(files: BundleFiles, error: CorruptError, options: WaitOptions): Promise<DamagedIndex> {
  const { name } = files.index;
  const bytes = await files.index.read(0, await files.index.size(options), options);
  const { blocks, isComplete } = recoverTable(bytes, name);
  if (blocks.length === 0) throw error;
  const lostKeys: LostKeys[] = [];
  const entries: BlockEntry[] = [];
  let end = 0;
  for (const block of blocks) {
    const [first] = block.entries;
    if (block.offset > end) lostKeys.push({ ...between(entries.at(-1), first), error });
    for (const entry of block.entries) {
      const last = entries.at(-1);
      if (last === undefined || compareBytes(last.key, entry.key) < 0) entries.push(entry);
    }
    end = block.offset + block.length;
  }
  if (!isComplete) lostKeys.push({ ...between(entries.at(-1), undefined), error });
  const headerIsAssumed = entries[0]?.key.length !== 0;
  const table = new TableWriter();
  if (headerIsAssumed) table.add(new Uint8Array(0), await assumedHeader(files, entries, options));
  for (const { key, value } of entries) table.add(key, value);
  const index = await readIndexFile(await Table.open(new BytesSource(table.finish(), name), options), options);
  const damage = [error, ...index.damage.map((found) => found.error)];
  return { index, damage, lostKeys, headerIsAssumed };
}

function between(before: BlockEntry | undefined, behind: BlockEntry | undefined): Omit<LostKeys, "error"> {
  const after = before === undefined ? {} : { after: decodeName(before.key) };
  return behind === undefined ? after : { ...after, upTo: decodeName(behind.key) };
}

/** Data files that are looked for beyond those that entries name, to learn how many there are. */
const MOST_UNNAMED = 64;

/** A header for entries that have lost theirs: the number of data files shows in their names. */
async function assumedHeader(
  files: BundleFiles,
  entries: readonly BlockEntry[],
  options: WaitOptions,
): Promise<Uint8Array> {
  const named = new Set<number>([0]);
  for (const { value, place } of entries) {
    try {
      named.add(decodeBundleEntry(value, place).shardId);
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
    }
  }
  const least = Math.max(...named) + 1;
  let numShards = least;
  for (let count = least; count < least + MOST_UNNAMED; count++) {
    const found = await Promise.all([...named].map((id) => exists(files, id, count, options)));
    if (!found.includes(true)) continue;
    numShards = count;
    break;
  }
  const version = { producer: BUNDLE_VERSION, minConsumer: 0, badConsumers: [] };
  return encodeBundleHeader({ numShards, bigEndian: false, version });
}

async function exists(files: BundleFiles, id: number, count: number, options: WaitOptions): Promise<boolean> {
  const source = files.shard(id, count);
  try {
    await source.size(options);
    return true;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof Error) return false;
    throw error;
  } finally {
    await source.close?.();
  }
}

/** The error by which a key is lost, if it may have been in a lost block. */
export function lossOf(lostKeys: readonly LostKeys[], name: string): ModelbytesError | undefined {
  const key = encodeName(name);
  return lostKeys.find(({ after, upTo }) => {
    if (upTo !== undefined && compareBytes(key, encodeName(upTo)) > 0) return false;
    return after === undefined || compareBytes(key, encodeName(after)) > 0;
  })?.error;
}
