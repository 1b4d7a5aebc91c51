import {
  CorruptError,
  type Folder,
  type FolderLike,
  ModelbytesError,
  NotFoundError,
  SourceError,
  type SourceLike,
  toFolder,
  toSource,
  UnsupportedError,
} from "@modelbytes/bytes";
import type { OpenKerasHdf5Options } from "@modelbytes/keras-hdf5";
import type { OpenSavedModelOptions } from "@modelbytes/saved-model";
import type { BundleLike, BundleParts, OpenBundleOptions } from "@modelbytes/tensor-bundle";
import { type Content, contentOf } from "./content.ts";
import type { ModelFile } from "./model-file.ts";
import type { CheckpointModel } from "./models/checkpoint-model.ts";
import type { KerasArchiveModel } from "./models/keras-archive-model.ts";
import type { KerasConfigModel } from "./models/keras-config-model.ts";
import type { KerasHdf5Model } from "./models/keras-hdf5-model.ts";
import type { NpzModel } from "./models/npz-model.ts";
import type { SafetensorsModel } from "./models/safetensors-model.ts";
import type { SavedModelModel } from "./models/saved-model-model.ts";
import { namesIn, noModelError } from "./no-model.ts";

/**
 * What can be opened: a path, a URL, a file as a Blob, bytes or a `Source`; a folder or dropped files; the files of a checkpoint one by
 * one.
 */
export type ModelLike = BundleLike | SourceLike;

/**
 * How a model is opened. `prefix` asks for a checkpoint. With `tolerant` a model of which only a part can be read is opened with what
 * is left: a checkpoint whose index is damaged, a SavedModel whose variables are, an HDF5 file whose lists are.
 */
export interface OpenModelOptions extends OpenBundleOptions, OpenSavedModelOptions, OpenKerasHdf5Options {}

/** An open model, told apart by `format`. */
export type Model =
  | CheckpointModel
  | SavedModelModel
  | KerasHdf5Model
  | KerasArchiveModel
  | KerasConfigModel
  | SafetensorsModel
  | NpzModel;

/**
 * Opens a model file of any format, which its content tells and not its name; of a SavedModel its directory, or the file
 * `saved_model.pb` in it. Reads what describes the model, not its weights. Where one name leads to both, as `export` to `export.index`
 * and to `export/saved_model.pb`, it is the checkpoint that is opened. A folder may also hold weights in several files, or one file.
 *
 * Throws a `NotFoundError` where there is none, a `CorruptError` where its description is damaged, an `UnsupportedError` for one
 * that this library cannot read; `"format"` is that of a file which is no model, and says what it is.
 */
export async function openModel(from: ModelLike, options: OpenModelOptions = {}): Promise<Model> {
  const directory = directoryOfGraphs(from);
  if (directory !== undefined) {
    return await (await import("./models/saved-model-model.ts")).openSavedModelModel(directory, options);
  }
  if (isFileLike(from)) {
    const model = await openFile(from, options);
    if (model !== undefined) return model;
    throw new UnsupportedError("format", "no format that is known begins like this file", {
      file: toSource(from, options).name,
    });
  }
  if (options.prefix === undefined && isLocation(from) && !isOfCheckpoint(from)) {
    const model = await openFile(from, options);
    if (model !== undefined) return model;
  }
  try {
    return await (await import("./models/checkpoint-model.ts")).openCheckpointModel(from, options);
  } catch (error) {
    if (!isNoCheckpoint(error) || options.prefix !== undefined || isParts(from)) throw error;
    const savedModel = await (await import("./models/saved-model-model.ts")).findSavedModelModel(from, options);
    if (savedModel !== undefined) return savedModel;
    if (await hasArchiveFiles(from, options)) {
      return await (await import("./models/keras-archive-model.ts")).openArchiveFolder(
        toFolder(from, options),
        options,
      );
    }
    const folder = toFolder(from, options);
    const names = await namesIn(folder, options);
    const name = modelFileAmong(names ?? []);
    const model = name === undefined ? undefined : await openFile(folder.file(name), options, folder);
    if (model !== undefined) return model;
    throw typeof from === "string" && !FILE_OF_CHECKPOINT.test(from) ? noModelError(from, error, names) : error;
  }
}

