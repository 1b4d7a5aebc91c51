import type { FolderLike, HttpOptions, WaitOptions } from "@modelbytes/bytes";
import { closeFiles, filesOf } from "./files.ts";
import { spotOf } from "./spot.ts";
import { newestOf, STATE_FILE } from "./state-file.ts";

/** How the newest checkpoint is looked for. */
export interface LatestCheckpointOptions extends HttpOptions, WaitOptions {
  /** The name of the state file. Default: `"checkpoint"`. */
  readonly file?: string | undefined;
}

/**
 * The newest checkpoint of a directory, as `tf.train.latest_checkpoint` finds it: the path that the state file names, joined with
 * the directory's unless it is absolute, if there is a checkpoint of this name (`<path>.index`, or `<path>` of a V1 checkpoint).
 * `undefined` where there is no state file, it is not one, or the checkpoint is gone.
 *
 * A path gives a path, a URL the text of a URL; for dropped files and other folders it is the path inside the folder. Names are
 * literal, where TensorFlow takes them for patterns; only `-?????-of-00002`, by which it calls a sharded V1 checkpoint, is one.
 *
 * Throws a `CorruptError` for a state file that names no checkpoint, for which TensorFlow raises `ValueError`.
 */
export async function latestCheckpoint(
  from: FolderLike,
  options: LatestCheckpointOptions = {},
): Promise<string | undefined> {
  const newest = await newestOf(spotOf(from, "", options), options.file ?? STATE_FILE, options);
  const files = newest === undefined ? undefined : await filesOf(newest, options);
  if (newest === undefined || files === undefined) return undefined;
  await closeFiles(files);
  return newest.location;
}
