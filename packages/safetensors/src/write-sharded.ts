import { toWritableFolder, type WritableFolder, type WritableFolderLike } from "@modelbytes/bytes";
import { describeTensors, type Planned, planSafetensors, type WritableTensors } from "./plan.ts";
import { type ShardIndex, stringifyShardIndex } from "./shard-index.ts";
import { metadataOf, type WriteSafetensorsOptions, type WrittenSafetensors, writePlan } from "./writer.ts";

/** How tensors are written to several files. */
export interface WriteShardedSafetensorsOptions extends WriteSafetensorsOptions {
  /** The most bytes of tensors in a file; a larger tensor is alone in its own. Default: 5 GB, that of huggingface_hub. */
  readonly maxShardBytes?: number | undefined;
  /** What comes before `.safetensors` and before the number of a file. Default: `"model"`. */
  readonly name?: string | undefined;
}

/** What was written, and where. */
export interface WrittenShards extends WrittenSafetensors {
  /** The names of the files, in their order; the last is the index where there are several. */
  readonly files: readonly string[];
}

const MAX_SHARD_BYTES = 5e9;

/**
 * Writes tensors in files of at most `maxShardBytes`, with an index, as huggingface_hub names and splits them: in the order in which the
 * tensors come. What fits into one file is written as `model.safetensors`, without an index.
 *
 * Nothing is visible before all is written; then files of earlier tensors of the same name go, first their index. Throws as
 * `writeSafetensors` does.
 */
export async function writeShardedSafetensors(
  to: WritableFolderLike,
  tensors: WritableTensors,
  options: WriteShardedSafetensorsOptions = {},
): Promise<WrittenShards> {
  const { maxShardBytes = MAX_SHARD_BYTES, name = "model", signal, onProgress } = options;
  const metadata = metadataOf(options);
  const folder = toWritableFolder(to);
  const described = describeTensors(tensors);
  const parts = split(described, maxShardBytes);
  const names = parts.map((_, shard) => nameOf(name, shard, parts.length));
  const plans = parts.map((part) => planSafetensors(part, metadata));
  const total = plans.reduce((sum, { size }) => sum + size, 0);
  const indexName = `${name}.safetensors.index.json`;
  const files = parts.length > 1 ? [...names, indexName] : names;
  const sinks = files.map((file) => folder.sink(file));
  try {
    let before = 0;
    for (const [shard, plan] of plans.entries()) {
      const sink = sinks[shard];
      const following = ({ bytes }: { bytes: number }) => onProgress?.({ bytes: before + bytes, total });
      if (sink !== undefined) await writePlan(sink, plan, { signal, onProgress: following });
      before += plan.size;
    }
    const index = stringifyShardIndex(indexOf(parts, names));
    if (parts.length > 1) await sinks.at(-1)?.write(new TextEncoder().encode(index));
    await folder.remove(indexName);
    for (const sink of sinks) await sink.close();
  } catch (error) {
    await Promise.all(sinks.map((sink) => sink.abort(error)));
    throw error;
  }
  await removeStale(folder, name, new Set(names));
  return { tensors: described.size, bytes: total, files };
}

/** The tensors of each file. What does not fit begins another; what fits into none goes into one of its own, before the one at hand. */
function split(tensors: ReadonlyMap<string, Planned>, most: number): Map<string, Planned>[] {
  const parts: Map<string, Planned>[] = [];
  let part = new Map<string, Planned>();
  let size = 0;
  for (const [name, planned] of tensors) {
    const { byteLength } = planned;
    if (byteLength > most) {
      parts.push(new Map([[name, planned]]));
      continue;
    }
    if (size + byteLength > most) {
      parts.push(part);
      part = new Map();
      size = 0;
    }
    part.set(name, planned);
    size += byteLength;
  }
  if (part.size > 0 || parts.length === 0) parts.push(part);
  return parts;
}

function nameOf(name: string, shard: number, count: number): string {
  const digits = (number: number) => String(number).padStart(5, "0");
  return count === 1 ? `${name}.safetensors` : `${name}-${digits(shard + 1)}-of-${digits(count)}.safetensors`;
}

function indexOf(parts: readonly ReadonlyMap<string, Planned>[], names: readonly string[]): ShardIndex {
  const files = new Map<string, string>();
  let totalSize = 0;
  for (const [shard, part] of parts.entries()) {
    for (const [tensor, { byteLength }] of part) {
      files.set(tensor, names[shard] ?? "");
      totalSize += byteLength;
    }
  }
  return { totalSize, names, files };
}

/** Files of this name that earlier tensors left: loading passes over them, and disks do not. */
async function removeStale(folder: WritableFolder, name: string, current: ReadonlySet<string>): Promise<void> {
  for await (const file of folder.list({ recursive: false })) {
    const suffix = file.startsWith(name) ? file.slice(name.length) : "";
    if (/^(?:-\d{5}-of-\d{5})?\.safetensors$/.test(suffix) && !current.has(file)) await folder.remove(file);
  }
}
