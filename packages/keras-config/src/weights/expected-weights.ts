// Every variable of a model, as the files of each era have them.

import type { Architecture, LayerNode, ModelNode } from "../architecture/architecture.ts";
import { dictAt } from "../shapes/arguments.ts";
import type { Era } from "../shapes/layer-shapes.ts";
import { isCustom } from "../shapes/output-shapes.ts";
import type { Shape } from "../shapes/shape.ts";
import { NEWEST, type PlacedWeight, placedWeights, type WeightSpec, weightsOf } from "./layer-weights.ts";
import { type HeldLayer, heldLayers, scopeOf } from "./model-holding.ts";
import { expectedOptimizer } from "./optimizer.ts";

/** A layer of a model with its variables. */
export interface ExpectedLayer {
  /** The name of its group in an old file. */
  readonly name: string;
  readonly className: string;
  /** Where the layer is in the text. */
  readonly path: string;
  /**
   * In the order of old files: what is trained first. `undefined` if the variables do not follow from the architecture: a custom
   * class, or a model that holds one.
   */
  readonly weights: readonly WeightSpec[] | undefined;
}

/** What `expectedWeights` returns. */
export interface ExpectedWeights {
  /** The Keras whose names and paths these are. */
  readonly era: Era;
  /** As an old file lists them, with those that have no variables. A layer that is called several times is there once. */
  readonly layers: readonly ExpectedLayer[];
  /** The variables in a `.weights.h5` file (and in a `.keras` file), layer by layer. */
  readonly places: readonly PlacedWeight[];
  /**
   * The variables that the model has beside those of its layers: `top_level_model_weights` of an old file, `vars` of a `.weights.h5`
   * file. None for a model of Keras's own classes; `undefined`, which is unknown, for one of another class.
   */
  readonly topLevel: readonly WeightSpec[] | undefined;
  /** The layers whose variables are not known, by their places: what a file has below them is not in `places`. All, `""`, of a subclassed model. */
  readonly unknownPlaces: readonly string[];
  /**
   * The variables of the optimizer, in the order of every file, at `optimizer/vars/0` and so on in a `.weights.h5` file. `undefined`
   * if the architecture has no optimizer, or one that is not known.
   */
  readonly optimizer: readonly WeightSpec[] | undefined;
}

/** What is known from elsewhere. */
export interface ExpectedWeightsOptions {
  /** The Keras that wrote the file, where that is not what the text says: `{ major: 2, minor: 12 }`. */
  readonly era?: Era;
  /** What the model takes, where the text does not say: the shapes of its inputs, the batch first. */
  readonly inputs?: readonly Shape[];
}

/**
 * The names, shapes and types of every variable of a model, without running Keras: in the order and with the names of the old files
 * of its era, and at the places of a `.weights.h5` file. What cannot be known is said to be unknown, layer by layer.
 *
 * A layer that is both in a model and in one inside it is two layers here, as it is for Keras when it reads the text.
 */
export function expectedWeights(architecture: Architecture, options: ExpectedWeightsOptions = {}): ExpectedWeights {
  const { model, compileConfig } = architecture;
  const era = options.era ?? eraOf(architecture);
  const prefix = scopeOf(model, era) ?? "";
  const held = flattened(heldLayers(model, options.inputs, era), era);
  const listed = held.filter(({ layer }) => model.kind !== "sequential" || layer.className !== "InputLayer");
  const layers = listed.map(({ layer, holding }) => ({
    name: layer.name,
    className: layer.className,
    path: layer.path,
    weights: holding && weightsOf(holding, prefix, era),
  }));
  const optimizer = compileConfig && dictAt(compileConfig, "optimizer");
  const trained = layers.flatMap(({ weights }) => (weights ?? []).filter(({ trainable }) => trainable));
  const isOwn = model.kind !== "subclassed" && !isCustom(model);
  const isKnown = isOwn && layers.every(({ weights }) => weights !== undefined);
  return {
    era,
    layers,
    places: listed.flatMap(({ holding, attribute }) => (holding ? placedWeights(holding, prefix, attribute, era) : [])),
    topLevel: isOwn ? [] : undefined,
    unknownPlaces: isOwn
      ? listed.flatMap(({ holding, attribute }) => (holding === undefined ? [attribute] : []))
      : [""],
    optimizer: optimizer && isKnown ? expectedOptimizer(optimizer, trained, era) : undefined,
  };
}

/** The Keras of a text: what its version says. Without one the last of its grammar, but of Keras 1 the first, which wrote none. */
export function eraOf({ grammar, kerasVersion }: Architecture): Era {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kerasVersion ?? "") ?? [];
  if (major !== undefined && minor !== undefined) return { major: Number(major), minor: Number(minor) };
  if (grammar === "keras-3") return NEWEST;
  if (grammar === "keras-2") return { major: 2, minor: 15 };
  return grammar === "keras-1" ? { major: 1, minor: 0 } : { major: 0, minor: 3 };
}

/** A stack of Keras 1 that begins with a Merge lists what is in the branches in place of it. */
function flattened(held: readonly HeldLayer[], era: Era): readonly HeldLayer[] {
  if (era.major > 1) return held;
  return held.flatMap((each) => {
    if (each.layer.className !== "Merge") return [each];
    const branches = each.layer.inner.map(({ layer }) => layer);
    return [...branches.flatMap((branch) => layersOf(branch, era)), { ...each, holding: EMPTY }];
  });
}

const EMPTY = { scope: undefined, trainable: true, own: [], stored: [], parts: [] };

function layersOf(branch: LayerNode, era: Era): readonly HeldLayer[] {
  const model: ModelNode | undefined = branch.model;
  return model === undefined ? [] : flattened(heldLayers(model, undefined, era), era);
}
