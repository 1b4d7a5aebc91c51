import { CorruptError } from "@modelbytes/bytes";
import { bareClass, type ConfiguredLayer, type JsonObject } from "../model-config.ts";
import type { Step } from "./conversion.ts";
import { type Formula, flipped, reshaped, transposed } from "./formula.ts";

/** A layer that convolves, in the words of Keras 2. */
export interface Convolution {
  readonly className: "Conv1D" | "Conv2D" | "Conv3D" | "Conv2DTranspose" | "ConvLSTM2D";
  readonly filters: number | undefined;
  readonly kernelSize: readonly number[] | undefined;
  readonly isChannelsFirst: boolean;
}

const CLASSES: Readonly<Record<string, Convolution["className"]>> = {
  Conv1D: "Conv1D",
  Conv2D: "Conv2D",
  Conv3D: "Conv3D",
  Conv2DTranspose: "Conv2DTranspose",
  ConvLSTM2D: "ConvLSTM2D",
  // aliases of Keras 2, and the names of Keras 1
  Convolution1D: "Conv1D",
  Convolution2D: "Conv2D",
  Convolution3D: "Conv3D",
  Convolution2DTranspose: "Conv2DTranspose",
  Deconvolution2D: "Conv2DTranspose",
  AtrousConvolution1D: "Conv1D",
  AtrousConvolution2D: "Conv2D",
};

/** The convolution that a layer is; `undefined` for other layers. */
export function convolution(layer: ConfiguredLayer): Convolution | undefined {
  const name = bareClass(layer);
  const className = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (className === undefined) return undefined;
  const { filters, nb_filter: filters1, data_format: format, dim_ordering: format1 } = layer.config;
  return {
    className,
    filters: numbers(filters ?? filters1)?.[0],
    kernelSize: kernelSize(layer.config),
    isChannelsFirst: format === "channels_first" || format1 === "th",
  };
}

function kernelSize(config: JsonObject): readonly number[] | undefined {
  const keras1 = [["filter_length"], ["nb_row", "nb_col"], ["kernel_dim1", "kernel_dim2", "kernel_dim3"]];
  const names = keras1.find(([first = ""]) => config[first] !== undefined);
  const { kernel_size: size } = config;
  return numbers(names === undefined ? size : names.map((name) => config[name]));
}

function numbers(value: unknown): readonly number[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const found = list.filter((each) => typeof each === "number");
  return found.length === list.length ? found : undefined;
}

/** The kernel of Keras 1; `undefined` where it is as that of Keras 2. Throws a `CorruptError` for one that is neither's. */
export function keras1Kernel(layer: Convolution, weights: readonly Formula[]): Step | undefined {
  const [kernel, ...others] = weights;
  if (kernel === undefined) return undefined;
  const { className, isChannelsFirst } = layer;
  switch (className) {
    case "Conv1D":
      return { conversion: "keras-1-conv1d-kernel", weights: [keras1Conv1DKernel(layer, kernel), ...others] };
    case "Conv2D":
      if (!isChannelsFirst) return undefined;
      return { conversion: "keras-1-conv2d-kernel", weights: [turned(layer, kernel, 2, 3, 1, 0), ...others] };
    case "Conv3D":
      if (!isChannelsFirst) return undefined;
      return { conversion: "keras-1-conv3d-kernel", weights: [turned(layer, kernel, 2, 3, 4, 1, 0), ...others] };
    case "Conv2DTranspose": {
      const axes = isChannelsFirst ? [2, 3, 0, 1] : [0, 1, 3, 2];
      return { conversion: "keras-1-conv2d-transpose-kernel", weights: [turned(layer, kernel, ...axes), ...others] };
    }
    case "ConvLSTM2D":
      return undefined; // its kernels are turned with its gates
  }
}

function keras1Conv1DKernel(layer: Convolution, kernel: Formula): Formula {
  const { filters, kernelSize: [length] = [] } = layer;
  const [first, second, third, fourth] = kernel.shape;
  const isOf11 = first === length && second === 1 && fourth === filters;
  const isOf10 = first === filters && third === length && fourth === 1;
  if (kernel.shape.length !== 4 || !(isOf11 || isOf10)) throw unfit(layer, kernel);
  const newer = isOf11 ? kernel : transposed(kernel, 2, 3, 1, 0);
  return reshaped(newer, ...newer.shape.filter((_, axis) => axis !== 1));
}

function turned(layer: Convolution, kernel: Formula, ...axes: readonly number[]): Formula {
  if (kernel.shape.length !== axes.length) throw unfit(layer, kernel);
  return transposed(kernel, ...axes);
}

/** Kernels turned around along all axes but those of channels. */
export function turnedKernels(layer: Convolution, weights: readonly Formula[]): Step {
  return {
    conversion: "theano-kernel-flip",
    weights: withKernels(layer, weights, (kernel) => {
      if (kernel.shape.length < 3) throw unfit(layer, kernel);
      return flipped(kernel, 2);
    }),
  };
}

/**
 * Kernels that do not fit their layer, and do once their axes are in another order. Keras turns all that do not fit so and fails
 * where that does not help.
 */
export function transposedKernels(layer: Convolution, weights: readonly Formula[]): Step | undefined {
  const [kernel] = weights;
  if (kernel === undefined || kernel.shape.length !== 4 || isFitting(layer, kernel.shape)) return undefined;
  const transpose = (of: Formula) => turned(layer, of, 3, 2, 0, 1);
  if (!isFitting(layer, transpose(kernel).shape)) return undefined;
  return { conversion: "transposed-kernel", weights: withKernels(layer, weights, transpose) };
}

/** Gates of an LSTM in the last axis of its kernels. */
const LSTM_GATES = 4;

/** Whether a kernel may be the layer's, as far as its configuration tells: how many channels go in follows from the layer before it. */
function isFitting({ className, kernelSize, filters }: Convolution, shape: readonly number[]): boolean {
  if (kernelSize === undefined || filters === undefined) return true;
  const outputs = shape.at(className === "Conv2DTranspose" ? -2 : -1);
  const isFitted = shape.length === kernelSize.length + 2 && kernelSize.every((size, axis) => size === shape[axis]);
  return isFitted && outputs === (className === "ConvLSTM2D" ? LSTM_GATES * filters : filters);
}

/** With the kernels changed: the first weight, of a recurrent layer the second too. */
function withKernels(
  { className }: Convolution,
  weights: readonly Formula[],
  change: (kernel: Formula) => Formula,
): Formula[] {
  const kernels = className === "ConvLSTM2D" ? 2 : 1;
  return weights.map((weight, index) => (index < kernels ? change(weight) : weight));
}

function unfit({ className }: Convolution, { shape }: Formula): CorruptError {
  return new CorruptError("legacy-weights", `[${shape.join(", ")}] is not the shape of a kernel of this ${className}`);
}
