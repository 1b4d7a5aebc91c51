import { ModelbytesError } from "@modelbytes/bytes";
import type { Hdf5Group, Hdf5Object } from "@modelbytes/hdf5";
import type { Listed, ListedLayer, Lists } from "./contents.ts";
import { pathIn } from "./path.ts";
import type { Survey } from "./survey.ts";

/**
 * The form of Keras 1, 2 and `.h5` of Keras 3. Names are where they lead, too:
 *
 *     layer_names                       attribute of the group of weights: every layer, in the model's order
 *     LAYER  weight_names               its weights, those that are trained first
 *     LAYER/WEIGHT                      the dataset; a "/" in a name makes groups
 *     top_level_model_weights           weights of the model itself (from Keras 2.7 on)
 *     /optimizer_weights  weight_names  in whole models
 */
export async function readNamedLayers(survey: Survey, weights: Hdf5Group): Promise<Lists> {
  const names = survey.noted(await survey.names(weights, "layer_names"));
  const paths = names.map((name) => pathIn(weights.path, name));
  const groups = await Promise.all(paths.map((path) => survey.find(path)));
  const lists = await Promise.all(groups.map((group) => namesIn(survey, group)));
  const layers = names.map((name, index): ListedLayer => {
    const path = paths[index] ?? "";
    const list = lists[index];
    if (list === undefined) {
      survey.corrupt("layer", `the layer ${JSON.stringify(name)} is listed, but there is no such group`, path);
      return { name, path, weights: [] };
    }
    return { name, path, weights: survey.noted(list).map((weight) => listed(path, weight, name)) };
  });
  return {
    layers,
    topLevel: await readList(survey, pathIn(weights.path, TOP_LEVEL), "top_level"),
    optimizer: await readList(survey, "optimizer_weights", "optimizer"),
    metrics: [],
  };
}

const TOP_LEVEL = "top_level_model_weights";

/** The weights of the group at a path; none where there is no such group. */
async function readList(survey: Survey, path: string, owner: string): Promise<Listed[]> {
  const names = (await namesIn(survey, await survey.find(path))) ?? [];
  return survey.noted(names).map((name) => listed(path, name, owner));
}

async function namesIn(
  survey: Survey,
  group: Hdf5Object | ModelbytesError | undefined,
): Promise<readonly string[] | ModelbytesError | undefined> {
  if (group === undefined || group instanceof ModelbytesError) return group;
  return await survey.names(group, "weight_names");
}

/** TensorFlow's number of an output behind the name of a variable, which says nothing. */
const OUTPUT = /:\d+$/;

function listed(path: string, name: string, owner: string): Listed {
  const short = name.replace(OUTPUT, "");
  return { name, key: pathIn(path, name), readable: [short, `${owner}/${short}`] };
}
