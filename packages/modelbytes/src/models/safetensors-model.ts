import {
  type OpenSafetensorsOptions,
  openSafetensors,
  openShardedSafetensors,
  type SafetensorsFile,
} from "@modelbytes/safetensors";
import type { ModelBase } from "../model-base.ts";
import type { ModelFile } from "../model-file.ts";
import { ownNames } from "./own-names.ts";

/** Tensors in a safetensors file, or in several with an index. */
export interface SafetensorsModel extends ModelBase {
  readonly format: "safetensors";
  readonly weights: SafetensorsFile;
}

/** Opens a safetensors file. */
export async function openSafetensorsModel(
  file: ModelFile,
  options: OpenSafetensorsOptions,
): Promise<SafetensorsModel> {
  return safetensorsModel(await openSafetensors(file.source, options), file);
}

/** Opens sharded safetensors, given the file that is their index. */
export async function openShardedSafetensorsModel(
  file: ModelFile,
  options: OpenSafetensorsOptions,
): Promise<SafetensorsModel> {
  return safetensorsModel(await openShardedSafetensors(file.from, { ...options, folder: file.folder }), file);
}

function safetensorsModel(weights: SafetensorsFile, { source, release }: ModelFile): SafetensorsModel {
  const close = async () => {
    await weights.close();
    await release();
  };
  return {
    format: "safetensors",
    path: source.name,
    weights,
    unreadable: weights.unreadable,
    damage: [],
    names: ownNames(weights),
    verify: (options) => weights.verify(options),
    close,
    [Symbol.asyncDispose]: close,
  };
}
