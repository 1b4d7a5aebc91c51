import {
  CorruptError,
  decodeName,
  encodeName,
  ModelbytesError,
  NotFoundError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { elementCount, type Progress, wholeRegion } from "@modelbytes/tensor";
import type { ObjectGraph } from "@modelbytes/tf-proto";
import type { BundleEntry } from "./entry.ts";
import { graphProblems } from "./graph-check.ts";
import type { IndexFile } from "./index-file.ts";
import { OBJECT_GRAPH_KEY } from "./object-graph.ts";
import { checkCoverage, indexPlace, isPartitioned, partitionsOf } from "./partition.ts";
import { parsePartitionKey } from "./partition-key.ts";
import { type Item, inFileOrder, itemOf } from "./plan.ts";
import type { Shards } from "./shards.ts";
import { sweep, sweepBuffers } from "./sweep.ts";
import type { Table } from "./table/table.ts";

/** How a check is followed and cancelled. */
export interface VerifyOptions extends WaitOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** The parts of an open bundle that are checked. */
export interface Verifiable {
  readonly table: Table;
  readonly index: IndexFile;
  readonly shards: Shards;
  readonly objectGraph: (options: WaitOptions) => Promise<ObjectGraph | undefined>;
}

/** Shards without a tensor are looked for only up to here: a header may claim any number of them. */
const MOST_EMPTY_SHARDS = 1024;

/** Checks a bundle from its index to its last tensor. `Bundle.verify` documents the contract. */
export async function* verifyBundle(
  { table, index, shards, objectGraph }: Verifiable,
  options: VerifyOptions,
): AsyncGenerator<ModelbytesError, void, undefined> {
  for (const { error } of index.damage) yield error;
  for (const error of index.unreadable.values()) if (!(error instanceof CorruptError)) yield error;
  yield* problemsOf(() => table.readBlock(table.footer.metaindex, options));
  yield* partitionProblems(index);
  const graph = index.entries.get(OBJECT_GRAPH_KEY);
  const graphPlace = graph === undefined ? undefined : shards.place(graph, OBJECT_GRAPH_KEY);
  let graphIsRead = true;
  for await (const problem of shardProblems(index, shards, options)) {
    yield problem;
    const ofItsShard = problem.file === graphPlace?.file;
    if (ofItsShard && (problem.tensor === OBJECT_GRAPH_KEY || problem.code === "shard-missing")) graphIsRead = false;
  }
  if (!graphIsRead) return;
  const found = yield* problemsOf(() => objectGraph(options));
  if (found !== undefined) yield* graphProblems(found, index);
}

/** Yields what `read` throws of a file, or returns what it gives. A programmer's error and an abort go through. */
async function* problemsOf<T>(read: () => Promise<T>): AsyncGenerator<ModelbytesError, T | undefined, undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    yield error;
    return undefined;
  }
}

function* partitionProblems({ file, entries, partitions }: IndexFile): Generator<ModelbytesError> {
  for (const [tensor, entry] of entries) {
    const place = indexPlace(file, tensor, entry);
    if (isPartitioned(entry)) {
      try {
        const found = partitionsOf(entry, partitions, place);
        const covered = found.reduce((sum, { region }) => sum + elementCount(region.count), 0);
        checkCoverage(wholeRegion(entry.shape), covered, place);
      } catch (error) {
        if (!(error instanceof ModelbytesError)) throw error;
        yield error;
      }
    } else if (tensor.startsWith("\0") && isOrphan(tensor, entries)) {
      yield new CorruptError("orphan-partition", "a partition that its tensor does not list", place);
    }
  }
}

/** Whether a key is that of a partition whose tensor knows nothing of it. Any bytes may also be the name of a tensor. */
function isOrphan(tensor: string, entries: ReadonlyMap<string, BundleEntry>): boolean {
  const partition = parsePartitionKey(encodeName(tensor));
  const full = partition === undefined ? undefined : entries.get(decodeName(partition.name));
  return full !== undefined && isPartitioned(full);
}

async function* shardProblems(
  { entries, partitions, header }: IndexFile,
  shards: Shards,
  options: VerifyOptions,
): AsyncGenerator<ModelbytesError> {
  const byShard = new Map<number, Item[]>();
  let total = 0;
  for (const [name, entry] of [...entries, ...partitions]) {
    if (isPartitioned(entry)) continue;
    const item = itemOf(name, entry);
    const inShard = byShard.get(item.shardId);
    if (inShard === undefined) byShard.set(item.shardId, [item]);
    else inShard.push(item);
    total += item.size;
  }
  const extents = [...byShard.values()].map((inShard) => extent(inShard));
  const buffers = sweepBuffers(extents.reduce((largest, bytes) => Math.max(largest, bytes), 0));
  const sweeping = { bigEndian: header.bigEndian, buffers, signal: options.signal };
  let bytes = 0;
  for (let shardId = 0; shardId < shards.count; shardId++) {
    const inShard = inFileOrder(byShard.get(shardId) ?? []);
    if (inShard.length === 0 && shardId >= MOST_EMPTY_SHARDS) continue;
    const source = shards.source(shardId);
    const size = await source.size(options).catch((error: unknown) => {
      if (error instanceof ModelbytesError) return error;
      throw error;
    });
    if (typeof size !== "number") {
      yield missingShard(size, inShard);
      continue;
    }
    yield* overlaps(inShard, source.name);
    yield* sweep(inShard, size, shards, sweeping, (read) => {
      bytes += read;
      options.onProgress?.({ bytes, total });
    });
  }
}

/** Bytes of a shard from its first tensor to the end of its last. */
function extent(inShard: readonly Item[]): number {
  const start = inShard.reduce((first, { offset }) => Math.min(first, offset), Number.POSITIVE_INFINITY);
  return inShard.reduce((last, { offset, size }) => Math.max(last, offset + size), start) - start;
}

/** One problem for a missing data file, however many tensors lie in it. */
function missingShard(error: ModelbytesError, inShard: readonly Item[]): ModelbytesError {
  const [first] = inShard;
  if (!(error instanceof NotFoundError)) return error;
  const lost = first === undefined ? "no tensor lies in it" : `${inShard.length} tensors lie in it`;
  const place = { file: error.file, tensor: first?.name, cause: error };
  return new NotFoundError("shard-missing", `the data file is missing; ${lost}`, place);
}

/** Tensors that claim the same bytes. */
function* overlaps(inShard: readonly Item[], file: string): Generator<ModelbytesError> {
  let last: Item | undefined;
  for (const item of inShard) {
    if (item.size === 0) continue;
    if (last !== undefined && item.offset < last.offset + last.size) {
      const reason = `its bytes overlap those of ${JSON.stringify(last.name)}`;
      yield new CorruptError("overlap", reason, { file, offset: item.offset, tensor: item.name });
    }
    if (last === undefined || item.offset + item.size > last.offset + last.size) last = item;
  }
}
