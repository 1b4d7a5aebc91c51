// What a rule of shapes is told, and what it answers.

import type { LayerNode, ModelNode } from "../architecture/architecture.ts";
import type { PyDict } from "../value.ts";
import type { Shape, Shapes } from "./shape.ts";

/** Which Keras: what it calls a variable and how it numbers them changed. `{ major: 2, minor: 12 }`. */
export interface Era {
  readonly major: number;
  readonly minor: number;
}

/** What is known so far of the models in a model: they may be called often, each time with others in them. */
export interface Work extends Era {
  readonly known: Map<ModelNode, Map<string, Shapes | undefined>>;
}

/** An era to begin with, or what has been begun. */
export function workOf(era: Era | Work): Work {
  return "known" in era ? era : { ...era, known: new Map() };
}

/** A layer, as its rule sees it. */
export interface ShapeQuestion {
  readonly layer: LayerNode;
  /** The layer's arguments. */
  readonly config: PyDict;
  /** All tensors of a call, in order. */
  readonly inputs: Shapes;
  readonly era: Work;
  /** Asks the same of a layer that this one holds. */
  readonly outputsOf: (layer: LayerNode, inputs: Shapes) => Shapes | undefined;
}

/** The shapes that a layer gives; `undefined` if they are not known. */
export type ShapeRule = (question: ShapeQuestion) => Shapes | undefined;

/** A rule for a layer that takes one tensor and gives one. */
export function single(rule: (shape: Shape, question: ShapeQuestion) => Shape | undefined): ShapeRule {
  return (question) => {
    const [input] = question.inputs;
    const output = input === undefined ? undefined : rule(input, question);
    return output === undefined ? undefined : [output];
  };
}

/** What comes out is as what goes in. */
export const unchanged: ShapeRule = ({ inputs }) => inputs.slice(0, 1);
