import type { Hdf5Group, Hdf5Object } from "@modelbytes/hdf5";
import type { Listed, ListedLayer, Lists } from "./contents.ts";
import { compareNumbered, lastName, parentOf, pathIn } from "./path.ts";
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
  const groups = [...survey.objects()]
    .filter(isVars)
    .sort((a, b) => compareNumbered(parentOf(a.path), parentOf(b.path)));
  const given = await Promise.all(groups.map((group) => survey.text(group, "name")));
  const readable = new Map<string, string>();
  const layers: ListedLayer[] = [];
  for (const [index, group] of groups.entries()) {
    const path = parentOf(group.path);
    const name = given[index] || lastName(path);
    readable.set(path, readableName(path, given[index], readable));
    layers.push({ name, path, weights: await readVars(survey, group, readable.get(path) ?? "") });
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

async function readVars(survey: Survey, { path, links }: Hdf5Group, owner: string): Promise<Listed[]> {
  const weights: Listed[] = [];
  for (const name of [...links.keys()].sort(compareNumbered)) {
    const key = pathIn(path, name);
    if ((await survey.group(key)) !== undefined) continue; // of an object in an attribute called "vars"
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
