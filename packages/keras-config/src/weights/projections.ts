// Dense, EinsumDense and Embedding: a kernel that may be quantized, with LoRA beside it.

import { flagAt, integerAt } from "../shapes/arguments.ts";
import { readEinsum } from "../shapes/einsum.ts";
import { product, type Shape, type Size, sizeAt } from "../shapes/shape.ts";
import type { Policy } from "./policy.ts";
import { quantizedKernel, quantizedTable } from "./quantized.ts";
import type { WeightRule } from "./rule.ts";
import { type Holding, holding, inFile, own, type Variable } from "./variables.ts";

/** Dense. */
export const dense: WeightRule = ({ layer, config, input, policy }) => {
  const units = integerAt(config, "units", "output_dim") ?? null;
  const rows = sizeAt(input, -1);
  const loraRank = integerAt(config, "lora_rank");
  const kernel = {
    shape: [rows, units],
    rows,
    columns: units,
    channelScale: [units],
    zeroName: "kernel_zero",
    loraRank,
  };
  return projectionOf(layer.name, policy, kernel, flagAt(config, true, "use_bias", "bias") ? [units] : undefined);
};

/** EinsumDense. */
export const einsumDense: WeightRule = ({ layer, config, input, policy }) => {
  const einsum = readEinsum(config, input);
  if (einsum === undefined) return undefined;
  const { kernel: shape, kernelLetters, outputLetters, bias } = einsum;
  const isKept = [...kernelLetters].map((letter) => outputLetters.includes(letter));
  const kernel = {
    shape,
    rows: product(shape.filter((_, axis) => isKept[axis] === false)),
    columns: product(shape.filter((_, axis) => isKept[axis] === true)),
    channelScale: [...outputLetters].map((letter) => sizeOfLetter(letter, kernelLetters, shape)),
    zeroName: "zero_point",
    loraRank: integerAt(config, "lora_rank"),
  };
  return projectionOf(layer.name, policy, kernel, bias);
};

/** A kernel has one scale along each axis of the output that is not its own. */
function sizeOfLetter(letter: string, letters: string, shape: Shape): Size {
  const axis = letters.indexOf(letter);
  return axis < 0 ? 1 : (shape[axis] ?? null);
}

/** A kernel before it is quantized. */
export interface Kernel {
  readonly shape: Shape;
  /** What is summed over, and what is not, each in one. */
  readonly rows: Size;
  readonly columns: Size;
  /** The shape of one scale for each channel. */
  readonly channelScale: Shape;
  /** What the layer calls the zero points. */
  readonly zeroName: string;
  readonly loraRank: number | undefined;
}

/** What a layer with a kernel, and perhaps a bias, holds. */
export function projectionOf(
  scope: string,
  { variable, quantization }: Policy,
  kernel: Kernel,
  biasShape: Shape | undefined,
): Holding | undefined {
  const { shape, loraRank, zeroName } = kernel;
  const plain = own(variable, ["kernel", shape, loraRank === undefined]);
  const stored = quantization === undefined ? plain : quantizedKernel(quantization, variable, kernel, plain);
  if (stored === undefined) return undefined;
  const kernels = stored.filter(({ name }) => name === "kernel");
  const scales = stored.filter(({ name }) => name !== "kernel");
  const biases = own(variable, biasShape && ["bias", biasShape]);
  const added = lora(loraRank, "kernel", shape, variable);
  switch (quantization?.mode) {
    // The histories of float8 are made before the kernel, and are trained.
    case "float8":
      return layerOf(scope, [...scales, ...kernels, ...biases, ...added], [...kernels, ...biases, ...scales]);
    // Keras 3.15 leaves the zero points of gptq and awq out of `.weights.h5` files.
    case "gptq":
    case "awq": {
      const written = scales.filter(({ name }) => name !== zeroName);
      return layerOf(scope, [...biases, ...kernels, ...scales], [...biases, ...kernels, ...written]);
    }
    default:
      return layerOf(scope, [...kernels, ...biases, ...added, ...scales], [...kernels, ...biases, ...scales]);
  }
}

function layerOf(name: string, made: readonly Variable[], file: readonly Variable[]): Holding {
  return { ...holding(name, madeInOrder(made)), stored: inFile(file) };
}

/** Two small matrices that are added to the kernel. In `.weights.h5` files the sum is the kernel; old files have them all. */
export function lora(
  rank: number | undefined,
  name: string,
  shape: Shape,
  dtype: string | undefined,
): readonly Variable[] {
  if (rank === undefined) return [];
  return own(
    dtype,
    [`lora_${name}_a`, [...shape.slice(0, -1), rank]],
    [`lora_${name}_b`, [rank, shape.at(-1) ?? null]],
  );
}

/** Layers give what is trained first. */
export function madeInOrder(variables: readonly Variable[]): readonly Variable[] {
  return [...variables.filter(({ trainable }) => trainable), ...variables.filter(({ trainable }) => !trainable)];
}

/** Embedding, and ReversibleEmbedding with a second table for the way back unless the two are tied. */
export const embedding: WeightRule = ({ layer, config, policy }) => {
  const [rows, columns] = [integerAt(config, "input_dim") ?? null, integerAt(config, "output_dim") ?? null];
  const rank = integerAt(config, "lora_rank");
  const isUntied = layer.className === "ReversibleEmbedding" && !flagAt(config, true, "tie_weights");
  const shape = [rows, columns];
  const plain = own(policy.variable, ["embeddings", shape, rank === undefined]);
  const back = own(policy.variable, isUntied && ["reverse_embeddings", [columns, rows]]);
  const stored =
    policy.quantization === undefined
      ? [...plain, ...back]
      : quantizedTable(policy.quantization, policy.variable, rows, columns, isUntied);
  if (stored === undefined) return undefined;
  const variables = madeInOrder([...stored, ...lora(rank, "embeddings", shape, policy.variable)]);
  return { ...holding(layer.name, variables), stored: inFile(stored) };
};
