import { CorruptError, NotFoundError, UnsupportedError } from "@modelbytes/bytes";
import type { ExpectedLayer, ExpectedWeights, PlacedWeight, Shape } from "@modelbytes/keras-config";
import type { NamedTensor } from "./named-tensors.ts";

/** What a file says of where its tensors belong. */
export interface TensorLists {
  /** Its layers, each with its weights in order. */
  readonly layers: readonly { readonly name: string; readonly weights: readonly ListedWeight[] }[];
  /** The key of the tensor of each place, where it is known. */
  readonly keys: readonly (string | undefined)[];
}

/** A weight as its layer lists it: by the name that it has there, and by its key in the file. */
interface ListedWeight {
  readonly name: string;
  readonly key: string;
}

/** Tensors that an error names. */
const MOST_NAMED = 3;

/**
 * The tensor for each place of an architecture: by the place itself where the tensors are from a `.weights.h5`, else by what the file
 * says of its layers, by its objects, and last by the readable name.
 *
 * Throws an `UnsupportedError` for layers of which the architecture does not tell what they hold (`"unknown-layer"`) and for tensors that
 * it has no place for (`"no-place"`), a `NotFoundError` (`"no-tensor"`) and a `CorruptError` (`"shape"`) where the tensors are not those
 * of the architecture.
 */
export function placedTensors(
  expected: ExpectedWeights,
  tensors: readonly NamedTensor[],
  lists: TensorLists,
  file: string,
): Map<PlacedWeight, NamedTensor> {
  checkKnown(expected, file);
  const found = tensorsOfPlaces(expected, tensors, lists);
  const placed = new Map<PlacedWeight, NamedTensor>();
  for (const [at, place] of expected.places.entries()) {
    const { name, shape } = place;
    const tensor = found[at];
    if (tensor === undefined) {
      const reason = "the architecture has a weight of which there is no tensor";
      throw new NotFoundError("no-tensor", reason, { file, tensor: name });
    }
    if (!isOfShape(tensor.shape, shape)) {
      const reason = `the architecture says [${shape.map((size) => size ?? "?").join(", ")}], the tensor is [${tensor.shape.join(", ")}]`;
      throw new CorruptError("shape", reason, { file, tensor: name });
    }
    placed.set(place, tensor);
  }
  const used = new Set(placed.values());
  checkPlaced(
    tensors.filter((tensor) => !used.has(tensor)),
    file,
  );
  return placed;
}

/**
 * The tensor for each place of an architecture, in their order; `undefined` where there is none. Says nothing of shapes, and nothing of
 * tensors that are left.
 */
export function tensorsOfPlaces(
  expected: ExpectedWeights,
  tensors: readonly NamedTensor[],
  lists: TensorLists,
): readonly (NamedTensor | undefined)[] {
  const byKey = new Map(tensors.map((tensor) => [tensor.key, tensor]));
  const byName = uniquely(tensors, plain);
  const byCell = uniquely(tensors, withoutCellNumber);
  const layerOf = layersOfPlaces(expected);
  const keyInLayer = listedKeys(expected, layerOf, lists);
  const found = expected.places.map(({ name, path }, at) => {
    const keys = [path, keyInLayer(at), lists.keys[at]];
    const keyed = keys.map((key) => byKey.get(key ?? "")).find((each) => each !== undefined);
    const called = plain(name);
    const scope = `${layerOf[at]?.name}/`;
    // A name that two layers have was told apart by that of the layer; a stack of Keras 3 begins all with its own.
    const names = [scope + called, called, called.slice(Math.max(0, called.indexOf(scope)))];
    const named = names.map((each) => byName.get(each)).find((each) => each !== undefined);
    return keyed ?? named ?? byCell.get(withoutCellNumber(name)) ?? endingIn(called, scope, tensors);
  });
  return expected.places.map((place, at) => {
    return found[at] ?? found[expected.places.findIndex((other, index) => found[index] && isShared(other, place))];
  });
}

/** The tensor of a longer name: in the scope of its layer, or the only one with that end. */
function endingIn(name: string, scope: string, tensors: readonly NamedTensor[]): NamedTensor | undefined {
  const found = tensors.filter((tensor) => tensor.name.endsWith(`/${name}`));
  return found.find((tensor) => tensor.name.startsWith(scope)) ?? (found.length === 1 ? found[0] : undefined);
}

/** Whether a tensor has the shape that an architecture gives it; a size that this does not tell may be any. */
export function isOfShape(shape: readonly number[], expected: Shape): boolean {
  return shape.length === expected.length && expected.every((size, axis) => size === null || size === shape[axis]);
}

