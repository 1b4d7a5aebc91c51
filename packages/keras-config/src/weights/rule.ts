// What a rule of weights is told, and what it answers.

import type { LayerNode } from "../architecture/architecture.ts";
import type { Era } from "../shapes/layer-shapes.ts";
import type { Shape, Shapes } from "../shapes/shape.ts";
import type { PyDict } from "../value.ts";
import type { Policy } from "./policy.ts";
import type { Holding } from "./variables.ts";

/** A layer, as its rule sees it. */
export interface WeightQuestion {
  readonly layer: LayerNode;
  /** The layer's arguments. */
  readonly config: PyDict;
  /** What it is built for: all tensors of its first call, in order. */
  readonly inputs: Shapes;
  /** The first of them. */
  readonly input: Shape | undefined;
  readonly era: Era;
  /** The types of its variables. */
  readonly policy: Policy;
  /** Asks the same of a layer that this one holds. */
  readonly holdingOf: (layer: LayerNode, inputs: Shapes) => Holding | undefined;
  /** The shapes that a layer which this one holds gives. */
  readonly outputsOf: (layer: LayerNode, inputs: Shapes) => Shapes | undefined;
}

/** What a layer holds; `undefined` if that is not known. */
export type WeightRule = (question: WeightQuestion) => Holding | undefined;
