/**
 * How kernels are stored when a layer is quantized (Keras 3), beside the bias:
 *
 *     int8     kernel int8, kernel_scale                                            one scale for each channel
 *     int4     kernel int8, two numbers in each byte, kernel_scale
 *              with blocks: kernel_scale, kernel_zero, g_idx                        by groups of rows
 *     float8   kernel as it was, then a scale and a history for inputs, kernel and gradients
 *     gptq     kernel uint8, columns × rows, kernel_scale, kernel_zero, g_idx
 *     awq      the same with awq_scales before g_idx
 */

import type { Size } from "../shapes/shape.ts";
import type { Quantization } from "./policy.ts";
import type { Kernel } from "./projections.ts";
import { own, type Variable } from "./variables.ts";

/** How many groups of `block` there are in `size`. */
function groups(size: Size, block: number | undefined): Size {
  return block === undefined ? 1 : size === null ? null : Math.ceil(size / block);
}

/** Two numbers in each byte. */
function halved(size: Size): Size {
  return size === null ? null : Math.ceil(size / 2);
}

/** The variables in the place of a kernel, in the order of the file; `undefined` for a mode that is not known. */
export function quantizedKernel(
  quantization: Quantization,
  dtype: string | undefined,
  kernel: Kernel,
  plain: readonly Variable[],
): readonly Variable[] | undefined {
  const { mode, blockSize, bits, historyLength } = quantization;
  const { shape, rows, columns, channelScale, zeroName } = kernel;
  const count = groups(rows, blockSize);
  switch (mode) {
    case "int8":
      return own(dtype, ["kernel", shape, false, "int8"], ["kernel_scale", channelScale, false]);
    case "int4": {
      const packed = [rows, halved(columns)];
      if (blockSize === undefined) {
        return own(dtype, ["kernel", packed, false, "int8"], ["kernel_scale", [columns], false]);
      }
      const scale = [count, columns];
      return own(
        dtype,
        ["kernel", packed, false, "int8"],
        ["kernel_scale", scale, false],
        ["kernel_zero", scale, false, "int8"],
        ["g_idx", [rows], false, "float32"],
      );
    }
    case "float8":
      return [...plain, ...["inputs", "kernel", "outputs_grad"].flatMap((of) => history(of, historyLength))];
    case "gptq":
    case "awq": {
      const [height, width] = packedSides(kernel);
      const half = mode === "awq" || bits === 4;
      const scale = [width, groups(height, blockSize)];
      return own(
        dtype,
        ["kernel", [half ? halved(width) : width, height], false, "uint8"],
        ["kernel_scale", scale, false],
        [zeroName, scale, false, "uint8"],
        mode === "awq" && ["awq_scales", [height], false],
        ["g_idx", [height], false, "float32"],
      );
    }
    default:
      return undefined;
  }
}

/** Kernels of three axes are cut in two where their longest axis is, whatever is summed over. */
function packedSides({ shape }: Kernel): readonly [rows: Size, columns: Size] {
  const [first = null, second = null, third = null] = shape;
  if (shape.length === 2) return [first, second];
  if (shape.length !== 3 || first === null || second === null || third === null) return [null, null];
  return first >= second && first >= third ? [first, second * third] : [first * second, third];
}

function history(of: string, length: number): readonly Variable[] {
  return own("float32", [`${of}_scale`, []], [`${of}_amax_history`, [length]]);
}

/** The same for the table of an embedding, whose scales are for its rows. */
export function quantizedTable(
  { mode, blockSize }: Quantization,
  dtype: string | undefined,
  rows: Size,
  columns: Size,
  hasReverse: boolean,
): readonly Variable[] | undefined {
  if (mode !== "int8" && mode !== "int4") return undefined;
  const width = mode === "int4" ? halved(columns) : columns;
  const isGrouped = mode === "int4" && blockSize !== undefined;
  const count = groups(columns, blockSize);
  const scale = isGrouped ? [rows, count] : [rows];
  const backScale = isGrouped ? [count, rows] : [rows];
  return own(
    dtype,
    ["embeddings", [rows, width], false, "int8"],
    ["embeddings_scale", scale, false],
    isGrouped && ["embeddings_zero", scale, false, "int8"],
    isGrouped && ["g_idx", [columns], false, "float32"],
    hasReverse && ["reverse_embeddings", [width, rows], false, "int8"],
    hasReverse && ["reverse_embeddings_scale", backScale, false],
    hasReverse && isGrouped && ["reverse_embeddings_zero", backScale, false, "float32"],
  );
}
