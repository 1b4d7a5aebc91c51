import { type FolderLike, ModelbytesError, NotFoundError, SourceError } from "@modelbytes/bytes";
import {
  type MetaGraph,
  type OpenSavedModelOptions,
  openSavedModel,
  type SavedModel,
  type SavedModelWeights,
  type Signature,
  verifySavedModel,
} from "@modelbytes/saved-model";
import type { ModelBase } from "../model-base.ts";
import { NoWeights } from "./no-weights.ts";

/** A SavedModel: graphs, and the values of their variables. */
export interface SavedModelModel extends ModelBase {
  readonly format: "saved-model";
  /** All that there is to know. */
  readonly savedModel: SavedModel;
  /** The values of the variables, by their keys and by readable names; none where there is no checkpoint. */
  readonly weights: SavedModelWeights | NoWeights;
  /** What the first MetaGraph can be asked for. Throws a `CorruptError` where that is damaged. */
  readonly signatures: ReadonlyMap<string, Signature>;
  /** The objects behind the first MetaGraph; `undefined` for what TF1 saved. Throws a `CorruptError` where they are damaged. */
  objectGraph(): MetaGraph["objectGraph"];
}

/** How a SavedModel is opened; with `tolerant` also one whose variables are damaged. */
export interface OpenSavedModelModelOptions extends OpenSavedModelOptions {
  readonly tolerant?: boolean | undefined;
}

/** Opens the SavedModel in a directory. Rejects as `openSavedModel` does, and where its variables cannot be opened. */
export async function openSavedModelModel(
  from: FolderLike,
  options: OpenSavedModelModelOptions,
): Promise<SavedModelModel> {
  return await savedModelModel(await openSavedModel(from, options), options);
}

/** As `openSavedModelModel`; `undefined` where there is no SavedModel. */
export async function findSavedModelModel(
  from: FolderLike,
  options: OpenSavedModelModelOptions,
): Promise<SavedModelModel | undefined> {
  const savedModel = await openSavedModel(from, options).catch((error: unknown) => {
    if (error instanceof NotFoundError || error instanceof SourceError) return undefined;
    throw error;
  });
  return savedModel === undefined ? undefined : await savedModelModel(savedModel, options);
}

/** An open SavedModel as a model. Closes it where that fails. */
async function savedModelModel(savedModel: SavedModel, options: OpenSavedModelModelOptions): Promise<SavedModelModel> {
  const damage: ModelbytesError[] = [];
  let weights: SavedModelWeights | undefined;
  try {
    checkGraphs(savedModel);
    weights = await savedModel.weights({ signal: options.signal }).catch((error: unknown) => {
      const isDamage = error instanceof ModelbytesError && !(error instanceof SourceError);
      if (options.tolerant !== true || !isDamage) throw error;
      damage.push(error);
      return undefined;
    });
  } catch (error) {
    await savedModel.close();
    throw error;
  }
  return {
    format: "saved-model",
    path: savedModel.name.replace(/(?<=.)[/\\]+$/, ""),
    savedModel,
    weights: weights ?? new NoWeights(savedModel.name),
    unreadable: weights?.bundle.unreadable ?? new Map(),
    damage: [...damage, ...(weights?.bundle.damage ?? [])],
    get signatures() {
      return savedModel.metaGraphs[0]?.signatures ?? new Map();
    },
    objectGraph: () => savedModel.metaGraphs[0]?.objectGraph,
    names: async () => weights?.names ?? new Map(),
    verify: (verifying) => verifySavedModel(savedModel, verifying),
    close: async () => await savedModel.close(),
    [Symbol.asyncDispose]: async () => await savedModel.close(),
  };
}

/** Messages are read when they are asked for. Throws a `CorruptError` for a file that is none from the outset. */
function checkGraphs({ tree }: SavedModel): void {
  for (const metaGraph of tree.messages("metaGraphs")) metaGraph.message("metaInfoDef");
}
