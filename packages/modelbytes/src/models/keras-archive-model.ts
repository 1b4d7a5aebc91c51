import type { Folder } from "@modelbytes/bytes";
import { type KerasArchive, type OpenKerasArchiveOptions, openKerasArchive } from "@modelbytes/keras-archive";
import type { ModelBase } from "../model-base.ts";
import type { ModelFile } from "../model-file.ts";

/** A Keras model as Keras 3 saves it: a zip archive, or a folder with the same files. */
export interface KerasArchiveModel extends ModelBase {
  readonly format: "keras-archive";
  /** The tensors by their path in the inner HDF5 file; all that there is to know. */
  readonly weights: KerasArchive;
}

/** Opens the zip archive. */
export async function openArchiveModel(file: ModelFile, options: OpenKerasArchiveOptions): Promise<KerasArchiveModel> {
  return kerasArchiveModel(await openKerasArchive(file.source, options), file.source.name, file.release);
}

/** Opens a folder that has the files of an archive. */
export async function openArchiveFolder(from: Folder, options: OpenKerasArchiveOptions): Promise<KerasArchiveModel> {
  const archive = await openKerasArchive(from, options);
  return kerasArchiveModel(archive, archive.name, async () => undefined);
}

function kerasArchiveModel(weights: KerasArchive, path: string, release: () => Promise<void>): KerasArchiveModel {
  const close = async () => {
    await weights.close();
    await release();
  };
  return {
    format: "keras-archive",
    path,
    weights,
    unreadable: weights.weights.unreadable,
    damage: weights.damage,
    names: async () => {
      const { placeNamesByText } = await import("../place-names.ts");
      const { config, metadata } = weights;
      return placeNamesByText(weights.entries, { config, kerasVersion: metadata?.kerasVersion });
    },
    verify: (options) => weights.verify(options),
    close,
    [Symbol.asyncDispose]: close,
  };
}
