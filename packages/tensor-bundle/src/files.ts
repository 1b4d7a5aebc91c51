import {
  type FolderLike,
  type HttpOptions,
  NotFoundError,
  type Source,
  type SourceLike,
  toFolder,
  toSource,
  type WaitOptions,
} from "@modelbytes/bytes";
import { existing } from "./existing.ts";
import { type Spot, spotOf } from "./spot.ts";
import { newestOf, STATE_FILE } from "./state-file.ts";
import { fileNumber, type V1Files, v1Files, v1FilesLike } from "./v1/files.ts";

/**
 * The files of a checkpoint, found from whatever a person points at.
 *
 *     ckpt/model-3                          a prefix: model-3.index, model-3.data-00000-of-00001 …
 *     ckpt/model-3.index, ….data-00000-of-  one of the files: the bundle it belongs to
 *     ckpt/                                 a directory: the newest checkpoint of its state file, else the only one in it
 *     ckpt/old, ckpt/old-?????-of-00002     a V1 checkpoint, one file or several; also without the number of files
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

/** How the files of a checkpoint are found, and how requests are made. */
export interface LocateOptions extends HttpOptions, WaitOptions {
  /** The checkpoint's path inside a folder; by default the newest of the folder's `checkpoint` state file, or the only one. */
  readonly prefix?: string | undefined;
}

/** The files of a bundle. */
export interface BundleFiles {
  /** What errors call the bundle. */
  readonly prefix: string;
  readonly index: Source;
  /** The data file of a shard. Does no I/O; the caller closes it. */
  shard(id: number, count: number): Source;
}

/** Finds the files of a checkpoint. Throws a `NotFoundError` that says what was looked for. */
export async function locateCheckpoint(from: BundleLike, options: LocateOptions = {}): Promise<BundleFiles | V1Files> {
  if (isParts(from)) return partFiles(from, options);
  const spot = spotOf(from, options.prefix ?? "", options);
  const files =
    (await bundleOfFile(spot, options)) ??
    (await bundleFiles(spot, options)) ??
    (await newestFiles(spot, options)) ??
    (FILE_OF_A_BUNDLE.test(spot.path) ? undefined : await v1FilesLike(spot, options)) ??
    (await onlyBundle(spot, options));
  if (files !== undefined) return files;
  const reason = "no checkpoint here: no .index file of this name, and no directory with a checkpoint in it";
  throw new NotFoundError("not-found", reason, { file: spot.name });
}

/** The files of the checkpoint that is called exactly so, if it is there. */
export async function filesOf(spot: Spot, options: WaitOptions): Promise<BundleFiles | V1Files | undefined> {
  return (await bundleFiles(spot, options)) ?? (await v1Files(spot, options));
}

export function isV1(files: BundleFiles | V1Files): files is V1Files {
  return "shards" in files;
}

/** Closes files that were found and are not opened. */
export async function closeFiles(files: BundleFiles | V1Files): Promise<void> {
  await Promise.all((isV1(files) ? files.shards : [files.index]).map((source) => source.close?.()));
}

/** How the data file of a shard ends: `.data-00000-of-00001`. */
export function shardSuffix(id: number, count: number): string {
  return `.data${fileNumber(id, count)}`;
}

const FILE_OF_A_BUNDLE = /\.(?:index|data-\d{5,}-of-\d{5,})$/;

async function bundleFiles(spot: Spot, options: WaitOptions): Promise<BundleFiles | undefined> {
  const index = spot.isDirectory ? undefined : await existing(spot.file(".index"), options);
  if (index === undefined) return undefined;
  return { prefix: spot.name, index, shard: (id, count) => spot.file(shardSuffix(id, count)) };
}

/** The bundle that a file belongs to. */
async function bundleOfFile(spot: Spot, options: WaitOptions): Promise<BundleFiles | undefined> {
  const end = FILE_OF_A_BUNDLE.exec(spot.path)?.[0];
  return end === undefined ? undefined : await bundleFiles(spot.without(end), options);
}

/** The checkpoint that the state file of a directory names. */
async function newestFiles(directory: Spot, options: WaitOptions): Promise<BundleFiles | V1Files | undefined> {
  const newest = await newestOf(directory, STATE_FILE, options);
  if (newest === undefined) return undefined;
  const files = await filesOf(newest, options);
  if (files !== undefined) return files;
  const reason = `the state file names a checkpoint that is not there: ${newest.name}`;
  throw new NotFoundError("not-found", reason, { file: directory.file(`/${STATE_FILE}`).name });
}

/** Checkpoints of a directory that an error names. */
const MOST_NAMED = 3;

/** The bundle in a directory without a state file. Throws a `NotFoundError` where there are several. */
async function onlyBundle(directory: Spot, options: WaitOptions): Promise<BundleFiles | undefined> {
  const names: string[] = [];
  for await (const end of directory.list("/", options)) {
    if (end.endsWith(".index") && end !== "/.index") names.push(end.slice("/".length, -".index".length));
  }
  const [only, ...others] = names.sort();
  if (only === undefined) return undefined;
  if (others.length === 0) return await bundleFiles(directory.resolve(only), options);
  const some = names.slice(0, MOST_NAMED).join(", ") + (names.length > MOST_NAMED ? ", …" : "");
  const reason = `the directory holds ${names.length} checkpoints and no \`${STATE_FILE}\` file names the newest: ${some}`;
  throw new NotFoundError("several-checkpoints", reason, { file: directory.name });
}

function isParts(from: BundleLike): from is BundleParts {
  return typeof from === "object" && "index" in from && "data" in from;
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
