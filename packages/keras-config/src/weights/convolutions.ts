// Convolutions: kernels are (windows…, channels in, channels out), whatever the data format.

import { flagAt, integerAt, isChannelsFirst, textAt } from "../shapes/arguments.ts";
import { pictureOf, product, type Shape, type Size, sum } from "../shapes/shape.ts";
import { type Windows, windowCount, windowsOf } from "../shapes/windows.ts";
import { lora, madeInOrder } from "./projections.ts";
import type { WeightQuestion, WeightRule } from "./rule.ts";
import { holding, inFile, own } from "./variables.ts";

/** The channels of what a layer takes; `null` if they are not known. */
function channelsOf({ config, input }: WeightQuestion): Size {
  return pictureOf(input, isChannelsFirst(config))?.channels ?? null;
}

function divided(one: Size, two: number): Size {
  return one === null || one % two !== 0 ? null : one / two;
}

function hasBias({ config }: WeightQuestion): boolean {
  return flagAt(config, true, "use_bias", "bias");
}

/** Conv, with LoRA beside its kernel in Keras 3. */
export function convolution(rank: number): WeightRule {
  return (question) => {
    const { layer, config, policy } = question;
    const windows = windowsOf(config, rank);
    if (windows === undefined) return undefined;
    const filters = integerAt(config, "filters", "nb_filter") ?? null;
    const shape = [...windows.size, divided(channelsOf(question), integerAt(config, "groups") ?? 1), filters];
    const loraRank = integerAt(config, "lora_rank");
    const plain = own(
      policy.variable,
      ["kernel", shape, loraRank === undefined],
      hasBias(question) && ["bias", [filters]],
    );
    return {
      ...holding(layer.name, madeInOrder([...plain, ...lora(loraRank, "kernel", shape, policy.variable)])),
      stored: inFile(plain),
    };
  };
}

/** A rule for kernels whose shapes follow from their windows. */
function kernels(
  rank: number,
  specs: (size: readonly number[], question: WeightQuestion, filters: Size) => readonly WeightShape[],
): WeightRule {
  return (question) => {
    const { layer, config, policy } = question;
    const windows = windowsOf(config, rank);
    const filters = integerAt(config, "filters", "nb_filter") ?? null;
    return windows && holding(layer.name, own(policy.variable, ...specs(windows.size, question, filters)));
  };
}

/** A name and a shape; `false` for what the layer has not. */
type WeightShape = readonly [name: string, shape: Shape] | false;

/** ConvTranspose: the channels in and out change places. */
export function transposed(rank: number): WeightRule {
  return kernels(rank, (size, question, filters) => [
    ["kernel", [...size, filters, channelsOf(question)]],
    hasBias(question) && ["bias", [filters]],
  ]);
}

/** DepthwiseConv: each channel for itself. */
export function depthwise(rank: number): WeightRule {
  return kernels(rank, (size, question) => {
    const channels = channelsOf(question);
    const multiplier = integerAt(question.config, "depth_multiplier") ?? 1;
    return [
      [question.era.major >= 3 ? "kernel" : "depthwise_kernel", [...size, channels, multiplier]],
      hasBias(question) && ["bias", [product([channels, multiplier])]],
    ];
  });
}

/** SeparableConv: each channel for itself, then all of them at each point. */
export function separable(rank: number): WeightRule {
  return kernels(rank, (size, question, filters) => {
    const channels = channelsOf(question);
    const multiplier = integerAt(question.config, "depth_multiplier") ?? 1;
    return [
      ["depthwise_kernel", [...size, channels, multiplier]],
      ["pointwise_kernel", [...size.map(() => 1), product([channels, multiplier]), filters]],
      hasBias(question) && ["bias", [filters]],
    ];
  });
}

/**
 * LocallyConnected (Keras 1 and 2): a kernel for each place. `implementation` 1 stores them one after the other, 2 as one matrix from
 * every number to every other, 3 only the numbers in it that are not always zero.
 */
export function locallyConnected(rank: number): WeightRule {
  return (question) => {
    const { layer, config, policy, input } = question;
    const windows = windowsOf(config, rank);
    const image = pictureOf(input, isChannelsFirst(config));
    if (windows === undefined || image?.space.length !== rank) return undefined;
    const filters = integerAt(config, "filters", "nb_filter") ?? null;
    const places = image.space.map((size, axis) => windowCount(size, axis, windows));
    const first = isChannelsFirst(config);
    const ordered = (space: Shape, channels: Size): Shape => (first ? [channels, ...space] : [...space, channels]);
    const implementation = integerAt(config, "implementation") ?? 1;
    let kernel: Shape;
    if (implementation === 1) {
      kernel = [product(places), product([...windows.size, image.channels]), filters];
    } else if (implementation === 2) {
      kernel = [...ordered(image.space, image.channels), ...ordered(places, filters)];
    } else {
      const same = textAt(config, "padding", "border_mode") === "same";
      const pairs = product(image.space.map((size, axis) => pairsOn(size, axis, windows, same)));
      kernel = [product([pairs, image.channels, filters])];
    }
    return holding(
      layer.name,
      own(policy.variable, ["kernel", kernel], hasBias(question) && ["bias", ordered(places, filters)]),
    );
  };
}

/** How many pairs of a place and a number in its window there are on an axis. */
function pairsOn(length: Size, axis: number, windows: Windows, same: boolean): Size {
  const count = windowCount(length, axis, windows);
  const size = windows.size[axis] ?? 1;
  // More places than any layer has would only take time.
  if (count === null || length === null || count > 1_000_000) return null;
  if (!same) return count * size;
  const stride = windows.strides[axis] ?? 1;
  const before = Math.floor(size / 2);
  const inside = Array.from({ length: count }, (_, place) => {
    const start = place * stride - before;
    return Math.min(length, start + size) - Math.max(0, start);
  });
  return sum(...inside);
}
