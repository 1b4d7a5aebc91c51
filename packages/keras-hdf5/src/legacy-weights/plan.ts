import { CorruptError, UnsupportedError } from "@modelbytes/bytes";
import { bareClass, type ConfiguredLayer, DEEPEST_LAYER, layersOf, wrappedLayer } from "../model-config.ts";
import { isKeras1, isTurned, type LegacyConversion, type LegacyOptions, type Step } from "./conversion.ts";
import { convolution, keras1Kernel, transposedKernels, turnedKernels } from "./convolution.ts";
import { cudnnForm } from "./cudnn.ts";
import type { Formula } from "./formula.ts";
import { keras1Gates } from "./keras-1-gates.ts";
import { weightCounts } from "./weight-counts.ts";

/** A conversion and what it is done to. */
export interface AppliedConversion {
  readonly conversion: LegacyConversion;
  /** The layer inside of the given one, as a path of names: `"forward_layer"`, `"inner/dense"`; empty for the layer itself. */
  readonly part: string;
}

/** How the weights of a layer are made of those that a file has. */
export interface Plan {
  readonly weights: readonly Formula[];
  readonly conversions: readonly AppliedConversion[];
}

/** Plans the conversion of a layer and of all that is in it. `convertLegacyWeights` documents the errors. */
export function planLayer(
  layer: ConfiguredLayer,
  weights: readonly Formula[],
  options: LegacyOptions,
  depth: number = 0,
): Plan {
  if (weights.length === 0) return { weights, conversions: [] };
  if (depth > DEEPEST_LAYER)
    throw new CorruptError("legacy-weights", "layers are in one another deeper than any model's");
  const inner = (part: string, of: ConfiguredLayer, some: readonly Formula[]): Plan => {
    const plan = planLayer(of, some, options, depth + 1);
    const name = (rest: string) => (rest === "" ? part : `${part}/${rest}`);
    return {
      weights: plan.weights,
      conversions: plan.conversions.map(({ conversion, part: rest }) => ({ conversion, part: name(rest) })),
    };
  };
  const layers = layersOf(layer);
  if (layers !== undefined) return planModel(layer, layers, weights, isKeras1(options), inner);
  const wrapped = wrappedLayer(layer);
  switch (wrapped === undefined ? undefined : bareClass(layer)) {
    case "TimeDistributed":
      return inner("layer", wrapped ?? layer, weights);
    case "Bidirectional": {
      const half = Math.floor(weights.length / 2);
      const forward = inner("forward_layer", wrapped ?? layer, weights.slice(0, half));
      const backwardLayer = wrappedLayer(layer, "backward_layer") ?? wrapped ?? layer;
      return together([forward, inner("backward_layer", backwardLayer, weights.slice(half))]);
    }
    default:
      return planSingle(layer, weights, options);
  }
}

type Inner = (part: string, layer: ConfiguredLayer, weights: readonly Formula[]) => Plan;

/** The weights of a model in a model: first what is trained of all layers, then the rest of all layers. */
function planModel(
  model: ConfiguredLayer,
  layers: readonly ConfiguredLayer[],
  weights: readonly Formula[],
  isOfKeras1: boolean,
  inner: Inner,
): Plan {
  const counts = layers.map((layer) => weightCounts(layer, isOfKeras1));
  const trained = counts.reduce((sum, count) => sum + count.trained, 0);
  const known = counts.reduce((sum, count) => sum + count.frozen, trained);
  if (known !== weights.length) {
    const reason = `the layers of ${JSON.stringify(model.name)} have ${known} weights by their classes, and the file has ${weights.length}: which is whose is not known`;
    throw new UnsupportedError("nested-weights", reason);
  }
  let nextTrained = 0;
  let nextFrozen = trained;
  const trainedPlans: Plan[] = [];
  const frozenPlans: Plan[] = [];
  for (const [index, layer] of layers.entries()) {
    const count = counts[index] ?? { trained: 0, frozen: 0 };
    const ownTrained = weights.slice(nextTrained, nextTrained + count.trained);
    const ownFrozen = weights.slice(nextFrozen, nextFrozen + count.frozen);
    nextTrained += count.trained;
    nextFrozen += count.frozen;
    const plan = inner(layer.name, layer, [...ownTrained, ...ownFrozen]);
    // what changes the number of weights is of layers that are trained or frozen as a whole
    const cut = ownTrained.length === 0 ? 0 : plan.weights.length - ownFrozen.length;
    trainedPlans.push({ weights: plan.weights.slice(0, cut), conversions: plan.conversions });
    frozenPlans.push({ weights: plan.weights.slice(cut), conversions: [] });
  }
  return together([...trainedPlans, ...frozenPlans]);
}

function together(plans: readonly Plan[]): Plan {
  return {
    weights: plans.flatMap(({ weights }) => weights),
    conversions: plans.flatMap(({ conversions }) => conversions),
  };
}

/** A layer that is made of no others. */
function planSingle(layer: ConfiguredLayer, weights: readonly Formula[], options: LegacyOptions): Plan {
  const conversions: AppliedConversion[] = [];
  const apply = (step: Step | undefined): void => {
    if (step === undefined || options.only?.includes(step.conversion) === false) return;
    conversions.push({ conversion: step.conversion, part: "" });
    weights = step.weights;
  };
  const kernels = convolution(layer);
  if (isKeras1(options)) {
    if (kernels !== undefined) apply(keras1Kernel(kernels, weights));
    apply(keras1Gates(layer, weights));
  }
  if (kernels !== undefined) {
    if (isTurned(options)) apply(turnedKernels(kernels, weights));
    apply(transposedKernels(kernels, weights));
  }
  apply(cudnnForm(layer, options.to?.recurrent, weights));
  return { weights, conversions };
}
