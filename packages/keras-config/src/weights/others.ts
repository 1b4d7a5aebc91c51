// Layers with variables of their own kind: spectrograms, random features, lookups.

import { integerAt, integersAt, itemsAt, textAt } from "../shapes/arguments.ts";
import { held } from "../shapes/recurrent.ts";
import { sizeAt } from "../shapes/shape.ts";
import { numbered } from "./numbered.ts";
import type { WeightRule } from "./rule.ts";
import { type Holding, holding, own, type Part } from "./variables.ts";

/** STFTSpectrogram: the windows as kernels of a convolution. */
export const spectrogram: WeightRule = ({ layer, config, policy }) => {
  const [frame] = integersAt(config, "frame_length") ?? [];
  const length = integerAt(config, "fft_length") ?? frame;
  const mode = textAt(config, "mode") ?? "log";
  if (frame === undefined || length === undefined) return undefined;
  const shape = [frame, 1, Math.floor(length / 2) + 1];
  return holding(
    layer.name,
    own(policy.variable, mode !== "imag" && ["real_kernel", shape], mode !== "real" && ["imag_kernel", shape]),
  );
};

/** RandomFourierFeatures (Keras 2): only the scale may be trained. */
export const randomFeatures: WeightRule = ({ layer, config, input, policy }) => {
  const output = integerAt(config, "output_dim") ?? null;
  return holding(
    layer.name,
    own(
      policy.variable,
      ["kernel_scale", [1], config.get("trainable") === true],
      ["unscaled_kernel", [sizeAt(input, -1), output], false],
      ["bias", [output], false],
    ),
  );
};

/** StringLookup, IntegerLookup: with `tf_idf`, a weight for each word, only in `.weights.h5` files, where it has a name. */
export const lookup: WeightRule = ({ layer, config, era }) => {
  if (textAt(config, "output_mode") !== "tf_idf") return holding(layer.name, []);
  const words = itemsAt(config, "vocabulary");
  const size = words === undefined ? null : words.length + (integerAt(config, "num_oov_indices") ?? 1);
  const [variable] = own("float32", ["idf_weights", [size], false]);
  if (variable === undefined) return undefined;
  // Keras 2 has a variable without a length, and another one where `adapt` counts; both without a name of their own.
  const unnamed = own(
    "float32",
    era.major === 2 && ["Variable", [null], false],
    era.major === 2 && words === undefined && ["Variable", [], false, "int64"],
  );
  return { ...holding(undefined, unnamed), stored: [{ key: "idf_weights", variable }] };
};

/** Discretization: in Keras 2, what `adapt` has seen unless the boundaries are given. */
export const discretization: WeightRule = ({ layer, config, era }) =>
  holding(
    layer.name,
    own("float32", era.major === 2 && itemsAt(config, "bin_boundaries") === undefined && ["summary", [2, null], false]),
  );

/** TextVectorization: a lookup in it, whose weights it writes, too. */
export const vectorization: WeightRule = (question) => {
  const inner = lookup(question);
  if (inner === undefined || inner.stored.length === 0) return inner;
  const part: Part = { attribute: "_lookup_layer", holding: { ...inner, scope: undefined } };
  return { ...inner, own: [], parts: [part] };
};

/** Pipeline: the layers in it, each built for what the one before gives. */
export const pipeline: WeightRule = ({ layer, inputs, holdingOf, outputsOf }) => {
  const parts: Part[] = [];
  const step = numbered("layers");
  let shapes = inputs;
  for (const inner of held(layer, "layers")) {
    const part: Holding | undefined = holdingOf(inner, shapes);
    if (part === undefined) return undefined;
    parts.push({ attribute: step(inner.className), holding: part });
    shapes = outputsOf(inner, shapes) ?? [undefined];
  }
  return { scope: layer.name, trainable: true, own: [], stored: [], parts };
};
