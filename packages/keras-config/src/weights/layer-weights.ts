// One layer by itself: what it would hold and give for inputs of these shapes.

import type { LayerNode } from "../architecture/architecture.ts";
import { parseArchitecture } from "../architecture/parse.ts";
import type { Era } from "../shapes/layer-shapes.ts";
import { outputShapes } from "../shapes/output-shapes.ts";
import type { Shape, Shapes } from "../shapes/shape.ts";
import type { PyDict, PyValue } from "../value.ts";
import { layerHolding } from "./layer-holding.ts";
import { legacyOrder, namesOf, placesOf } from "./names.ts";
import type { Holding } from "./variables.ts";

/** A variable that an architecture says is there. */
export interface WeightSpec {
  /** As the era calls it: `dense/kernel:0`. */
  readonly name: string;
  /** `null` is a size that does not follow from the architecture: anything fits. */
  readonly shape: Shape;
  /** `"float32"`, …; `undefined` if it does not follow from the architecture. */
  readonly dtype: string | undefined;
  /** Whether training changes it. */
  readonly trainable: boolean;
}

/** A variable at its place in a `.weights.h5` file. */
export interface PlacedWeight extends WeightSpec {
  /** `layers/dense/vars/0`. */
  readonly path: string;
}

/** What is asked of one layer. */
export interface LayerQuestion {
  /** `"Dense"`. */
  readonly className: string;
  /** Its arguments, as in a text. */
  readonly config: PyDict;
  /** The shapes of what it is called with, the batch first, `null` for what is not known. */
  readonly inputs: readonly Shape[];
  /** The Keras that is asked; 3 by default. */
  readonly era?: Era;
}

/** The newest Keras that the rules are compared with. */
export const NEWEST: Era = { major: 3, minor: 15 };

/**
 * The variables of one layer in the order of old files: what is trained first. `undefined` if they cannot be known: a custom class,
 * a layer around another library's.
 *
 * @throws CorruptError `architecture` for a config that no layer has.
 */
export function layerWeights(question: LayerQuestion): readonly WeightSpec[] | undefined {
  const era = question.era ?? NEWEST;
  const held = layerHolding(nodeOf(question), question.inputs, era);
  return held && weightsOf(held, "", era);
}

/**
 * The same variables at their places in a `.weights.h5` file, below the layer's own.
 *
 * @throws CorruptError `architecture` for a config that no layer has.
 */
export function layerPlaces(question: LayerQuestion): readonly PlacedWeight[] | undefined {
  const era = question.era ?? NEWEST;
  const held = layerHolding(nodeOf(question), question.inputs, era);
  return held && placedWeights(held, "", "", era);
}

/**
 * The shapes that one layer gives; `undefined` if they cannot be known.
 *
 * @throws CorruptError `architecture` for a config that no layer has.
 */
export function layerOutputs(question: LayerQuestion): Shapes | undefined {
  return outputShapes(nodeOf(question), question.inputs, question.era ?? NEWEST);
}

/** A layer is read as the only one of a model. */
function nodeOf({ className, config }: LayerQuestion): LayerNode {
  const entry: PyValue = new Map<string, PyValue>([
    ["class_name", className],
    ["config", config],
  ]);
  const stack: PyValue = new Map<string, PyValue>([
    ["class_name", "Sequential"],
    ["config", new Map<string, PyValue>([["layers", [entry]]])],
  ]);
  const [node] = parseArchitecture(stack).model.layers;
  if (node === undefined) throw new TypeError(`${className} is no layer`);
  return node;
}

/** The variables of a holding in the order of old files. */
export function weightsOf(held: Holding, prefix: string, era: Era): readonly WeightSpec[] {
  const names = namesOf(held, prefix, era);
  const { trained, kept } = legacyOrder(held, era);
  const specs = (trainable: boolean) => (variable: (typeof trained)[number]) => ({
    name: names.get(variable) ?? variable.name,
    shape: variable.shape,
    dtype: variable.dtype,
    trainable,
  });
  return [...trained.map(specs(true)), ...kept.map(specs(false))];
}

/** The variables of a holding at their places below `path`. */
export function placedWeights(held: Holding, prefix: string, path: string, era: Era): readonly PlacedWeight[] {
  const names = namesOf(held, prefix, era);
  const trained = new Set(legacyOrder(held, era).trained);
  return [...placesOf(held, path)].map(([place, variable]) => ({
    path: place,
    name: names.get(variable) ?? variable.name,
    shape: variable.shape,
    dtype: variable.dtype,
    trainable: trained.has(variable),
  }));
}
