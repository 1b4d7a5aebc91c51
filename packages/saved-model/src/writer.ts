import {
  type SourceLike,
  toSource,
  toWritableFolder,
  UnsupportedError,
  type WaitOptions,
  type WritableFolderLike,
} from "@modelbytes/bytes";
import type { Progress, Tensor } from "@modelbytes/tensor";
import { writeBundle } from "@modelbytes/tensor-bundle";
import { stringifyMessage } from "@modelbytes/tf-proto";
import { SavedModel as SavedModelProto } from "@modelbytes/tf-proto/messages";
import { assetPath } from "./assets.ts";
import {
  ANY_TYPES,
  ASSETS_FOLDER,
  BELONGS,
  DEBUG_INFO_FILE,
  FINGERPRINT_FILE,
  GRAPH_FILES,
  INDEX,
  KERAS_METADATA_FILE,
  readOptional,
  VARIABLES_PREFIX,
} from "./files.ts";
import { computeFingerprint, encodeFingerprint } from "./fingerprint.ts";
import { replacedValues } from "./replaced-values.ts";
import type { SavedModel } from "./saved-model.ts";
import { SubFolder } from "./sub-folder.ts";
import { pathsIn, Transaction } from "./transaction.ts";
import { randomUuid } from "./uuid.ts";

