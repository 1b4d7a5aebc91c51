import { UnsupportedError } from "@modelbytes/bytes";
import type { OpenKerasArchiveOptions } from "@modelbytes/keras-archive";
import type { ModelFile } from "../model-file.ts";
import { zipContentOf } from "../zip-content.ts";
import type { KerasArchiveModel } from "./keras-archive-model.ts";
import type { NpzModel } from "./npz-model.ts";

/** Opens what a zip archive holds: a Keras model, or arrays. */
export async function openZipModel(
  file: ModelFile,
  options: OpenKerasArchiveOptions,
): Promise<KerasArchiveModel | NpzModel> {
  const content = await zipContentOf(file.source, options);
  if (content === "keras-archive") {
    return await (await import("./keras-archive-model.ts")).openArchiveModel(file, options);
  }
  if (content === "npz") return await (await import("./npz-model.ts")).openNpzModel(file, options);
  throw new UnsupportedError("format", `this is ${content.foreign}`, { file: file.source.name });
}
