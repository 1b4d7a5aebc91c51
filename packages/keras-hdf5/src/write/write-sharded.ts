import { toWritableFolder, type WritableFolder } from "@modelbytes/bytes";
import { type Hdf5Plan, streamHdf5 } from "@modelbytes/hdf5";
import { JoinedFile } from "../joined-file.ts";
import { KerasHdf5 } from "../keras-hdf5.ts";
import { encodeShardIndex, shardedSize } from "../shard-index.ts";
import { splitWeights } from "./split-weights.ts";
import type { KerasWeightsContents } from "./weights.ts";
import { planWeights, type WriteKerasOptions, type WrittenKeras, weightsContents } from "./write.ts";

/** Where sharded weights go: the path of the index (Node only), or its name in a folder. */
export type ShardedTarget = string | URL | { readonly folder: WritableFolder; readonly name: string };

/** How sharded weights are written. */
export interface WriteShardedKerasWeightsOptions extends WriteKerasOptions {
  /**
   * Bytes of values that a shard takes at most; what describes them comes on top. Keras's `max_shard_size` is in GiB. Default: 5 GiB;
   * of open sharded weights, what parts them as they are parted.
   */
  readonly maxShardBytes?: number | undefined;
}

/** What was written, and where. */
export interface WrittenShardedKeras extends WrittenKeras {
  /** The names of the shards beside the index. */
  readonly shards: readonly string[];
}

const DEFAULT_BYTES: number = 5 * 2 ** 30;

/**
 * Writes sharded weights, `NAME.weights.json` with `NAME_00000.weights.h5` and so on beside it: the bytes that Keras 3.15 with h5py
 * 3.14 writes for the same contents in the same order. An open file may be sharded or not.
 *
 * Nothing is visible before all is written; then an index that was there goes, and the shards and last the index get their names.
 * Shards of an index before that are not replaced stay.
 *
 * Throws as `writeKerasWeights` does, and a `RangeError` for another name and for a variable that is larger than a shard.
 */
export async function writeShardedKerasWeights(
  to: ShardedTarget,
  contents: KerasWeightsContents | KerasHdf5,
  options: WriteShardedKerasWeightsOptions = {},
): Promise<WrittenShardedKeras> {
  const { folder, name } = targetOf(to);
  if (!name.endsWith("weights.json")) throw new RangeError(`sharded weights end in .weights.json, not ${name}`);
  const base = name.slice(0, -".json".length).replaceAll(".weights", "");
  const { groups, unlisted = [] } = await weightsContents(contents, options);
  const limit = options.maxShardBytes ?? (contents instanceof KerasHdf5 ? largestShard(contents) : DEFAULT_BYTES);
  const { shards, map, totalSize } = splitWeights(groups, limit);
  const names = shards.map((_, number) => `${base}_${`${number}`.padStart(5, "0")}.weights.h5`);
  const plans: Hdf5Plan[] = [];
  for (const [number, shard] of shards.entries()) {
    const last = number === shards.length - 1;
    plans.push(await planWeights({ groups: shard, unlisted: last ? unlisted : [] }, { signal: options.signal }));
  }
  const nameOf = (number: number) => names[number] ?? "";
  const files = [...map].map(
    ([group, in_]) => [group, typeof in_ === "number" ? nameOf(in_) : in_.map(nameOf)] as const,
  );
  await writeAll(folder, name, encodeShardIndex(totalSize, new Map(files)), names, plans, options);
  const bytes = plans.reduce((sum, { size }) => sum + size, 0);
  return { bytes, shards: names, doubts: [...new Set(plans.flatMap(({ doubts }) => doubts))] };
}

/** The folder and the name of a path or a URL. */
function targetOf(to: ShardedTarget): { folder: WritableFolder; name: string } {
  if (typeof to === "object" && "folder" in to) return to;
  if (to instanceof URL) {
    return {
      folder: toWritableFolder(new URL(".", to)),
      name: decodeURIComponent(to.pathname.split("/").at(-1) ?? ""),
    };
  }
  const cut = Math.max(to.lastIndexOf("/"), to.lastIndexOf("\\")) + 1;
  return { folder: toWritableFolder(cut === 0 ? "." : to.slice(0, cut)), name: to.slice(cut) };
}

/** Bytes of the values in the largest shard: with this limit weights are parted again as they are. */
function largestShard({ hdf5, entries }: KerasHdf5): number {
  if (!(hdf5 instanceof JoinedFile)) return DEFAULT_BYTES;
  const sizes = new Map<string, number>();
  for (const [key, { dtype, shape }] of entries) {
    const [shard = ""] = hdf5.shardsOf(key);
    sizes.set(shard, (sizes.get(shard) ?? 0) + (shardedSize(dtype, shape) ?? 0));
  }
  return [...sizes.values()].reduce((most, size) => Math.max(most, size), 1);
}

async function writeAll(
  folder: WritableFolder,
  indexName: string,
  index: Uint8Array,
  names: readonly string[],
  plans: readonly Hdf5Plan[],
  { signal, onProgress }: WriteKerasOptions,
): Promise<void> {
  const total = plans.reduce((sum, { size }) => sum + size, 0);
  const sinks = names.map((name) => folder.sink(name));
  const indexSink = folder.sink(indexName);
  try {
    let bytes = 0;
    for (const [number, plan] of plans.entries()) {
      for await (const piece of streamHdf5(plan, { signal })) {
        await sinks[number]?.write(piece);
        bytes += piece.length;
        onProgress?.({ bytes, total });
      }
    }
    await indexSink.write(index);
    signal?.throwIfAborted();
    await folder.remove(indexName);
    for (const sink of sinks) await sink.close();
    await indexSink.close();
  } catch (error) {
    await Promise.all([...sinks, indexSink].map((sink) => sink.abort(error)));
    throw error;
  }
}
