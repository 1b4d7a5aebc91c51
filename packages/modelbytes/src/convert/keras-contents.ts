import { UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import { type ExpectedWeights, expectedWeights, type PlacedWeight } from "@modelbytes/keras-config";
import {
  type KerasH5Contents,
  KerasHdf5,
  type KerasVarsGroup,
  type KerasWeightsContents,
  type NamedWeight,
  toKerasH5,
  toKerasWeights,
} from "@modelbytes/keras-hdf5";
import type { ObjectGraph } from "@modelbytes/tensor-bundle";
import type { Model } from "../open-model.ts";
import { keysOfPaths, objectPaths } from "./keras-2-objects.ts";
import { h5Texts, type KerasTexts } from "./keras-texts.ts";
import type { Loss } from "./losses.ts";
import type { NamedTensor } from "./named-tensors.ts";
import { checkPlaced, layersOfPlaces, placedTensors, type TensorLists } from "./placed-tensors.ts";

/** What Keras files are made of. */
export interface KerasParts {
  readonly model: Model;
  /** The tensors that are left of the model, changed. */
  readonly tensors: readonly NamedTensor[];
  /** The architecture that the model has with it, or that was given. */
  readonly texts: KerasTexts | undefined;
  /** What is left out. */
  readonly strip: ReadonlySet<Loss>;
  readonly signal: AbortSignal | undefined;
}

/**
 * A `.h5`, whole or weights alone. Weights of no known architecture go by their names: layers are what stands before the first "/".
 * Throws an `UnsupportedError` (`"needs-architecture"`) for a whole one without its architecture.
 */
export async function h5Contents(parts: KerasParts, whole: boolean): Promise<KerasH5Contents> {
  const { model, tensors, texts, strip, signal } = parts;
  const source = kerasFileOf(model);
  if (source !== undefined && isNamedForm(source) && (!whole || source.kind === "model")) {
    const { layers, modelConfig, trainingConfig, unlisted, ...rest } = await toKerasH5(source, { signal });
    const left = leftOf(tensors);
    return {
      ...rest,
      layers: source.layers.map(({ name, weights }) => ({ name, weights: left(weights) })),
      topLevelWeights: rest.topLevelWeights === null ? null : left(source.topLevelWeights),
      modelConfig: whole ? modelConfig : undefined,
      trainingConfig: whole && !strip.has("optimizer") ? trainingConfig : undefined,
      optimizerWeights: whole ? left(source.optimizerWeights) : [],
      unlisted: left(source.unlisted.map((key) => ({ name: key, key }))),
    };
  }
  checkElements(tensors, model.path);
  if (texts === undefined) {
    if (whole) throw withoutArchitecture("a whole model begins with its architecture", model);
    return { layers: layersByName(tensors) };
  }
  const { expected } = texts;
  const layers = await expectedLayers(parts, texts);
  const versions = {
    ...(texts.kerasVersion !== undefined && { kerasVersion: texts.kerasVersion }),
    ...(texts.backend !== undefined && { backend: texts.backend }),
  };
  if (!whole) return { layers, ...versions };
  const { modelConfig, trainingConfig } = h5Texts(texts);
  return {
    ...versions,
    layers,
    modelConfig,
    trainingConfig: strip.has("optimizer") ? undefined : trainingConfig,
    optimizerWeights: optimizerInOrder(parts, expected).map(
      (tensor, at) => [expected.optimizer?.[at]?.name ?? `optimizer/${at}`, tensor] as const,
    ),
  };
}

/** A `.weights.h5`. Throws an `UnsupportedError` (`"needs-architecture"`) for one of another form without its architecture. */
export async function weightsContents(
  parts: KerasParts,
  target?: KerasTexts["architecture"],
): Promise<KerasWeightsContents> {
  const { model, tensors, texts, signal } = parts;
  const source = kerasFileOf(model);
  if (source !== undefined && !isNamedForm(source) && target === undefined) {
    const { groups, unlisted = [] } = await toKerasWeights(source, { signal });
    const left = leftOf(tensors);
    const all = [...groups].map(({ path, vars = [], ...group }): KerasVarsGroup => {
      const weights = [...vars].map(([name]) => ({ name, key: `${path === "" ? "" : `${path}/`}vars/${name}` }));
      return { ...group, path, vars: left(weights) };
    });
    const hasOptimizer = !parts.strip.has("optimizer");
    return {
      groups: all.filter(({ path }) => hasOptimizer || path !== "optimizer"),
      unlisted: left([...unlisted].map(([key]) => ({ name: key, key }))),
    };
  }
  checkElements(tensors, model.path);
  if (texts === undefined) {
    throw withoutArchitecture("the paths in a .weights.h5 follow from the classes of the layers", model);
  }
  const expected = target === undefined ? texts.expected : expectedWeights(target);
  const placed = [...(await placedParts(parts, texts)).values()];
  if (placed.length !== expected.places.length) {
    const reason = `there are ${placed.length} weights, and ${expected.places.length} places for them in this Keras`;
    throw new UnsupportedError("no-place", reason, { file: model.path });
  }
  const groups = new Map<string, NamedWeight[]>([["", []]]);
  for (const [at, { path }] of expected.places.entries()) {
    const tensor = placed[at];
    const [, group = "", key = ""] = /^(?:(.*)\/)?vars\/([^/]*)$/.exec(path) ?? [];
    if (tensor !== undefined) groups.set(group, [...(groups.get(group) ?? []), [key, tensor]]);
  }
  const optimizer = optimizerInOrder(parts, expected).map((tensor, at) => [String(at), tensor] as const);
  if (optimizer.length > 0) groups.set("optimizer", optimizer);
  const names = layerNames(expected);
  return {
    groups: [...groups].map(([path, vars]): KerasVarsGroup => {
      const name = names.get(path);
      return { path, vars, ...(name !== undefined && { name }) };
    }),
  };
}

/**
 * The variables of the optimizer in the order of Keras, which is that of its own files; elsewhere their names tell. Throws an
 * `UnsupportedError` (`"loss"`) where nothing tells.
 */
function optimizerInOrder(
  { model, tensors }: KerasParts,
  { optimizer: names }: ExpectedWeights,
): readonly NamedTensor[] {
  const optimizer = tensors.filter(({ role }) => role === "optimizer");
  if (optimizer.length === 0 || kerasFileOf(model) !== undefined) return optimizer;
  const byName = new Map(optimizer.map((tensor) => [tensor.name, tensor]));
  const ordered = (names ?? []).flatMap(({ name }) => byName.get(name.replace(/:\d+$/, "")) ?? []);
  if (ordered.length === optimizer.length && ordered.length === names?.length) return ordered;
  const reason = "the order of the optimizer's variables is not known, so its state would be lost: strip optimizer";
  throw new UnsupportedError("loss", reason, { file: model.path });
}

/** The HDF5 file of a Keras model; `undefined` of other formats. */
export function kerasFileOf(model: Model): KerasHdf5 | undefined {
  if (model.format === "keras-archive") return model.weights.weights;
  return model.weights instanceof KerasHdf5 ? model.weights : undefined;
}

/** Whether a file has its weights by the names of layers, as all did up to Keras 2. */
export function isNamedForm({ kind }: KerasHdf5): boolean {
  return kind === "model" || kind === "weights";
}

function withoutArchitecture(reason: string, { path }: Model): UnsupportedError {
  return new UnsupportedError("needs-architecture", `${reason}: give the architecture`, { file: path });
}

/** Throws an `UnsupportedError` (`"element-type"`) for texts: those in HDF5 end at their first zero, so values would be lost. */
function checkElements(tensors: readonly NamedTensor[], file: string): void {
  const text = tensors.find(({ dtype }) => dtype === "string");
  if (text === undefined) return;
  throw new UnsupportedError("element-type", "Keras stores no strings", { file, tensor: text.name });
}

/** The changed tensors in the place of those of an open file; those that are gone are left out. */
function leftOf(
  tensors: readonly NamedTensor[],
): (weights: readonly { readonly name: string; readonly key: string }[]) => NamedWeight[] {
  const byKey = new Map(tensors.map((tensor) => [tensor.key, tensor]));
  return (weights) =>
    weights.flatMap(({ name, key }): NamedWeight[] => {
      const tensor = byKey.get(key);
      return tensor === undefined ? [] : [[name, tensor]];
    });
}

/** The layers that names tell of, in the order of their first tensors. */
function layersByName(tensors: readonly NamedTensor[]): { name: string; weights: NamedWeight[] }[] {
  const layers = new Map<string, NamedWeight[]>();
  for (const tensor of tensors) {
    const [layer = tensor.name] = tensor.name.split("/");
    layers.set(layer, [...(layers.get(layer) ?? []), [tensor.name, tensor]]);
  }
  return [...layers].map(([name, weights]) => ({ name, weights }));
}

async function expectedLayers(
  parts: KerasParts,
  texts: KerasTexts,
): Promise<{ name: string; weights: NamedWeight[] }[]> {
  const { expected } = texts;
  const placed = [...(await placedParts(parts, texts)).values()];
  const layerOf = layersOfPlaces(expected);
  const tensorOf = new Map(
    expected.layers.map((layer) => {
      const held = expected.places.flatMap(({ name }, at) => {
        const tensor = layerOf[at] === layer ? placed[at] : undefined;
        return tensor === undefined ? [] : [[name, tensor] as const];
      });
      return [layer, new Map(held)];
    }),
  );
  checkPlaced(
    placed.filter((_, at) => layerOf[at] === undefined),
    parts.model.path,
  );
  return expected.layers.map((layer) => ({
    name: layer.name,
    weights: (layer.weights ?? []).flatMap(({ name }): NamedWeight[] => {
      const tensor = tensorOf.get(layer)?.get(name);
      return tensor === undefined ? [] : [[name, tensor]];
    }),
  }));
}

/** The tensor for each place of an architecture. */
export async function placedParts(
  { model, tensors, signal }: KerasParts,
  texts: KerasTexts,
): Promise<Map<PlacedWeight, NamedTensor>> {
  const weights = tensors.filter(({ role }) => role === "model");
  return placedTensors(texts.expected, weights, await listsOf(model, texts, { signal }), model.path);
}

/** What a model says of where its tensors belong in an architecture. */
export async function listsOf(
  model: Model,
  { architecture, expected }: Pick<KerasTexts, "architecture" | "expected">,
  options: WaitOptions,
): Promise<TensorLists> {
  const source = kerasFileOf(model);
  const layers = source !== undefined && isNamedForm(source) ? source.layers : [];
  const graph = await objectsOf(model, options);
  const isCounted = expected.unknownPlaces.length === 0;
  return { layers, keys: graph === undefined ? [] : keysOfPaths(graph, objectPaths(architecture), isCounted) };
}

/** The objects of a checkpoint, or of the variables of a SavedModel. */
async function objectsOf(model: Model, options: WaitOptions): Promise<ObjectGraph | undefined> {
  if (model.format === "tensor-bundle") return await model.objectGraph(options);
  return model.format === "saved-model" ? await model.weights.bundle?.objectGraph(options) : undefined;
}

/** What the groups of layers are called. */
function layerNames(expected: ExpectedWeights): Map<string, string> {
  const layerOf = layersOfPlaces(expected);
  return new Map(
    expected.places.flatMap(({ path }, at) => {
      const [group] = /^[^/]+\/[^/]+(?=\/vars\/)/.exec(path) ?? [];
      const name = layerOf[at]?.name;
      return group === undefined || name === undefined ? [] : [[group, name] as const];
    }),
  );
}
