import { UnsupportedError } from "@modelbytes/bytes";
import type { Hdf5Group, Hdf5Object } from "@modelbytes/hdf5";
import type { KerasHdf5Kind, KerasHdf5Metadata, Lists } from "./contents.ts";
import { readNamedLayers } from "./named-layers.ts";
import { readNumberedLayers } from "./numbered-layers.ts";
import { isVars, readNumberedVars } from "./numbered-vars.ts";
import type { Survey } from "./survey.ts";

/** What a file is, and all that it lists. */
export interface Form {
  readonly kind: KerasHdf5Kind;
  readonly lists: Lists;
  readonly metadata: KerasHdf5Metadata;
}

/** Tells what a file is by what is in it. Throws an `UnsupportedError` (`"not-keras"`) for none of Keras. */
export async function readForm(survey: Survey): Promise<Form> {
  const { root } = survey;
  const named = await survey.group("model_weights");
  const isModel = root.attributes.has("model_config");
  if (!isNamed(root) && named !== undefined && (isModel || isNamed(named)))
    return await readNamed(survey, "model", named);
  if (isModel || isNamed(root)) return await readNamed(survey, isModel ? "model" : "weights", root);
  if (root.attributes.has("nb_layers") || (await survey.group("graph"))?.attributes.has("nb_params") === true) {
    return { kind: "weights", lists: await readNumberedLayers(survey), metadata: {} };
  }
  if ([...survey.objects()].some(isVars)) {
    return { kind: "keras-weights", lists: await readNumberedVars(survey), metadata: {} };
  }
  const reason =
    "an HDF5 file, but none of Keras: it has neither model_config nor layer_names, nb_layers or groups called vars";
  throw new UnsupportedError("not-keras", reason, { file: survey.file.name });
}

function isNamed({ attributes }: Hdf5Object): boolean {
  return attributes.has("layer_names") || attributes.has("layer_names0");
}

async function readNamed(survey: Survey, kind: KerasHdf5Kind, weights: Hdf5Group): Promise<Form> {
  const { root } = survey;
  if (!isNamed(weights)) {
    survey.corrupt("names", "the model has no list of its layers: the attribute layer_names is missing", weights.path);
  }
  const [kerasVersion, backend, weightsVersion, weightsBackend, modelConfig, trainingConfig] = await Promise.all([
    survey.text(root, "keras_version"),
    survey.text(root, "backend"),
    weights === root ? undefined : survey.text(weights, "keras_version"),
    weights === root ? undefined : survey.text(weights, "backend"),
    survey.text(root, "model_config"),
    survey.text(root, "training_config"),
  ]);
  const ofWeights =
    weights === root ? { weightsVersion: kerasVersion, weightsBackend: backend } : { weightsVersion, weightsBackend };
  const metadata = { kerasVersion, backend, ...ofWeights, modelConfig, trainingConfig };
  return { kind, lists: await readNamedLayers(survey, weights), metadata };
}