/** The model in a file, if there is a file and its content says what it is. */
async function openFile(from: SourceLike, options: OpenModelOptions, folder?: Folder): Promise<Model | undefined> {
  const source = toSource(from, options);
  const borrowed = source === from && folder === undefined;
  const file: ModelFile = {
    source,
    from,
    folder,
    release: async () => (borrowed ? undefined : await source.close?.()),
  };
  try {
    const content = await contentOf(source, options);
    if (content !== undefined) return await openContent(content, file, options);
    await file.release();
    return undefined;
  } catch (error) {
    await file.release();
    if (isNoFile(error) && isLocation(from)) return undefined;
    throw error;
  }
}

/** The model that the content of a file asks for. Code for a format is loaded when a file of it is opened. */
async function openContent(content: Content, file: ModelFile, options: OpenModelOptions): Promise<Model> {
  switch (content) {
    case "hdf5":
      return await (await import("./models/keras-hdf5-model.ts")).openHdf5Model(file, options);
    case "zip":
      return await (await import("./models/zip-model.ts")).openZipModel(file, options);
    case "npy":
      return await (await import("./models/npz-model.ts")).openNpyModel(file, options);
    case "safetensors":
      return await (await import("./models/safetensors-model.ts")).openSafetensorsModel(file, options);
    case "text":
      return await (await import("./models/text-model.ts")).openTextModel(file, options);
    default:
      throw new UnsupportedError("format", `this is ${content.foreign}`, { file: file.source.name });
  }
}

/** Whether there is no file where one was looked for, but perhaps a directory, or a checkpoint with that prefix. */
function isNoFile(error: unknown): boolean {
  if (error instanceof NotFoundError) return error.code === "not-found";
  return error instanceof SourceError && error.code === "not-a-file";
}

function isLocation(from: ModelLike): from is string | URL {
  return typeof from === "string" || from instanceof URL;
}

/** Whether `from` is a file and nothing else. */
function isFileLike(from: ModelLike): from is Exclude<SourceLike, string | URL> {
  if (typeof from === "string" || from instanceof URL) return false;
  return from instanceof Blob || from instanceof ArrayBuffer || from instanceof Uint8Array || "read" in from;
}

const FILE_OF_CHECKPOINT = /\.(?:index|data-\d{5,}-of-\d{5,})$/;

/**
 * Whether a place is not worth asking for as a file: the files of a checkpoint may begin with any bytes, and a web server is asked
 * only for names with an ending, where a prefix would be one request more.
 */
export function isOfCheckpoint(from: string | URL): boolean {
  const path = typeof from === "string" ? from : from.pathname;
  if (FILE_OF_CHECKPOINT.test(path)) return true;
  return typeof from !== "string" && !/\.[A-Za-z]\w*$/.test(path);
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

const INDEX_OF_SHARDS = /\.(?:weights|safetensors\.index)\.json$/;

/** The file that a folder stands for, as dropped files do: the index of weights in several files, or the only file. */
function modelFileAmong(names: readonly string[]): string | undefined {
  const indexes = names.filter((name) => INDEX_OF_SHARDS.test(name));
  const [name, ...others] = indexes.length > 0 ? indexes : names;
  return others.length > 0 ? undefined : name;
}

/** Whether a folder has what Keras 3 writes unzipped. */
async function hasArchiveFiles(from: FolderLike, options: OpenModelOptions): Promise<boolean> {
  const config = toFolder(from, options).file("config.json");
  try {
    return (await config.size(options)) > 0;
  } catch (error) {
    if (error instanceof ModelbytesError) return false;
    throw error;
  } finally {
    await config.close?.();
  }
}

function isParts(from: BundleLike): from is BundleParts {
  return typeof from === "object" && "index" in from && "data" in from;
}
