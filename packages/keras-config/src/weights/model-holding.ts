// What a model holds: its layers, each once, each with the number that its path has.

import type { LayerNode, ModelNode } from "../architecture/architecture.ts";
import { flagAt } from "../shapes/arguments.ts";
import { type Era, workOf } from "../shapes/layer-shapes.ts";
import { modelShapes } from "../shapes/model-shapes.ts";
import { isOperation } from "../shapes/output-shapes.ts";
import type { Shapes } from "../shapes/shape.ts";
import { layerHolding } from "./layer-holding.ts";
import { numbered } from "./numbered.ts";
import type { Holding, Part } from "./variables.ts";

/** A layer of a model with what it holds; `undefined` if that is not known. */
export interface HeldLayer {
  readonly layer: LayerNode;
  /** The step of its path: `layers/dense_1`. */
  readonly attribute: string;
  readonly holding: Holding | undefined;
}

/** Every layer of a model, built for what it is called with first. */
export function heldLayers(model: ModelNode, given: Shapes | undefined, since: Era): readonly HeldLayer[] {
  const era = workOf(since);
  const { inputs } = modelShapes(model, given, era);
  // Operations of Keras 3 are nodes of the graph, not layers of the model.
  const held = model.layers
    .filter((layer) => !isOperation(layer))
    .map((layer) => {
      const [first = [undefined]] = inputs.get(layer) ?? [];
      return { layer, holding: layerHolding(layer, first, era) };
    });
  const steps = stepsOf(held, model.kind === "sequential", era);
  return held.map((each, index) => ({ ...each, attribute: steps[index] ?? "" }));
}

/**
 * The steps of the paths of a model's layers. Before 2.15 the list has another name. In 2.12 and 2.13 each layer with variables is in
 * it twice, at `layer_with_weights-0` and at `layer-1`, and both are counted.
 */
function stepsOf(
  held: readonly { readonly layer: LayerNode; readonly holding: Holding | undefined }[],
  isStack: boolean,
  { major, minor }: Era,
): readonly string[] {
  const isOlder = major === 2 && minor < 15;
  const isTwice = major === 2 && minor < 14;
  const step = numbered(isOlder ? "_layer_checkpoint_dependencies" : "layers");
  return held.map(({ layer, holding }) => {
    // A stack does not list its input.
    if (isStack && layer.className === "InputLayer") return "";
    const attribute = step(classOf(layer));
    if (isTwice && holding !== undefined && hasVariables(holding)) step(classOf(layer));
    return attribute;
  });
}

/** The class in Python, where the text has another name: Keras makes a Functional of a Model, and exports one class under another name. */
function classOf({ className, model }: LayerNode): string {
  if (className === "GroupQueryAttention") return "GroupedQueryAttention";
  return model?.kind === "functional" && className === "Model" ? "Functional" : className;
}

/** Whether there is a variable anywhere in it. */
export function hasVariables({ own, parts }: Holding): boolean {
  return own.length > 0 || parts.some(({ holding }) => hasVariables(holding));
}

/** What a model adds to the names in it: only a stack of Keras 3 does, which is built as a whole. */
export function scopeOf(model: ModelNode, era: Era): string | undefined {
  return era.major >= 3 && model.kind === "sequential" ? model.name : undefined;
}

/** What a model inside another layer holds; `undefined` if that of one of its layers is not known. */
export function modelHolding(model: ModelNode, given: Shapes | undefined, era: Era): Holding | undefined {
  const parts: Part[] = [];
  for (const { attribute, holding } of heldLayers(model, given, era)) {
    if (holding === undefined) return undefined;
    parts.push({ attribute, holding });
  }
  return {
    scope: scopeOf(model, era),
    isModel: true,
    trainable: flagAt(model.config, true, "trainable"),
    own: [],
    stored: [],
    parts,
  };
}
