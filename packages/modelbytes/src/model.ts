import { CorruptError, type FolderLike, NotFoundError, SourceError } from "@modelbytes/bytes";
import { type OpenSavedModelOptions, openSavedModel, type SavedModel } from "@modelbytes/saved-model";
import { type BundleLike, type OpenBundleOptions, openCheckpoint } from "@modelbytes/tensor-bundle";
import { type CheckpointModel, checkpointModel } from "./checkpoint-model.ts";
import { type SavedModelModel, savedModelModel } from "./saved-model-model.ts";

/** What can be opened: a path, a URL, a folder, dropped files, or the files of a checkpoint one by one. */
export type ModelLike = BundleLike;

/**
 * How a model is opened. `prefix` asks for a checkpoint. With `tolerant` a model of which only a part can be read is opened with what
 * is left: a checkpoint whose index is damaged, a SavedModel whose variables are.
 */
export interface OpenModelOptions extends OpenBundleOptions, OpenSavedModelOptions {}

/** An open model, told apart by `format`. */
export type Model = CheckpointModel | SavedModelModel;

/**
 * Opens a model file of any format; so far these are checkpoints and SavedModels, the latter by their directory or by the file
 * `saved_model.pb` in it. Reads what describes the model, not its weights. Where one name leads to both, as `export` to `export.index`
 * and to `export/saved_model.pb`, it is the checkpoint that is opened.
 *
 * Throws a `NotFoundError` where there is none, a `CorruptError` where its description is damaged, an `UnsupportedError` for one
 * that this library cannot read.
 */
export async function openModel(from: ModelLike, options: OpenModelOptions = {}): Promise<Model> {
  const directory = directoryOfGraphs(from);
  if (directory !== undefined) return await savedModelModel(await openSavedModel(directory, options), options);
  try {
    return checkpointModel(await openCheckpoint(from, options));
  } catch (error) {
    const savedModel = isNoCheckpoint(error) ? await savedModelIn(from, options) : undefined;
    if (savedModel === undefined) throw error;
    return await savedModelModel(savedModel, options);
  }
}

const FILE_OF_GRAPHS = /(?<=^|[/\\])saved_model\.(?:pb|pbtxt|cpb)$/;

/** The directory of a SavedModel, given the file in it that has the graphs. */
function directoryOfGraphs(from: ModelLike): string | URL | undefined {
  if (typeof from === "string" && FILE_OF_GRAPHS.test(from)) {
    return from.replace(FILE_OF_GRAPHS, "").replace(/(?<=.)[/\\]$/, "") || ".";
  }
  if (!(from instanceof URL) || !FILE_OF_GRAPHS.test(from.pathname)) return undefined;
  const directory = new URL(from);
  directory.pathname = from.pathname.replace(FILE_OF_GRAPHS, "");
  return directory;
}

/** Whether what was found is no checkpoint. A web server may answer for a directory with a page that lists it. */
function isNoCheckpoint(error: unknown): boolean {
  if (error instanceof NotFoundError) return error.code === "not-found" || error.code === "several-checkpoints";
  return error instanceof CorruptError && (error.code === "magic" || error.code === "too-short");
}

/** The SavedModel in a directory. Where there is none, it is the search for a checkpoint that tells what is there. */
async function savedModelIn(from: ModelLike, options: OpenModelOptions): Promise<SavedModel | undefined> {
  if (options.prefix !== undefined || isParts(from)) return undefined;
  try {
    return await openSavedModel(from, options);
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof SourceError) return undefined;
    throw error;
  }
}

function isParts(from: ModelLike): from is Exclude<ModelLike, FolderLike> {
  return typeof from === "object" && "index" in from && "data" in from;
}
