// Whether weights are those of an architecture that is not with them: which layer fits, and which does not.

import { CorruptError, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import {
  type Architecture,
  type ExpectedWeights,
  type FoundLayer,
  type FoundWeight,
  type Mismatch,
  matchPlaces,
  matchWeights,
  type PlacedWeight,
  type Shape,
  type WeightFinding,
} from "@modelbytes/keras-config";
import type { KerasHdf5 } from "@modelbytes/keras-hdf5";
import type { ArchitectureTexts } from "./convert/architecture-text.ts";
import { weightsInKeras2 } from "./convert/keras-2-objects.ts";
import { isNamedForm, kerasFileOf, listsOf } from "./convert/keras-contents.ts";
import { readTexts } from "./convert/keras-texts.ts";
import { type NamedTensor, namedTensors } from "./convert/named-tensors.ts";
import { isOfShape, isShared, layersOfPlaces, tensorsOfPlaces } from "./convert/placed-tensors.ts";
import type { Model } from "./open-model.ts";

/** How the weights of a model and an architecture go together. */
export interface ArchitectureMatch {
  /** What does not fit, layer by layer; none where Keras would take the weights. */
  readonly problems: readonly CorruptError[];
  /** What is otherwise than the architecture has it, and does not matter to Keras, or cannot be known. */
  readonly notes: readonly string[];
}

/** The codes of what does not fit. What is not here is only worth a note: Keras goes by the order of layers, and turns dtypes. */
const CODES: Readonly<Partial<Record<Mismatch, string>>> = {
  "missing-layer": "missing-layer",
  "extra-layer": "extra-layer",
  "missing-weight": "missing-weight",
  "extra-weight": "extra-weight",
  shape: "weight-shape",
  order: "weight-order",
};

/**
 * Compares the weights of an open model, of any format, with an architecture, without reading values. HDF5 files say which layer their
 * weights belong to, checkpoints by their objects; elsewhere it is the names of the tensors that tell.
 *
 * Throws a `CorruptError` for an architecture that cannot be read, an `UnsupportedError` (`"no-weights"`) for a model that has no
 * tensors at all, and the first error of tensors that cannot be read.
 */
export async function matchArchitecture(
  model: Model,
  texts: ArchitectureTexts,
  options: WaitOptions = {},
): Promise<ArchitectureMatch> {
  if (model.format === "keras-config") {
    throw new UnsupportedError("no-weights", "this is an architecture, without weights to compare", {
      file: model.path,
    });
  }
  const { architecture, expected } = readTexts(texts, "the architecture");
  const source = kerasFileOf(model);
  const findings =
    source === undefined
      ? await findingsInTensors(model, architecture, expected, options)
      : findingsInFile(source, expected);
  const problems: CorruptError[] = [];
  const notes = expected.unknownPlaces.includes("") ? ["the architecture does not say what layers the model has"] : [];
  for (const { reason, message, layer, found } of findings) {
    const code = CODES[reason];
    if (code === undefined) notes.push(message);
    else problems.push(new CorruptError(code, message, { file: model.path, tensor: found?.key ?? layer }));
  }
  return { problems, notes };
}

/** A difference, with the key of what is in the file. */
interface KeyedFinding extends WeightFinding {
  readonly found: KeyedWeight | undefined;
}

type KeyedWeight = FoundWeight & Pick<NamedTensor, "key">;

/** The findings, each with the key of what was found. */
function withKeys(findings: readonly WeightFinding[], weights: readonly KeyedWeight[]): KeyedFinding[] {
  const known = new Map<FoundWeight | undefined, KeyedWeight>(weights.map((weight) => [weight, weight]));
  return findings.map((finding) => ({ ...finding, found: known.get(finding.found) }));
}

/** What an HDF5 file of Keras has otherwise than the architecture. */
function findingsInFile(file: KerasHdf5, expected: ExpectedWeights): KeyedFinding[] {
  if (!isNamedForm(file)) {
    const weights = [...file.entries].flatMap(([key, { role, shape, dtype }]) =>
      role === "layer" || role === "top-level" ? [{ name: key, key, shape, dtype }] : [],
    );
    return withKeys(matchPlaces(expected, weights), weights).map((finding) => sharedOrMissing(finding, expected, file));
  }
  const { layers } = file;
  const weights = layers.flatMap((layer) => layer.weights);
  return [...layerOrder(layers, expected), ...withKeys(matchWeights(expected, layers), weights)];
}

/** A layer in two places of a model is in the file once, and is missed at the other: an architecture does not tell it from two. */
function sharedOrMissing(finding: KeyedFinding, { places }: ExpectedWeights, { entries }: KerasHdf5): KeyedFinding {
  const missed = places.find((place) => place === finding.expected);
  if (finding.reason !== "missing-weight" || missed === undefined) return finding;
  const other = places.find((place) => place !== missed && isShared(place, missed) && entries.has(place.path));
  if (other === undefined) return finding;
  return { ...finding, reason: "unknown", message: `${finding.message}; it may be that at ${other.path}` };
}

/** Keras goes by the order of the layers that have weights, and not by their names, so others in their places get their weights. */
function layerOrder(layers: readonly FoundLayer[], expected: ExpectedWeights): KeyedFinding[] {
  const found = layers.filter(({ weights }) => weights.length > 0).map(({ name }) => name);
  const wanted = expected.layers.map(({ name }) => name).filter((name) => found.includes(name));
  const common = found.filter((name) => wanted.includes(name));
  const at = common.findIndex((name, index) => name !== wanted[index]);
  const [layer, other] = [wanted[at], common[at]];
  if (layer === undefined || other === undefined) return [];
  const message = `layer ${other} of the file is where the architecture has ${layer}`;
  return [{ reason: "order", layer, weight: undefined, expected: undefined, found: undefined, message }];
}

/** What a model of any other format has otherwise than the architecture. The order of its tensors says nothing. */
async function findingsInTensors(
  model: Model,
  architecture: Architecture,
  own: ExpectedWeights,
  options: WaitOptions,
): Promise<KeyedFinding[]> {
  const lists = await listsOf(model, { architecture, expected: own }, options);
  const expected = lists.keys.some((key) => key !== undefined) ? weightsInKeras2(architecture) : own;
  const tensors = (await namedTensors(model, options)).filter(({ role }) => role === "model");
  const placed = tensorsOfPlaces(expected, tensors, lists);
  const layerOf = layersOfPlaces(expected);
  const findings = expected.places.flatMap((place, at) => {
    return findingsAt(place, layerOf[at]?.name ?? scopeOf(place.name), placed[at]);
  });
  const used = new Set(placed);
  const left = tensors.filter((tensor) => !used.has(tensor));
  const isOpen = expected.unknownPlaces.length > 0;
  return [...findings, ...left.map((tensor) => leftFinding(tensor, isOpen))];
}

/** What is otherwise than a place of a layer has it. */
function findingsAt(expected: PlacedWeight, layer: string, found: NamedTensor | undefined): KeyedFinding[] {
  const { name: weight, shape, dtype } = expected;
  const here = { layer, weight, expected, found };
  if (found === undefined) {
    const message = `${weight} ${shown(shape)} of layer ${layer} is not in the file`;
    return [{ ...here, reason: "missing-weight", message }];
  }
  const otherwise = (reason: "shape" | "dtype", wanted: string, is: string): KeyedFinding => {
    return {
      ...here,
      reason,
      message: `${weight} of layer ${layer} is ${wanted} in the architecture and ${is} in the file`,
    };
  };
  const findings: KeyedFinding[] = [];
  if (!isOfShape(found.shape, shape)) findings.push(otherwise("shape", shown(shape), shown(found.shape)));
  if (dtype !== undefined && dtype !== found.dtype) findings.push(otherwise("dtype", dtype, found.dtype));
  return findings;
}

/** A tensor that is left, which may be that of a layer that is not known. */
function leftFinding(found: NamedTensor, isOpen: boolean): KeyedFinding {
  const message = `${found.name} ${shown(found.shape)} of the file is not in the architecture`;
  const here = { layer: scopeOf(found.name), weight: found.name, expected: undefined, found };
  if (!isOpen) return { ...here, reason: "extra-weight", message };
  return { ...here, reason: "unknown", message: `${message}, which does not tell of all its layers` };
}

/** The name of the layer that a name begins with. */
function scopeOf(name: string): string {
  return name.replace(/\/[^/]*$/, "");
}

function shown(shape: Shape): string {
  return `(${shape.map((size) => size ?? "?").join(", ")})`;
}
