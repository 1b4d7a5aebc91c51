// Attention: projections of the query, the key and the value, and of what is found.

import { flagAt, integerAt, integersAt, textAt } from "../shapes/arguments.ts";
import type { Era } from "../shapes/layer-shapes.ts";
import { product, type Shape, sizeAt } from "../shapes/shape.ts";
import { projectionOf } from "./projections.ts";
import type { WeightQuestion, WeightRule } from "./rule.ts";
import { type Holding, holding, own, type Part } from "./variables.ts";

/** Attention: numbers that scale the scores. */
export const attention: WeightRule = ({ layer, config, policy }) =>
  holding(
    layer.name,
    own(
      policy.variable,
      flagAt(config, false, "use_scale") && ["scale", []],
      textAt(config, "score_mode") === "concat" && ["concat_score_weight", []],
    ),
  );

/** AdditiveAttention: a scale for each number of the query. */
export const additiveAttention: WeightRule = ({ layer, config, input, policy }) =>
  holding(layer.name, own(policy.variable, flagAt(config, true, "use_scale") && ["scale", [sizeAt(input, -1)]]));

/** A projection inside an attention layer. */
interface Projection {
  readonly attribute: string;
  readonly scope: string;
  readonly kernel: Shape;
  /** How many axes of the kernel, from the front, are summed over. */
  readonly summed: number;
  /** Of the output that the projection gives: one scale for each channel has 1 for each axis that is not of the kernel. */
  readonly outer: number;
}

function attentionOf(question: WeightQuestion, projections: readonly Projection[]): Holding | undefined {
  const { layer, config } = question;
  const hasBias = flagAt(config, true, "use_bias");
  const hasGate = flagAt(config, false, "use_gate");
  const parts: Part[] = [];
  for (const { attribute, scope, kernel, summed, outer } of projections) {
    if (scope === "gate" && !hasGate) continue;
    const kept = kernel.slice(summed);
    const shapes = {
      shape: kernel,
      rows: product(kernel.slice(0, summed)),
      columns: product(kept),
      channelScale: [...Array.from({ length: outer }, () => 1), ...kept],
      zeroName: "zero_point",
      loraRank: undefined,
    };
    const part = projectionOf(scope, question.policy, shapes, hasBias ? kept : undefined);
    if (part === undefined) return undefined;
    parts.push({ attribute, holding: part });
  }
  return { scope: layer.name, trainable: true, own: [], stored: [], parts };
}

/** Attributes got names without an underscore in Keras 3.1, which are found first. */
function attributeOf(name: string, { major, minor }: Era): string {
  return major > 3 || (major === 3 && minor >= 1) ? name : `_${name}`;
}

/** What the layer was built for: the query, the value, and the key, which is the value unless it is given. */
function builtFor({ inputs }: WeightQuestion): readonly (Shape | undefined)[] {
  const [query, value, key] = inputs;
  return [query, value, inputs.length > 2 ? key : value];
}

/** MultiHeadAttention. */
export const multiHeadAttention: WeightRule = (question) => {
  const { config, era } = question;
  const [query, value, key] = builtFor(question);
  const heads = integerAt(config, "num_heads") ?? null;
  const size = integerAt(config, "key_dim") ?? null;
  const valueSize = integerAt(config, "value_dim") ?? size;
  const output = integersAt(config, "output_shape") ?? [sizeAt(query, -1)];
  const outer = (query?.length ?? 3) - 1;
  const features = sizeAt(query, -1);
  const projections: Projection[] = [
    { attribute: attributeOf("query_dense", era), scope: "query", kernel: [features, heads, size], summed: 1, outer },
    {
      attribute: attributeOf("key_dense", era),
      scope: "key",
      kernel: [sizeAt(key, -1), heads, size],
      summed: 1,
      outer,
    },
    { attribute: "_gate_dense", scope: "gate", kernel: [features, heads, valueSize], summed: 1, outer },
    {
      attribute: attributeOf("value_dense", era),
      scope: "value",
      kernel: [sizeAt(value, -1), heads, valueSize],
      summed: 1,
      outer,
    },
    {
      attribute: attributeOf("output_dense", era),
      scope: "attention_output",
      kernel: [heads, valueSize, ...output],
      summed: 2,
      outer,
    },
  ];
  return attentionOf(question, projections);
};

/** GroupQueryAttention: fewer heads for keys and values than for queries. */
export const groupQueryAttention: WeightRule = (question) => {
  const { config } = question;
  const [query, value, key] = builtFor(question);
  const size = integerAt(config, "head_dim") ?? null;
  const heads = integerAt(config, "num_query_heads") ?? null;
  const fewer = integerAt(config, "num_key_value_heads") ?? null;
  const features = sizeAt(query, -1);
  const projections: Projection[] = [
    { attribute: "_query_dense", scope: "query", kernel: [features, heads, size], summed: 1, outer: 2 },
    { attribute: "_key_dense", scope: "key", kernel: [sizeAt(key, -1), fewer, size], summed: 1, outer: 2 },
    { attribute: "_gate_dense", scope: "gate", kernel: [features, heads, size], summed: 1, outer: 2 },
    { attribute: "_value_dense", scope: "value", kernel: [sizeAt(value, -1), fewer, size], summed: 1, outer: 2 },
    { attribute: "_output_dense", scope: "attention_output", kernel: [heads, size, features], summed: 2, outer: 2 },
  ];
  return attentionOf(question, projections);
};
