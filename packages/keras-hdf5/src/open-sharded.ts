import {
  CorruptError,
  type Folder,
  type FolderLike,
  folderBeside,
  ModelbytesError,
  type Source,
  type SourceLike,
  toFolder,
  toSource,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { openHdf5 } from "@modelbytes/hdf5";
import { catalogue } from "./catalogue.ts";
import type { KerasHdf5Contents } from "./contents.ts";
import { JoinedFile, type Shard } from "./joined-file.ts";
import { KerasHdf5 } from "./keras-hdf5.ts";
import { readNumberedVars } from "./numbered-vars.ts";
import type { OpenKerasHdf5Options } from "./open.ts";
import { parentOf } from "./path.ts";
import { parseShardIndex, type ShardIndex, shardedSize } from "./shard-index.ts";
import { Survey } from "./survey.ts";
import { typed } from "./typed.ts";

/** How sharded weights are opened. */
export interface OpenShardedKerasWeightsOptions extends OpenKerasHdf5Options {
  /** Where the shards are; by default beside the index, if that is a path or a URL. */
  readonly folder?: FolderLike | undefined;
}

/** Bytes of an index; one of a hundred thousand groups takes ten million. */
const MOST_INDEX_BYTES: number = 2 ** 26;

/**
 * Opens sharded weights of Keras 3 by their index, `.weights.json`: all shards as one file of the kind `"keras-weights-sharded"`.
 *
 * Rejects as `openKerasHdf5` does, with a `NotFoundError` where the index or a shard is missing, and with a `CorruptError` where the
 * index is none or leads elsewhere (`"shard-index"`) or does not agree with the shards (`"shards"`). With `tolerant` it opens with the
 * shards that there are. Throws a `TypeError` for an index
 * of which nobody knows where its shards are.
 */
export async function openShardedKerasWeights(
  from: SourceLike,
  options: OpenShardedKerasWeightsOptions = {},
): Promise<KerasHdf5> {
  const source = toSource(from, options);
  const folder = toFolder(options.folder ?? folderBeside(from), options);
  const index = await readIndex(source, options);
  const { shards, damage } = await openShards(source.name, folder, index, options);
  try {
    const joined = await JoinedFile.of(source.name, shards, options);
    const contents = await readContents(joined, index, damage, options);
    const [first] = contents.damage;
    if (first !== undefined && options.tolerant !== true) throw first;
    return new KerasHdf5(joined, contents, shards);
  } catch (error) {
    await Promise.all(shards.map(({ file }) => file.close()));
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

async function openShards(
  file: string,
  folder: Folder,
  { files }: ShardIndex,
  options: OpenKerasHdf5Options,
): Promise<{ readonly shards: Shard[]; readonly damage: ModelbytesError[] }> {
  const names = [...new Set([...files.values()].flat())];
  const sources = names.map((name) => {
    try {
      return folder.file(name);
    } catch (cause) {
      throw new CorruptError("shard-index", `${JSON.stringify(name)} is no file beside the index`, { file, cause });
    }
  });
  const shards: Shard[] = [];
  const damage: ModelbytesError[] = [];
  try {
    for (const [index, source] of sources.entries()) {
      const opened = await typed(openHdf5(source, options));
      if (!(opened instanceof ModelbytesError)) shards.push({ name: names[index] ?? "", file: opened, source });
      else if (options.tolerant === true) damage.push(opened);
      else throw opened;
    }
    const [first] = damage;
    if (first !== undefined && shards.length === 0) throw first;
    return { shards, damage };
  } catch (error) {
    await Promise.all(shards.map((shard) => shard.file.close()));
    throw error;
  }
}

async function readContents(
  joined: JoinedFile,
  index: ShardIndex,
  lost: readonly ModelbytesError[],
  { signal }: WaitOptions,
): Promise<KerasHdf5Contents> {
  const survey = await Survey.of(joined, { signal });
  const lists = await readNumberedVars(survey);
  const contents = await catalogue(survey, { kind: "keras-weights-sharded", lists, metadata: {} });
  const damage = [
    ...new Set([...lost, ...joined.broken.values(), ...contents.damage, ...disagreements(contents, joined, index)]),
  ];
  return { ...contents, damage, problems: [...contents.problems, ...sizeProblems(contents, joined, index)] };
}

/** Where the index and the shards do not agree: Keras looks for variables in the files that their group is mapped to, and only there. */
function* disagreements(
  { entries, unlisted }: KerasHdf5Contents,
  joined: JoinedFile,
  { files }: ShardIndex,
): Generator<CorruptError> {
  const found = new Map<string, Set<string>>();
  const ignored = new Set(unlisted);
  for (const key of entries.keys()) {
    if (ignored.has(key)) continue;
    const group = parentOf(key);
    const [shard = ""] = joined.shardsOf(key);
    found.set(group, (found.get(group) ?? new Set()).add(shard));
    if (files.get(group)?.includes(shard) === true) continue;
    const reason = `the variable is in the shard ${JSON.stringify(shard)}, where the index does not say so`;
    yield new CorruptError("shards", reason, { file: joined.name, tensor: key });
  }
  for (const [group, names] of files) {
    for (const name of names.filter((each) => found.get(group)?.has(each) !== true)) {
      const reason = `the index maps variables to the shard ${JSON.stringify(name)}, which has none of them`;
      yield new CorruptError("shards", reason, { file: joined.name, tensor: group });
    }
  }
}

function* sizeProblems(
  { entries }: KerasHdf5Contents,
  joined: JoinedFile,
  { totalSize }: ShardIndex,
): Generator<CorruptError> {
  const sizes = [...entries.values()].map(
    ({ dtype, shape, byteLength }) => shardedSize(dtype, shape) ?? byteLength ?? 0,
  );
  const size = sizes.reduce((sum, each) => sum + each, 0);
  if (totalSize === undefined || totalSize === size) return;
  const reason = `the index says that all values take ${totalSize} bytes, and they take ${size}`;
  yield new CorruptError("total-size", reason, { file: joined.name });
}
