import { CorruptError } from "@modelbytes/bytes";
import { JsonCursor } from "./json-cursor.ts";

/**
 * What `model.safetensors.index.json` says, which huggingface_hub and transformers write beside the files of a model:
 *
 *     { "metadata": { "total_size": 19096 },                                 bytes of all tensors
 *       "weight_map": { "dense/kernel": "model-00001-of-00002.safetensors",  a tensor, and the file that it is in
 *                       "dense/bias": "model-00002-of-00002.safetensors" } }
 */
export interface ShardIndex {
  /** Bytes of all tensors; `undefined` where the index does not say. */
  readonly totalSize: number | undefined;
  /** The names of the files, in the order in which the index first names them. */
  readonly names: readonly string[];
  /** The file of each tensor. */
  readonly files: ReadonlyMap<string, string>;
}

/** Reads an index. Throws a `CorruptError` (`"shard-index"`) for what is none. */
export function parseShardIndex(bytes: Uint8Array, file: string): ShardIndex {
  const cursor = new JsonCursor(bytes, (reason, offset, cause) => {
    return new CorruptError("shard-index", `the index is not as it should be: ${reason}`, { file, offset, cause });
  });
  let totalSize: number | undefined;
  let files: Map<string, string> | undefined;
  cursor.object((key) => {
    if (key === "metadata" && cursor.next() === "{") {
      cursor.object((name) => {
        if (name === "total_size" && NUMBER_START.test(cursor.next())) totalSize = cursor.number();
        else cursor.skip();
      });
    } else if (key === "weight_map") {
      const map = new Map<string, string>();
      cursor.object((tensor) => map.set(tensor, cursor.string()));
      files = map;
    } else cursor.skip();
  });
  cursor.end();
  if (files === undefined) throw cursor.error("there is no weight_map");
  return { totalSize, names: [...new Set(files.values())], files };
}

const NUMBER_START = /[-\d]/;

/** The text of an index, as Python's `json.dump` writes it with an indent of 2: ASCII alone, no newline at its end. */
export function stringifyShardIndex({ totalSize, files }: ShardIndex): string {
  const metadata = totalSize === undefined ? [] : [`"total_size": ${totalSize}`];
  const map = [...files].map(([tensor, name]) => `${JSON.stringify(tensor)}: ${JSON.stringify(name)}`);
  const json = block([`"metadata": ${block(metadata, "  ")}`, `"weight_map": ${block(map, "  ")}`], "");
  return json.replace(/[^\n -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function block(members: readonly string[], indent: string): string {
  return members.length === 0 ? "{}" : `{${members.map((each) => `\n${indent}  ${each}`).join(",")}\n${indent}}`;
}