/** How a SavedModel is written. */
export interface WriteSavedModelOptions extends WaitOptions {
  /** New values of variables, by key or readable name, each of the dtype and the shape that it has. */
  readonly values?: ReadonlyMap<string, Tensor> | undefined;
  /** New contents of assets by their file name; an asset that the graph does not name is only copied by loaders of your own. */
  readonly assets?: ReadonlyMap<string, SourceLike> | undefined;
  /** Whether `debug/saved_model_debug_info.pb` comes along. Default: true. */
  readonly debugInfo?: boolean | undefined;
  /**
   * `fingerprint.pb`, where the model has one and something of what it is about changed: `"recompute"` with the `uuid` below, or
   * `"drop"`. Default: `"recompute"`, and `"drop"` where TensorFlow makes none either. Unchanged models keep theirs byte for byte.
   */
  readonly fingerprint?: "recompute" | "drop" | undefined;
  /** The `uuid` of a recomputed fingerprint: a decimal number. Default: a random one, as TensorFlow's. */
  readonly uuid?: string | undefined;
  /** Called as the bytes of the variables are written. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Writes a SavedModel with the edits made to it, to a directory. What was not edited is the same bytes: all files of an unedited model
 * are. Files that no loader knows come along too, where the model's folder can be listed. A model that was read in chunks is written
 * as `saved_model.pb` once it is edited; one that was text stays text.
 *
 * Everything is written under other names first, so that a failure leaves what was there. A SavedModel that was there goes when the new
 * one is whole, before any file of the new one shows: nobody loads one model's graph with another's variables.
 *
 * Throws a `TypeError` or `RangeError` for a value of another dtype or shape, a `NotFoundError` for one of a variable that the model
 * has not, a `SourceError` where writing fails.
 */
export async function writeSavedModel(
  to: WritableFolderLike,
  model: SavedModel,
  options: WriteSavedModelOptions = {},
): Promise<void> {
  const folder = toWritableFolder(to);
  const files = new Transaction(folder, options);
  files.remember(INDEX);
  try {
    const old = (await pathsIn(folder, options)) ?? [];
    const listed = (await pathsIn(model.folder, options)) ?? (await likelyPaths(model, options));
    if (hasValues(options)) await writeValues(files, model, options);
    for (const path of filesToCopy(model, listed, options)) await files.copy(path, model.folder.file(path));
    for (const [name, content] of options.assets ?? [])
      await files.copy(newAssetPath(name), toSource(content, { name }));
    await files.write(graphPath(model), graphPieces(model));
    await writeFingerprint(files, model, options);
    for (const path of old) if (BELONGS.test(path)) await files.remove(path);
    await files.commit();
  } catch (error) {
    await files.abort(error);
    throw error;
  }
}

function hasValues({ values }: WriteSavedModelOptions): boolean {
  return values !== undefined && values.size > 0;
}

/** Everything but what is written anew: with new values the checkpoint is. */
function filesToCopy(model: SavedModel, listed: readonly string[], options: WriteSavedModelOptions): string[] {
  const anew = new Set<string>([...GRAPH_FILES.map(([, path]) => path), FINGERPRINT_FILE]);
  for (const name of options.assets?.keys() ?? []) anew.add(`${ASSETS_FOLDER}/${name}`);
  if (options.debugInfo === false) anew.add(DEBUG_INFO_FILE);
  if (model.metaGraphs.some(({ renumbered }) => renumbered)) anew.add(KERAS_METADATA_FILE);
  return listed.filter((path) => !anew.has(path) && !(hasValues(options) && path.startsWith(`${VARIABLES_PREFIX}.`)));
}

/** The files that a model behind HTTP may have: no server lists them. */
async function likelyPaths(model: SavedModel, options: WaitOptions): Promise<string[]> {
  const shards = (await model.weights(options))?.bundle.header.numShards;
  const number = (id: number) => String(id).padStart(5, "0");
  const data = Array.from(
    { length: shards ?? 0 },
    (_, id) => `${VARIABLES_PREFIX}.data-${number(id)}-of-${number(shards ?? 0)}`,
  );
  const index = shards === undefined ? [] : [`${VARIABLES_PREFIX}.index`];
  const assets = model.metaGraphs.flatMap(({ assets: files }) => files.map(({ filename }) => assetPath(filename)));
  return [
    ...data,
    ...index,
    ...new Set(assets.filter((path) => path !== undefined)),
    KERAS_METADATA_FILE,
    DEBUG_INFO_FILE,
  ];
}

function newAssetPath(name: string): string {
  const path = assetPath(name);
  if (path === undefined) throw new RangeError(`${JSON.stringify(name)} is no name of a file`);
  return path;
}

function graphPath({ encoding, tree }: SavedModel): string {
  if (encoding === "pbtxt") return "saved_model.pbtxt";
  return encoding === "cpb" && !tree.changed ? "saved_model.cpb" : "saved_model.pb";
}

function graphPieces({ encoding, tree, graphFile }: SavedModel): Iterable<Uint8Array> {
  if (!tree.changed) return [graphFile.stored];
  return encoding === "pbtxt"
    ? [new TextEncoder().encode(stringifyMessage(SavedModelProto, tree.decode(), { anyTypes: ANY_TYPES }))]
    : tree.chunks();
}

async function writeValues(files: Transaction, model: SavedModel, options: WriteSavedModelOptions): Promise<void> {
  const weights = await model.weights(options);
  if (weights === undefined) throw new RangeError("the model has no variables to give values to");
  const { signal, onProgress, values = new Map<string, Tensor>() } = options;
  const target = { folder: new SubFolder(files, "variables"), prefix: "variables" };
  await writeBundle(target, replacedValues(weights, values, { signal }), { signal, onProgress });
}

async function writeFingerprint(files: Transaction, model: SavedModel, options: WriteSavedModelOptions): Promise<void> {
  const { fingerprint, uuid } = options;
  if (fingerprint === "drop") return;
  if (!model.tree.changed && !hasValues(options) && fingerprint === undefined) {
    await files.copy(FINGERPRINT_FILE, model.folder.file(FINGERPRINT_FILE));
    return;
  }
  if (fingerprint === undefined && (await model.fingerprint(options)) === undefined) return;
  const index = files.written(INDEX) ?? (await readOptional(model.folder, INDEX, options));
  try {
    const computed = computeFingerprint(model.tree.encode(), index, { file: model.graphFile.name });
    await files.write(FINGERPRINT_FILE, [encodeFingerprint(computed, uuid ?? randomUuid())]);
  } catch (error) {
    if (!(error instanceof UnsupportedError) || fingerprint === "recompute") throw error;
  }
}
