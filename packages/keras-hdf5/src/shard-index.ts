import { CorruptError, decodeName } from "@modelbytes/bytes";
import { type PyDict, pyFloat, pyInt, stringifyJson } from "@modelbytes/keras-config";
import { DTYPES, type DType, elementCount } from "@modelbytes/tensor";

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

/**
 * The bytes of an index, as Python's `json.dumps(…, indent=4)` has it. `files` is in the order of writing; a group whose files are a
 * list there has one in the index.
 */
export function encodeShardIndex(
  totalSize: number | undefined,
  files: ReadonlyMap<string, string | readonly string[]>,
): Uint8Array<ArrayBuffer> {
  const size = totalSize === undefined ? pyInt(0) : pyFloat(totalSize);
  const map = new Map([...files].map(([group, names]) => [`/${group}`, names]));
  const index: PyDict = new Map<string, PyDict>([
    ["metadata", new Map([["total_size", size]])],
    ["weight_map", map],
  ]);
  return new TextEncoder().encode(stringifyJson(index, { indent: 4 }));
}

/** The dtypes of which Keras knows a size. */
const SIZED: ReadonlySet<DType> = new Set([
  ...(["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"] as const),
  ...(["float16", "bfloat16", "float32", "float64"] as const),
]);

/** Bytes of a tensor as Keras counts them for an index: a bool takes a bit. `undefined` for dtypes of which Keras knows no size. */
export function shardedSize(dtype: DType, shape: readonly number[]): number | undefined {
  if (!SIZED.has(dtype)) return undefined;
  return (elementCount(shape) * (dtype === "bool" ? 1 : DTYPES[dtype].bits)) / 8;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string");
}
