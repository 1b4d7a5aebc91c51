import {
  type FolderLike,
  type HttpOptions,
  NotFoundError,
  type Source,
  SourceError,
  type SourceLike,
  toFolder,
  toSource,
  type WaitOptions,
} from "@modelbytes/bytes";
import { parseCheckpointState } from "./checkpoint-state.ts";
import { join, type Spot, spotOf } from "./spot.ts";

/**
 * The files of a bundle, found from whatever a person points at.
 *
 *     ckpt/model-3                          a prefix: model-3.index, model-3.data-00000-of-00001 …
 *     ckpt/                                 a directory: the newest checkpoint of its `checkpoint` state file
 *     ckpt/model-3.index, ….data-00000-of-  one of the files: the bundle it belongs to
 *
 * Names are literal: TensorFlow looks for `<prefix>.index` as a pattern and fails on a `[`.
 */

/** A path, a URL, a folder or dropped files (where `prefix` names the checkpoint), or the files themselves. */
export type BundleLike = FolderLike | BundleParts;

/** The files of a bundle one by one. `data[i]` is shard i. */
export interface BundleParts {
  readonly index: SourceLike;
  readonly data: readonly SourceLike[];
}

export interface LocateOptions extends HttpOptions, WaitOptions {
  /** The checkpoint's path inside a folder; by default the newest of the folder's `checkpoint` state file. */
  readonly prefix?: string | undefined;
}

export interface BundleFiles {
  /** What errors call the bundle. */
  readonly prefix: string;
  readonly index: Source;
  /** The data file of a shard. Does no I/O; the caller closes it. */
  shard(id: number, count: number): Source;
}

/** The files of a V1 checkpoint: each a table of its own. */
export interface V1Files {
  readonly prefix: string;
  readonly shards: readonly Source[];
}

/** Finds the files of a checkpoint. Throws a `NotFoundError` that says what was looked for. */
export async function locateCheckpoint(from: BundleLike, options: LocateOptions = {}): Promise<BundleFiles | V1Files> {
  if (isParts(from)) return partFiles(from, options);
  const spot = spotOf(from, options.prefix ?? "", options);
  return (await locate(spot, options)) ?? notFound(spot);
}

export function isV1(files: BundleFiles | V1Files): files is V1Files {
  return "shards" in files;
}

const FILE_OF_A_BUNDLE = /\.(?:index|data-\d{5,}-of-\d{5,})$/;

/** `follow`: whether a directory's state file may lead on; what it leads to is a prefix, never a directory again. */
async function locate(spot: Spot, options: LocateOptions, follow = true): Promise<BundleFiles | V1Files | undefined> {
  const suffix = FILE_OF_A_BUNDLE.exec(spot.path)?.[0];
  const prefixes = suffix === undefined ? [spot.path] : [spot.path.slice(0, -suffix.length), spot.path];
  for (const prefix of prefixes) {
    if (prefix === "" && suffix === undefined) continue;
    const index = spot.folder.file(`${prefix}.index`);
    if (await exists(index, options)) return folderFiles(spot, prefix, index);
  }
  const state = spot.folder.file(join(spot.path, "checkpoint"));
  if (follow && (await exists(state, options))) {
    const newest = await newestOf(state, options);
    return newest === undefined ? undefined : await locate(spot.resolve(newest), options, false);
  }
  const shards = await v1Shards(spot, options);
  return shards.length === 0 ? undefined : { prefix: spot.name, shards };
}

/** The file of this very name, or the shards `<prefix>-00000-of-00002` that V1 checkpoints were cut into. */
async function v1Shards({ folder, path }: Spot, options: WaitOptions): Promise<Source[]> {
  if (path === "") return [];
  const whole = folder.file(path);
  if (await exists(whole, options)) return [whole];
  const suffix = /^-\d{5,}-of-(\d{5,})$/;
  const names: string[] = [];
  for await (const name of folder.list?.(options) ?? []) {
    if (name.startsWith(path) && suffix.test(name.slice(path.length))) names.push(name);
  }
  return names.sort().map((name) => folder.file(name));
}

/** The path that a `checkpoint` state file names. */
async function newestOf(state: Source, options: WaitOptions): Promise<string | undefined> {
  try {
    const size = await state.size(options);
    const text = new TextDecoder().decode(await state.read(0, Math.min(size, LARGEST_STATE_BYTES), options));
    return parseCheckpointState(text).modelCheckpointPath || undefined;
  } finally {
    await state.close?.();
  }
}

/** A state file of a hundred thousand checkpoints; a larger file is something else. */
const LARGEST_STATE_BYTES = 2 ** 24;

async function exists(source: Source, options: WaitOptions): Promise<boolean> {
  try {
    await source.size(options);
    return true;
  } catch (error) {
    await source.close?.();
    const absent = error instanceof NotFoundError || (error instanceof SourceError && error.code === "not-a-file");
    if (absent) return false;
    throw error;
  }
}

function folderFiles(spot: Spot, prefix: string, index: Source): BundleFiles {
  const { folder, path, name } = spot;
  return {
    prefix: `${name.slice(0, name.length - path.length)}${prefix}`,
    index,
    shard: (id, count) => folder.file(`${prefix}${shardSuffix(id, count)}`),
  };
}

function partFiles({ index, data }: BundleParts, options: LocateOptions): BundleFiles {
  const source = borrow(index, "(index)", options);
  return {
    prefix: source.name.replace(FILE_OF_A_BUNDLE, ""),
    index: source,
    shard: (id, count) => {
      const name = `(data${shardSuffix(id, count)})`;
      const part = data[id];
      return part === undefined ? toFolder(new Map()).file(name) : borrow(part, name, options);
    },
  };
}

/** A source that is made here, or one of the caller's, which the caller closes. */
function borrow(from: SourceLike, name: string, options: LocateOptions): Source {
  const source = toSource(from, { ...options, name });
  if (source !== from) return source;
  return {
    name: source.name,
    size: (waiting) => source.size(waiting),
    read: (offset, length, reading) => source.read(offset, length, reading),
  };
}

/** How the data file of a shard ends: `.data-00000-of-00001`. */
export function shardSuffix(id: number, count: number): string {
  return `.data-${String(id).padStart(5, "0")}-of-${String(count).padStart(5, "0")}`;
}

function isParts(from: BundleLike): from is BundleParts {
  return typeof from === "object" && "index" in from && "data" in from;
}

function notFound({ name }: Spot): never {
  const reason =
    "no checkpoint here: neither an .index file of this name nor a directory with a `checkpoint` state file";
  throw new NotFoundError("not-found", reason, { file: name });
}
