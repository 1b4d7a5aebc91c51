import type { SourceOptions, WaitOptions } from "@modelbytes/bytes";
import { type NumpyFile, openNpy, openNpz } from "@modelbytes/npz";
import { openZip, type ZipArchive } from "@modelbytes/zip";
import { lentSource } from "../lent-source.ts";
import type { ModelBase } from "../model-base.ts";
import type { ModelFile } from "../model-file.ts";
import { ownNames } from "./own-names.ts";

/** Arrays of NumPy: several in a `.npz`, one in a `.npy`. */
export interface NpzModel extends ModelBase {
  readonly format: "npz";
  readonly weights: NumpyFile;
  /** The archive that the arrays are in, with its tricks, opened anew; `undefined` of a `.npy` file. */
  openArchive(options?: WaitOptions): Promise<ZipArchive | undefined>;
}

/** Opens a `.npz` file. */
export async function openNpzModel(file: ModelFile, options: SourceOptions & WaitOptions): Promise<NpzModel> {
  return npzModel(await openNpz(file.source, options), file);
}

/** Opens a `.npy` file: one array. */
export async function openNpyModel(file: ModelFile, options: SourceOptions & WaitOptions): Promise<NpzModel> {
  return npzModel(await openNpy(file.source, options), file);
}

function npzModel(weights: NumpyFile, { source, release }: ModelFile): NpzModel {
  const close = async () => {
    await weights.close();
    await release();
  };
  return {
    format: "npz",
    path: source.name,
    weights,
    unreadable: weights.unreadable,
    damage: [],
    names: ownNames(weights),
    openArchive: async (waiting) => (weights.format === "npz" ? await openZip(lentSource(source), waiting) : undefined),
    verify: (options) => weights.verify(options),
    close,
    [Symbol.asyncDispose]: close,
  };
}
