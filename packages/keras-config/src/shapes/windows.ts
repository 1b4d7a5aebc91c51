// How many places a window has on an axis, and how long an axis becomes when windows are laid on it.

import type { PyDict } from "../value.ts";
import { integerAt, sizesAt, textAt } from "./arguments.ts";
import type { Size } from "./shape.ts";

/** What a convolution says of its windows; arrays have one number for each axis in space. */
export interface Windows {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  /** `valid`, `same`, `causal`; `full` in Keras 1. */
  readonly padding: string;
}

/** The windows of a convolution over `rank` axes; `undefined` if the config does not say them. */
export function windowsOf(config: PyDict, rank: number): Windows | undefined {
  const ones = Array.from({ length: rank }, () => 1);
  const size = sizesAt(config, rank, "kernel_size", "filter_length") ?? apart(config, KERNEL_SIDES[rank]);
  const strides = sizesAt(config, rank, "strides", "subsample", "subsample_length") ?? ones;
  const dilation = sizesAt(config, rank, "dilation_rate", "atrous_rate") ?? ones;
  const padding = textAt(config, "padding", "border_mode") ?? "valid";
  return size === undefined ? undefined : { size, strides, dilation, padding };
}

/** Keras 1 has an argument for each side. */
const KERNEL_SIDES: readonly (readonly string[])[] = [
  [],
  ["filter_length"],
  ["nb_row", "nb_col"],
  ["kernel_dim1", "kernel_dim2", "kernel_dim3"],
];

function apart(config: PyDict, names: readonly string[] | undefined): readonly number[] | undefined {
  if (names === undefined) return undefined;
  const sizes = names.map((name) => integerAt(config, name)).filter((size) => size !== undefined);
  return sizes.length === names.length ? sizes : undefined;
}

/** The windows of a pooling over `rank` axes. Strides are as long as the windows unless they are given. */
export function poolsOf(config: PyDict, rank: number): Windows | undefined {
  const size = sizesAt(config, rank, "pool_size", "pool_length");
  if (size === undefined) return undefined;
  const strides = sizesAt(config, rank, "strides", "stride") ?? size;
  return { size, strides, dilation: size.map(() => 1), padding: textAt(config, "padding", "border_mode") ?? "valid" };
}

/** How many windows there are on an axis; `null` where Keras refuses, too. */
export function windowCount(length: Size, axis: number, windows: Windows): Size {
  const { size, strides, dilation, padding } = windows;
  const stride = strides[axis] ?? 1;
  const reach = ((size[axis] ?? 1) - 1) * (dilation[axis] ?? 1);
  if (length === null || stride < 1) return null;
  const starts = padding === "valid" ? length - reach : padding === "full" ? length + reach : length;
  return starts > 0 ? Math.floor((starts - 1) / stride) + 1 : null;
}

/** How long an axis is from which the same windows would be taken: what a transposed convolution gives. */
export function transposedLength(
  length: Size,
  axis: number,
  windows: Windows,
  outputPadding: number | undefined,
): Size {
  const { size, strides, dilation, padding } = windows;
  if (length === null) return null;
  const stride = strides[axis] ?? 1;
  const extent = ((size[axis] ?? 1) - 1) * (dilation[axis] ?? 1) + 1;
  if (outputPadding === undefined) return length * stride + (padding === "valid" ? Math.max(extent - stride, 0) : 0);
  const cut = padding === "same" ? 2 * Math.floor(extent / 2) : 0;
  return (length - 1) * stride + extent - cut + outputPadding;
}
