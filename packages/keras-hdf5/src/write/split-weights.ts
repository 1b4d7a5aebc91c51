import { UnsupportedError } from "@modelbytes/bytes";
import { pathIn } from "../path.ts";
import { shardedSize } from "../shard-index.ts";
import type { NamedWeight } from "./values.ts";
import type { KerasVarsGroup } from "./weights.ts";

/** Weights as Keras parts them. */
export interface SplitWeights {
  /** What each shard holds. */
  readonly shards: readonly (readonly KerasVarsGroup[])[];
  /** The numbers of the shards of each group of variables, by its path; a list from the second variable on. */
  readonly map: ReadonlyMap<string, number | readonly number[]>;
  /** Bytes of all values; `undefined` where there are none. */
  readonly totalSize: number | undefined;
}

/** The part of a group that is in one shard. */
interface Part extends KerasVarsGroup {
  readonly vars: NamedWeight[];
}

/**
 * Parts weights as Keras does: a shard takes variables until the next would make it larger than `limit` bytes. A group may go over
 * several shards; what it is called is in the first.
 *
 * Throws a `RangeError` for a variable that is larger than a shard, an `UnsupportedError` (`"element-type"`) for a dtype of which
 * Keras knows no size.
 */
export function splitWeights(groups: Iterable<KerasVarsGroup>, limit: number): SplitWeights {
  if (!(limit > 0)) throw new RangeError(`a shard cannot hold ${limit} bytes`);
  const shards: Part[][] = [[]];
  const map = new Map<string, number | readonly number[]>();
  const begin = (part: Part): Part => {
    shards.at(-1)?.push(part);
    return part;
  };
  let filled = 0;
  let totalSize: number | undefined;
  for (const { path, name, vars = [] } of groups) {
    const group = pathIn(path, "vars");
    const weights = [...vars];
    let part = name !== undefined || weights.length === 0 ? begin({ path, name, vars: [] }) : undefined;
    for (const weight of weights) {
      const size = sizeOf(`${group}/${weight[0]}`, weight, limit);
      if (filled + size > limit) {
        shards.push([]);
        part = undefined;
        filled = 0;
      }
      filled += size;
      totalSize = (totalSize ?? 0) + size;
      part ??= begin({ path, vars: [] });
      part.vars.push(weight);
      map.set(group, withShard(map.get(group), shards.length - 1));
    }
  }
  return { shards, map, totalSize };
}

function withShard(known: number | readonly number[] | undefined, number: number): number | readonly number[] {
  if (known === undefined) return number;
  const numbers = typeof known === "number" ? [known] : known;
  return numbers.includes(number) ? numbers : [...numbers, number];
}

function sizeOf(path: string, [key, { dtype, shape }]: NamedWeight, limit: number): number {
  const size = shardedSize(dtype, shape);
  if (size === undefined) {
    throw new UnsupportedError("element-type", `Invalid dtype: ${dtype}: Keras shards none of it`, { tensor: path });
  }
  if (size <= limit) return size;
  throw new RangeError(
    `${JSON.stringify(path)}: The size of ${key} is ${readableSize(size)} which exceeds the maximum shard size ` +
      `${readableSize(limit)}. You can increase the \`maxShardBytes\` to accommodate the size.`,
  );
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** Keras's `readable_memory_size`. */
function readableSize(bytes: number): string {
  const power = Math.min(UNITS.length, Math.max(0, Math.floor(Math.log2(bytes) / 10)));
  return `${(bytes / 1024 ** power).toFixed(2)} ${UNITS[power] ?? "PB"}`;
}