/** Throws an `UnsupportedError` (`"unknown-layer"`) where an architecture does not tell of all its weights. */
export function checkKnown({ layers, unknownPlaces }: ExpectedWeights, file: string): void {
  const unknown = layers.filter(({ weights }) => weights === undefined).map(({ name }) => name);
  if (unknown.length + unknownPlaces.length === 0) return;
  const what = unknown.length > 0 ? `what the layers ${unknown.join(", ")} hold` : "what the model holds";
  const reason = `${what} does not follow from the architecture: only a copy of the same format can be made`;
  throw new UnsupportedError("unknown-layer", reason, { file });
}

/** Throws an `UnsupportedError` (`"no-place"`) where there are tensors that belong nowhere. */
export function checkPlaced(left: readonly NamedTensor[], file: string): void {
  if (left.length === 0) return;
  const some = left.slice(0, MOST_NAMED).map(({ name }) => name);
  const what = `${left.length} tensor${left.length === 1 ? "" : "s"}`;
  const reason = `the architecture has no place for ${what}, which would be lost: ${some.join(", ")}`;
  throw new UnsupportedError("no-place", reason, { file });
}

/**
 * The layer of each place, in their order; `undefined` where a layer has variables that old files do not. Names do not tell: a layer
 * that is in two models is there twice.
 */
export function layersOfPlaces({ layers, places }: ExpectedWeights): readonly (ExpectedLayer | undefined)[] {
  const found = new Map<string, ExpectedLayer | undefined>();
  const names = new Map<string, Set<string>>();
  for (const { path, name } of places) {
    const step = stepOf(path);
    names.set(step, (names.get(step) ?? new Set()).add(name));
  }
  let next = 0;
  for (const [step, held] of names) {
    const at = layers.findIndex(
      ({ weights = [] }, index) => index >= next && weights.some(({ name }) => held.has(name)),
    );
    found.set(step, layers[at]);
    if (at >= 0) next = at + 1;
  }
  return places.map(({ path }) => found.get(stepOf(path)));
}

/** The step of a path that leads to a layer of the model: `layers/dense_1`. */
function stepOf(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}

/** The key of each place in a file that lists layers: by the name in the layer, else by the order where there are as many. */
function listedKeys(
  expected: ExpectedWeights,
  layerOf: readonly (ExpectedLayer | undefined)[],
  { layers }: TensorLists,
): (at: number) => string | undefined {
  const listed = new Map(layers.map((layer) => [layer.name, layer]));
  return (at) => {
    const layer = layerOf[at];
    const name = expected.places[at]?.name ?? "";
    const found = listed.get(layer?.name ?? "")?.weights ?? [];
    const named = found.filter((weight) => plain(weight.name) === plain(name));
    if (named.length === 1) return named[0]?.key;
    const wanted = layer?.weights ?? [];
    return wanted.length === found.length ? found[wanted.findIndex((weight) => weight.name === name)]?.key : undefined;
  };
}

/**
 * Whether two places are those of a layer that is both in a model and in one inside it: as the model is saved it is one layer, whose
 * weights are in the file once; as the architecture is read it is two.
 */
export function isShared(one: PlacedWeight, other: PlacedWeight): boolean {
  const [a, b] = [plain(one.name), plain(other.name)];
  const isSame = a === b || a.endsWith(`/${b}`) || b.endsWith(`/${a}`);
  return isSame && a.includes("/") && b.includes("/") && one.shape.join() === other.shape.join();
}

/** TensorFlow's number of an output behind the name of a variable, which says nothing. */
function plain(name: string): string {
  return name.replace(/:\d+$/, "");
}

/** Keras 2 numbers the cells of recurrent layers as it runs, `lstm/lstm_cell_3/kernel`: an architecture does not tell how. */
function withoutCellNumber(name: string): string {
  return plain(name).replace(/(?<=_cell)_\d+(?=\/)/g, "");
}

/** Tensors by what a name comes to, where that is the name of only one. */
function uniquely(tensors: readonly NamedTensor[], by: (name: string) => string): Map<string, NamedTensor> {
  const found = new Map<string, NamedTensor>();
  const twice = new Set<string>();
  for (const tensor of tensors) {
    const name = by(tensor.name);
    if (found.has(name)) twice.add(name);
    found.set(name, tensor);
  }
  for (const name of twice) found.delete(name);
  return found;
}
