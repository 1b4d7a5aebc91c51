import { UnsupportedError } from "@modelbytes/bytes";
import type { OpenKerasHdf5Options } from "@modelbytes/keras-hdf5";
import type { ModelFile } from "../model-file.ts";
import { textContentOf } from "../text-content.ts";
import { type KerasConfigModel, kerasConfigModel } from "./keras-config-model.ts";
import type { KerasHdf5Model } from "./keras-hdf5-model.ts";
import type { SafetensorsModel } from "./safetensors-model.ts";

/** Opens what a text describes: an architecture, or weights in several files of which it is the index. */
export async function openTextModel(
  file: ModelFile,
  options: OpenKerasHdf5Options,
): Promise<KerasConfigModel | KerasHdf5Model | SafetensorsModel> {
  const { name } = file.source;
  const content = await textContentOf(file.source, options);
  if (content === "keras-weights-sharded") {
    return await (await import("./keras-hdf5-model.ts")).openShardedModel(file, options);
  }
  if (content === "safetensors-sharded") {
    return await (await import("./safetensors-model.ts")).openShardedSafetensorsModel(file, options);
  }
  if ("foreign" in content) throw new UnsupportedError("format", `this is ${content.foreign}`, { file: name });
  await file.release();
  return kerasConfigModel(name, content.text, content.encoding, content.config);
}
