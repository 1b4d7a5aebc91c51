import {
  CorruptError,
  type Folder,
  type FolderLike,
  folderBeside,
  inOrder,
  type Source,
  type SourceLike,
  toFolder,
  toSource,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { type OpenSafetensorsOptions, readHeader } from "./open.ts";
import { SafetensorsFile, type SafetensorsShard } from "./safetensors-file.ts";
import { parseShardIndex, type ShardIndex } from "./shard-index.ts";

/** How sharded tensors are opened. */
export interface OpenShardedSafetensorsOptions extends OpenSafetensorsOptions {
  /** Where the files are; by default beside the index, if that is a path or a URL. */
  readonly folder?: FolderLike | undefined;
}

/** Bytes of an index; one of a hundred thousand tensors takes ten million. */
const MOST_INDEX_BYTES: number = 2 ** 26;

/** Files that are opened at once. */
const CONCURRENCY = 8;

/**
 * Opens sharded tensors by their index, `model.safetensors.index.json`: all files as one. The tensors are those that the index names.
 *
 * Rejects as `openSafetensors` does, with a `NotFoundError` where the index or a file is missing, and with a `CorruptError` where the
 * index is none or leads elsewhere (`"shard-index"`) or names a tensor that its file has not (`"shards"`). Throws a `TypeError` for an
 * index of which nobody knows where its files are.
 */
export async function openShardedSafetensors(
  from: SourceLike,
  options: OpenShardedSafetensorsOptions = {},
): Promise<SafetensorsFile> {
  const source = toSource(from, options);
  const folder = toFolder(options.folder ?? folderBeside(from), options);
  const index = await readIndex(source, options);
  const sources = index.names.map((name) => fileOf(folder, name, source.name));
  try {
    const shards = await readHeaders(sources, options);
    checkFiles(index, shards, source.name);
    const problems = [...shards.flatMap(({ header }) => header.oddities), ...disagreements(index, shards, source.name)];
    return new SafetensorsFile({ shards, index, problems });
  } catch (error) {
    await Promise.all(sources.map((each) => each.close?.()));
    throw error;
  }
}

async function readIndex(source: Source, { signal }: WaitOptions): Promise<ShardIndex> {
  try {
    const size = await source.size({ signal });
    if (size > MOST_INDEX_BYTES) {
      throw new UnsupportedError("too-large", `an index of ${size} bytes is larger than any`, { file: source.name });
    }
    return parseShardIndex(await source.read(0, size, { signal }), source.name);
  } finally {
    await source.close?.();
  }
}

function fileOf(folder: Folder, name: string, index: string): Source {
  try {
    return folder.file(name);
  } catch (cause) {
    const reason = `${JSON.stringify(name)} is no file beside the index`;
    throw new CorruptError("shard-index", reason, { file: index, cause });
  }
}

async function readHeaders(sources: readonly Source[], { signal }: WaitOptions): Promise<SafetensorsShard[]> {
  const tasks = sources.map((source) => ({
    bytes: 0,
    run: async (cancelled: AbortSignal) => ({ source, header: await readHeader(source, { signal: cancelled }) }),
  }));
  const shards: SafetensorsShard[] = [];
  for await (const shard of inOrder(tasks, { concurrency: CONCURRENCY, bytes: 1, signal })) shards.push(shard);
  return shards;
}

function checkFiles({ files, names }: ShardIndex, shards: readonly SafetensorsShard[], file: string): void {
  const tensors = new Map(names.map((name, shard) => [name, shards[shard]?.header.tensors]));
  for (const [tensor, name] of files) {
    if (tensors.get(name)?.has(tensor) === true) continue;
    throw new CorruptError("shards", `the index says that it is in ${JSON.stringify(name)}`, { file, tensor });
  }
}

/** What of the index and its files does not agree, and is passed over by who loads them. */
function* disagreements(
  { files, names, totalSize }: ShardIndex,
  shards: readonly SafetensorsShard[],
  file: string,
): Generator<CorruptError> {
  let size = 0;
  for (const [shard, { header }] of shards.entries()) {
    for (const [tensor, { byteLength }] of header.tensors) {
      if (files.get(tensor) === names[shard]) size += byteLength;
      else {
        const reason = `the file ${JSON.stringify(names[shard])} has it, and the index does not say so`;
        yield new CorruptError("unlisted", reason, { file, tensor });
      }
    }
  }
  if (totalSize === undefined || totalSize === size) return;
  const reason = `the index says that all tensors take ${totalSize} bytes, and they take ${size}`;
  yield new CorruptError("total-size", reason, { file });
}
