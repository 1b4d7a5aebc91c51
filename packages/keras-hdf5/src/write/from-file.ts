import { decodeName, type WaitOptions } from "@modelbytes/bytes";
import type { Hdf5Group } from "@modelbytes/hdf5";
import { lazyTensor } from "@modelbytes/tensor";
import type { KerasWeight } from "../contents.ts";
import type { Shard } from "../joined-file.ts";
import type { KerasHdf5 } from "../keras-hdf5.ts";
import { isVars } from "../numbered-vars.ts";
import { parentOf, pathIn, sortNumbered } from "../path.ts";
import type { KerasH5Contents } from "./h5.ts";
import type { NamedWeight } from "./values.ts";
import type { KerasWeightsContents } from "./weights.ts";

/** What is taken over from an open file. */
export interface FromFileOptions extends WaitOptions {
  /** Whether the optimizer's weights are, and of a whole model its training configuration. Default: true. */
  readonly optimizer?: boolean | undefined;
}

/**
 * What an open `.h5` holds, to be written again, as it is or changed. Values are read when they are due, so the file has to stay open
 * until all is written.
 *
 * Throws a `TypeError` for the other form, and what is wrong with the file: the first of `damage` and of `unreadable`.
 */
export async function toKerasH5(file: KerasHdf5, options: FromFileOptions = {}): Promise<KerasH5Contents> {
  if (isVarsForm(file)) throw new TypeError(`${file.hdf5.name} is .weights.h5: toKerasWeights gives what it holds`);
  throwDamage(file);
  const { metadata, kind } = file;
  const { kerasVersion = null, backend = null, weightsVersion = null, weightsBackend = null } = metadata;
  const root = await file.hdf5.group("/", { signal: options.signal });
  const isNamed = kind === "model" || root.attributes.has("layer_names") || root.attributes.has("layer_names0");
  const isNested = kind === "model" && root.links.has("model_weights");
  const { links } = isNested ? await file.hdf5.group("model_weights", { signal: options.signal }) : root;
  const weightsOf = (weights: readonly KerasWeight[]) => weights.map(({ name, key }) => weightOf(file, name, key));
  const { optimizer = true } = options;
  return {
    layers: file.layers.map(({ name, weights }) => ({ name, weights: weightsOf(weights) })),
    topLevelWeights: links.has("top_level_model_weights") ? weightsOf(file.topLevelWeights) : null,
    ...(kind === "model" && { modelConfig: metadata.modelConfig ?? null }),
    trainingConfig: optimizer ? metadata.trainingConfig : undefined,
    optimizerWeights: optimizer ? weightsOf(file.optimizerWeights) : [],
    kerasVersion,
    backend,
    weightsVersion,
    weightsBackend,
    numbered: !isNamed,
    unlisted: unlistedOf(file),
  };
}

/**
 * What an open `.weights.h5` holds, of sharded weights all together, in the order in which it was written, to be written again, as it
 * is or changed. Values are read when they are due, so the file has to stay open until all is written.
 *
 * Throws a `TypeError` for the other form, and what is wrong with the file: the first of `damage` and of `unreadable`.
 */
export async function toKerasWeights(file: KerasHdf5, options: FromFileOptions = {}): Promise<KerasWeightsContents> {
  if (!isVarsForm(file)) throw new TypeError(`${file.hdf5.name} is a .h5 with names: toKerasH5 gives what it holds`);
  throwDamage(file);
  const { optimizer = true, signal } = options;
  const groups = new Map<string, { path: string; name: string | undefined; vars: NamedWeight[] }>();
  for (const part of file.parts) {
    for await (const { group, names } of varsOf(part, { signal })) {
      const path = parentOf(group.path);
      if (!optimizer && (path === "optimizer" || path.startsWith("optimizer/"))) continue;
      const known = groups.get(path) ?? { path, name: await nameOf(part, group, { signal }), vars: [] };
      groups.set(path, known);
      for (const name of names) {
        const key = pathIn(group.path, name);
        if (file.entries.has(key)) known.vars.push(weightOf(file, name, key));
      }
    }
  }
  return { groups: [...groups.values()], unlisted: unlistedOf(file) };
}

function isVarsForm({ kind }: KerasHdf5): boolean {
  return kind === "keras-weights" || kind === "keras-weights-sharded";
}

/** A copy of what is left would look like the whole. */
function throwDamage({ damage, unreadable }: KerasHdf5): void {
  for (const error of [...damage, ...unreadable.values()]) throw error;
}

function weightOf(file: KerasHdf5, name: string, key: string): NamedWeight {
  return [name, lazyTensor(file, key)];
}

function unlistedOf(file: KerasHdf5): NamedWeight[] {
  return file.unlisted.map((key) => weightOf(file, key, key));
}

/** The groups of variables with the names in them, as they were made: Keras goes from object to object, and ends one before the next. */
async function* varsOf(
  { file }: Shard,
  options: WaitOptions,
): AsyncGenerator<{ group: Hdf5Group; names: readonly string[] }> {
  const root = await file.group("/", options);
  const groups = new Map<string, Hdf5Group>();
  for await (const object of file.walk(options)) if (object.kind === "group") groups.set(object.path, object);
  const pending = [root];
  for (let group = pending.pop(); group !== undefined; group = pending.pop()) {
    const { path, links, creationOrder } = group;
    const names = creationOrder ?? byNumber([...links.keys()]);
    if (isVars(group)) yield { group, names };
    for (const name of names.toReversed()) {
      const inner = groups.get(pathIn(path, name));
      if (inner !== undefined) pending.push(inner);
    }
  }
}

/** Where nobody knows how they were made: by number, an object's own variables before its parts. */
function byNumber(names: readonly string[]): readonly string[] {
  const others = sortNumbered(names.filter((name) => name !== "vars"));
  return names.length > others.length ? ["vars", ...others] : others;
}

async function nameOf(
  { file }: Shard,
  { path, attributes }: Hdf5Group,
  options: WaitOptions,
): Promise<string | undefined> {
  if (!attributes.has("name")) return undefined;
  const value = await file.attribute(path, "name", options);
  const [bytes] = value.dtype === "string" ? value.data : [];
  return bytes === undefined ? undefined : decodeName(bytes);
}
