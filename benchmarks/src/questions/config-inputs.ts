import { writeFile } from "node:fs/promises";
import { fromPlain, type PlainSource, pyFloat, stringifyJson, stringifyYaml } from "@modelbytes/keras-config";
import type { Input, Inputs } from "../question.ts";
import { countText } from "../units.ts";

/** The text of a Functional model of so many layers, as `json.dumps` or `yaml.dump` writes it. */
export async function functionalText({ scratch }: Inputs, layers: number, form: "json" | "yaml"): Promise<Input> {
  const config = fromPlain(functionalConfig(layers));
  const text = form === "json" ? stringifyJson(config) : stringifyYaml(config);
  const path = await scratch.file(`${layers}-layers.${form}`, text.length, (path) => writeFile(path, text));
  const label = `${countText(layers)} layers, ${(text.length / 1e6).toPrecision(2)} MB`;
  return { label, path, bytes: text.length, items: layers, judged: true };
}

/** What Keras 3 says of a Functional model: convolutions, and after three of them a sum. */
export function functionalConfig(layers: number): PlainSource {
  const nodes = Array.from({ length: layers - 1 }, (_, index) => {
    const number = index + 1;
    return number % 4 === 0 ? added(number) : convolution(number);
  });
  return {
    module: "keras.src.models.functional",
    class_name: "Functional",
    config: {
      name: "functional",
      trainable: true,
      layers: [inputLayer(), ...nodes],
      input_layers: [["layer_0", 0n, 0n]],
      output_layers: [[`layer_${layers - 1}`, 0n, 0n]],
    },
    registered_name: "Functional",
    build_config: { input_shape: null },
  };
}

const SHAPE = [null, 56n, 56n, 256n];

function inputLayer(): PlainSource {
  const config = {
    batch_shape: SHAPE,
    dtype: "float32",
    sparse: false,
    ragged: false,
    name: "layer_0",
    optional: false,
  };
  return named("InputLayer", "layer_0", config, []);
}

function convolution(number: number): PlainSource {
  const name = `layer_${number}`;
  const config = {
    name,
    trainable: true,
    dtype: policy(),
    filters: 256n,
    kernel_size: [3n, 3n],
    strides: [1n, 1n],
    padding: "same",
    data_format: "channels_last",
    dilation_rate: [1n, 1n],
    groups: 1n,
    activation: "relu",
    use_bias: true,
    depth_multiplier: 1n,
    ...ofKernel("depthwise"),
    ...ofKernel("pointwise"),
    ...ofKernel("bias"),
    activity_regularizer: null,
  };
  return { ...named("SeparableConv2D", name, config, [[number - 1]]), build_config: { input_shape: SHAPE } };
}

function ofKernel(kernel: string): Record<string, PlainSource> {
  return {
    [`${kernel}_initializer`]: object("keras.initializers", "RandomNormal", {
      seed: null,
      mean: pyFloat(0),
      stddev: pyFloat(0.01),
    }),
    [`${kernel}_regularizer`]: object("keras.regularizers", "L2", { l2: pyFloat(9.999999747378752e-5) }),
    [`${kernel}_constraint`]: object("keras.constraints", "MaxNorm", { max_value: pyFloat(2), axis: 0n }),
  };
}

function added(number: number): PlainSource {
  const name = `layer_${number}`;
  const config = { name, trainable: true, dtype: policy() };
  const from = [number - 1, Math.max(0, number - 2)];
  return { ...named("Add", name, config, [from]), build_config: { input_shape: [SHAPE, SHAPE] } };
}

function named(className: string, name: string, config: PlainSource, calls: readonly (readonly number[])[]) {
  const nodes = calls.map((from) => {
    const tensors = from.map(tensorOf);
    return { args: tensors.length === 1 ? tensors : [tensors], kwargs: {} };
  });
  return { ...object("keras.layers", className, config), name, inbound_nodes: nodes };
}

function tensorOf(layer: number): PlainSource {
  const config = { shape: SHAPE, dtype: "float32", keras_history: [`layer_${layer}`, 0n, 0n] };
  return { class_name: "__keras_tensor__", config };
}

function policy() {
  return object("keras", "DTypePolicy", { name: "float32" });
}

function object(module: string, className: string, config: PlainSource) {
  return { module, class_name: className, config, registered_name: null };
}
