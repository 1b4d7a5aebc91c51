import { CorruptError, decodeName } from "@modelbytes/bytes";

/**
 * What `.weights.json` says, which Keras 3.10 and later write beside the shards:
 *
 *     { "metadata": { "total_size": 789504.0 },                         bytes of all values, a float
 *       "weight_map": { "/layers/dense/vars": "x_00000.weights.h5",     a group of variables, and the file that it is in;
 *                       "/optimizer/vars": ["x_00000…", "x_00001…"] } } a list from the second variable on
 */
export interface ShardIndex {
  /** Bytes of all values; `undefined` where the index does not say. */
  readonly totalSize: number | undefined;
  /** The files of each group of variables, by its path without the "/" in front. */
  readonly files: ReadonlyMap<string, readonly string[]>;
}

/** Reads an index. Throws a `CorruptError` (`"shard-index"`) for other JSON and for what is none. */
export function parseShardIndex(bytes: Uint8Array, file: string): ShardIndex {
  const corrupt = (reason: string, cause?: unknown) => new CorruptError("shard-index", reason, { file, cause });
  let json: unknown;
  try {
    json = JSON.parse(decodeName(bytes));
  } catch (cause) {
    throw corrupt("an index of sharded weights is JSON", cause);
  }
  const { metadata, weight_map: map } = isObject(json) ? json : {};
  if (!isObject(map)) throw corrupt("the index has no weight_map");
  const files = new Map<string, readonly string[]>();
  for (const [group, value] of Object.entries(map)) {
    const names = typeof value === "string" ? [value] : value;
    if (!isNames(names)) throw corrupt(`the files of ${JSON.stringify(group)} are no names`);
    files.set(group.replace(/^\/+/, ""), names);
  }
  const { total_size: totalSize } = isObject(metadata) ? metadata : {};
  return { totalSize: typeof totalSize === "number" ? totalSize : undefined, files };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string");
}
