// Convolutions and poolings: how many windows there are on each axis.

import type { PyDict } from "../value.ts";
import { flagAt, integerAt, integersAt, isChannelsFirst, sizesAt, textAt } from "./arguments.ts";
import { type ShapeRule, single } from "./layer-shapes.ts";
import { fromPicture, type Picture, pictureOf, type Shape, type Size } from "./shape.ts";
import { poolsOf, transposedLength, type Windows, windowCount, windowsOf } from "./windows.ts";

/** A rule for pictures: their new sizes in space and channels. */
export function picture(
  rank: number,
  rule: (image: Picture, config: PyDict) => { readonly space: Shape; readonly channels: Size } | undefined,
): ShapeRule {
  return single((shape, { config }) => {
    const first = isChannelsFirst(config);
    const image = pictureOf(shape, first);
    if (image?.space.length !== rank) return undefined;
    const result = rule(image, config);
    return result === undefined ? undefined : fromPicture({ batch: image.batch, ...result }, first);
  });
}

/** The sizes after windows have been laid on each axis. */
function counted(space: Shape, windows: Windows | undefined): Shape | undefined {
  return windows && space.map((length, axis) => windowCount(length, axis, windows));
}

/** Conv, SeparableConv and LocallyConnected. */
export function convolution(rank: number): ShapeRule {
  return picture(rank, ({ space }, config) => {
    const sizes = counted(space, windowsOf(config, rank));
    return sizes && { space: sizes, channels: integerAt(config, "filters", "nb_filter") ?? null };
  });
}

/** DepthwiseConv. */
export function depthwise(rank: number): ShapeRule {
  return picture(rank, ({ space, channels }, config) => {
    const sizes = counted(space, windowsOf(config, rank));
    const multiplier = integerAt(config, "depth_multiplier") ?? 1;
    return sizes && { space: sizes, channels: channels === null ? null : channels * multiplier };
  });
}

/** ConvTranspose. In Keras 1 the layer is told what it gives. */
export function transposed(rank: number): ShapeRule {
  const rule = picture(rank, ({ space }, config) => {
    const windows = windowsOf(config, rank);
    const padding = sizesAt(config, rank, "output_padding");
    const channels = integerAt(config, "filters", "nb_filter") ?? null;
    return (
      windows && { space: space.map((size, axis) => transposedLength(size, axis, windows, padding?.[axis])), channels }
    );
  });
  return (question) => (question.config.has("output_shape") ? undefined : rule(question));
}

/** MaxPooling and AveragePooling. */
export function pooling(rank: number): ShapeRule {
  return picture(rank, ({ space, channels }, config) => {
    const sizes = counted(space, poolsOf(config, rank));
    return sizes && { space: sizes, channels };
  });
}

/** GlobalMaxPooling and GlobalAveragePooling. */
export function globalPooling(rank: number): ShapeRule {
  return single((shape, { config }) => {
    const first = isChannelsFirst(config);
    const image = pictureOf(shape, first);
    if (image?.space.length !== rank) return undefined;
    if (!flagAt(config, false, "keepdims")) return [image.batch, image.channels];
    return fromPicture({ ...image, space: image.space.map(() => 1) }, first);
  });
}

/** AdaptiveMaxPooling and AdaptiveAveragePooling. */
export function adaptivePooling(rank: number): ShapeRule {
  return picture(rank, ({ channels }, config) => {
    const space = sizesAt(config, rank, "output_size");
    return space && { space, channels };
  });
}

/** STFTSpectrogram: windows in time, a channel for each frequency. */
export const spectrogram: ShapeRule = single((shape, { config }) => {
  const first = isChannelsFirst(config);
  const signal = pictureOf(shape, first);
  const size = integersAt(config, "frame_length");
  const length = integerAt(config, "fft_length") ?? size?.[0];
  if (signal === undefined || size === undefined || length === undefined) return undefined;
  const strides = integersAt(config, "frame_step") ?? [Math.floor((size[0] ?? 0) / 2)];
  const windows = { size, strides, dilation: [1], padding: textAt(config, "padding") ?? "valid" };
  const parts = textAt(config, "mode") === "stft" ? 2 : 1;
  const frequencies = (Math.floor(length / 2) + 1) * parts;
  const [time = null] = signal.space.map((size, axis) => windowCount(size, axis, windows));
  const { batch, channels } = signal;
  if (flagAt(config, false, "expand_dims")) {
    return first ? [batch, channels, time, frequencies] : [batch, time, frequencies, channels];
  }
  return fromPicture({ batch, space: [time], channels: channels === null ? null : channels * frequencies }, first);
});

/** MelSpectrogram. */
export const melSpectrogram: ShapeRule = single((shape, { config }) => {
  const step = integerAt(config, "sequence_stride");
  const bins = integerAt(config, "num_mel_bins");
  const time = shape.at(-1) ?? null;
  if (step === undefined || bins === undefined || shape.length > 2) return undefined;
  return [...shape.slice(0, -1), bins, time === null ? null : Math.floor((time + step + 1) / step)];
});
