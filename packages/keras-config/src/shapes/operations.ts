// Operations that stand as layers in the graphs of tf.keras (TFOpLambda): those that work element by element.

import type { ShapeRule } from "./layer-shapes.ts";
import { broadcast } from "./merging.ts";
import type { Shape } from "./shape.ts";

const ELEMENTWISE = new Set(
  (
    "__operators__.add math.abs math.add math.divide math.exp math.floordiv math.greater math.less math.log math.maximum " +
    "math.minimum math.mod math.multiply math.negative math.not_equal math.equal math.pow math.round math.rsqrt math.sigmoid " +
    "math.sign math.sqrt math.square math.squared_difference math.subtract math.tanh math.truediv cast clip_by_value identity " +
    "nn.elu nn.leaky_relu nn.relu nn.relu6 nn.selu nn.sigmoid nn.silu nn.softmax nn.softplus nn.swish nn.gelu nn.tanh " +
    "stop_gradient zeros_like ones_like"
  ).split(" "),
);

/** What an operation gives whose tensors all come from the graph. */
export const operation: ShapeRule = ({ config, inputs, era }) => {
  const name = config.get("function");
  if (typeof name !== "string" || !ELEMENTWISE.has(name)) return undefined;
  let result: Shape | undefined;
  for (const input of inputs) {
    if (input === undefined) return undefined;
    result = result === undefined ? input : broadcast(result, input, era);
  }
  return result === undefined ? undefined : [result];
};
