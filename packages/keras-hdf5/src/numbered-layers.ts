import type { Hdf5Group } from "@modelbytes/hdf5";
import type { Listed, ListedLayer, Lists } from "./contents.ts";
import { pathIn } from "./path.ts";
import type { Survey } from "./survey.ts";

/**
 * Weights of Keras 0.x, which has numbers for names:
 *
 *     nb_layers             attribute of the root: how many layers
 *     layer_K  nb_params    how many weights it has
 *     layer_K/param_N       the dataset
 *     graph  nb_params      instead of layers: all weights of a Graph (Keras 0.3)
 */
export async function readNumberedLayers(survey: Survey): Promise<Lists> {
  const { root } = survey;
  const names = root.attributes.has("nb_layers") ? await numbered(survey, root, "nb_layers", "layer") : ["graph"];
  const layers: ListedLayer[] = [];
  for (const name of names) {
    const group = await survey.group(name);
    if (group !== undefined) layers.push({ name, path: name, weights: await readParams(survey, group) });
    else survey.corrupt("layer", `the layer ${JSON.stringify(name)} is counted, but there is no such group`, name);
  }
  return { layers, topLevel: [], optimizer: [], metrics: [] };
}

async function readParams(survey: Survey, group: Hdf5Group): Promise<Listed[]> {
  const names = await numbered(survey, group, "nb_params", "param");
  return names.map((name) => ({ name, key: pathIn(group.path, name), readable: [] }));
}

/** `layer_0`, `layer_1` and so on, as many as an attribute says. */
async function numbered(survey: Survey, group: Hdf5Group, attribute: string, name: string): Promise<string[]> {
  const count = (await survey.count(group, attribute)) ?? 0;
  const most = group.links.size;
  if (count > most) survey.corrupt("count", `${attribute} is ${count}, but there are ${most} objects`, group.path);
  return Array.from({ length: Math.min(count, most) }, (_, index) => `${name}_${index}`);
}
