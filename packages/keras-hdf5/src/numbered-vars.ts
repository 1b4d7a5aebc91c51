import type { Hdf5Group, Hdf5Object } from "@modelbytes/hdf5";
import type { Listed, ListedLayer, Lists } from "./contents.ts";
import { lastName, parentOf, pathIn, sortNumbered } from "./path.ts";
import type { Survey } from "./survey.ts";

/**
 * `.weights.h5` of Keras 3. Whatever holds variables has a group named after the attributes and classes that lead to it:
 *
 *     vars                      the model's own variables
 *     layers/dense_1/vars/0     the first variable of the second Dense; Keras 2.12 to 2.14: _layer_checkpoint_dependencies/…
 *     layers/lstm/cell/vars/2   a part of a layer
 *     optimizer/vars/0          the optimizer's; metrics/… of Keras 2
 *
 * From Keras 3.6 on, the group `vars` has the attribute `name`: what its owner is called. There is no list of all; HDF5 lists by name,
 * and layers of one class come in the order of their numbers here.
 */
export async function readNumberedVars(survey: Survey): Promise<Lists> {
  const groups = new Map<string, Hdf5Group>();
  for (const object of survey.objects()) if (isVars(object)) groups.set(parentOf(object.path), object);
  const given = new Map(
    await Promise.all([...groups].map(async ([path, group]) => [path, await survey.text(group, "name")] as const)),
  );
  const readable = new Map<string, string>();
  const layers: ListedLayer[] = [];
  for (const path of sortNumbered(groups.keys())) {
    const owner = readableName(path, given.get(path), readable);
    readable.set(path, owner);
    const weights = await readVars(survey, groups.get(path), owner);
    layers.push({ name: given.get(path) || lastName(path), path, weights });
  }
  const of = (owner: string) => layers.filter(({ path }) => ownerOf(path) === owner);
  const weightsOf = (owner: string) => of(owner).flatMap(({ weights }) => weights);
  return {
    layers: of("layer"),
    topLevel: weightsOf("model"),
    optimizer: weightsOf("optimizer"),
    metrics: weightsOf("metrics"),
  };
}

/** The group that the variables of one object are in. */
export function isVars(object: Hdf5Object): object is Hdf5Group {
  return object.kind === "group" && lastName(object.path) === "vars";
}

async function readVars(survey: Survey, group: Hdf5Group | undefined, owner: string): Promise<Listed[]> {
  if (group === undefined) return [];
  const weights: Listed[] = [];
  for (const name of sortNumbered(group.links.keys())) {
    const key = pathIn(group.path, name);
    const object = survey.known(key) ?? (await survey.find(key));
    if (object !== undefined && "kind" in object && object.kind === "group") continue; // of an object in an attribute called "vars"
    weights.push({ name, key, readable: [owner === "" ? name : `${owner}/${name}`] });
  }
  return weights;
}

/** Whose an object is. No layer can be an attribute of these names. */
function ownerOf(path: string): "model" | "optimizer" | "metrics" | "layer" {
  const [first] = path.split("/");
  if (path === "") return "model";
  return first === "optimizer" || first === "metrics" ? first : "layer";
}

/** Groups that hold the layers of a model, and say nothing. */
const CONTAINERS: ReadonlySet<string> = new Set(["layers", "_layer_checkpoint_dependencies"]);

/**
 * The name of an object behind that of the one it is part of, as in the paths of Keras's variables. The model is left out, although
 * Keras puts the name of a Sequential, or of a model of a class of its own, in front. What has no name is called by its path.
 */
function readableName(path: string, name: string | undefined, known: ReadonlyMap<string, string>): string {
  if (ownerOf(path) !== "layer") return path;
  let owner = parentOf(path);
  while (owner !== "" && !known.has(owner)) owner = parentOf(owner);
  const steps = path.slice(owner === "" ? 0 : owner.length + 1).split("/");
  const own = name ? [name] : steps.filter((step, index) => index === steps.length - 1 || !CONTAINERS.has(step));
  return [known.get(owner) ?? "", ...own].filter((each) => each !== "").join("/");
}
