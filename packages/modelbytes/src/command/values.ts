import { elementCount, type Tensor } from "@modelbytes/tensor";
import { elementText } from "./element-text.ts";

/** A tensor of more elements is summarised. */
const MOST_ELEMENTS = 1000;

/** Characters of a line; numpy's. */
const LINE_WIDTH = 75;

/** What is shown of a dimension that is too long: from its beginning and from its end. */
const ENDS = [
  [3, 3],
  [2, 2],
  [1, 1],
  [1, 0],
] as const;

/** An index along a dimension, or where indices are left out. */
type Step = number | "…";

/** The values of a tensor, nested and aligned as numpy prints them. Dimensions are cut in the middle where they are too many. */
export function formatValues(tensor: Tensor): string {
  const { shape } = tensor;
  const steps = stepsOf(shape);
  const strides = shape.map((_, at) => shape.slice(at + 1).reduce((product, dim) => product * dim, 1));
  const align = tensor.dtype !== "string" && tensor.dtype !== "variant";
  const width = align ? Math.max(...indices(steps, strides).map((index) => elementText(tensor, index).length), 0) : 0;

  const nested = (dim: number, offset: number): string => {
    const dimension = steps[dim];
    if (dimension === undefined) return elementText(tensor, offset).padStart(width);
    const stride = strides[dim] ?? 0;
    const parts = dimension.map((step) => (step === "…" ? step : nested(dim + 1, offset + step * stride)));
    const inner = shape.length - 1 - dim;
    return inner > 0
      ? `[${parts.join(`,${"\n".repeat(inner)}${" ".repeat(dim + 1)}`)}]`
      : `[${wrapped(parts, dim + 1)}]`;
  };
  return nested(0, 0);
}

/** The indices to show along each dimension. */
function stepsOf(shape: readonly number[]): readonly (readonly Step[])[] {
  if (elementCount(shape) === 0) return [[]]; // numpy prints any empty array as []
  const shown = ([head, tail]: readonly [number, number]) =>
    shape.reduce((product, dim) => product * Math.min(dim, head + tail), 1);
  const whole = elementCount(shape) <= MOST_ELEMENTS;
  const [head, tail] = whole ? [MOST_ELEMENTS, 0] : (ENDS.find((ends) => shown(ends) <= MOST_ELEMENTS) ?? [1, 0]);
  return shape.map((dim) => {
    if (dim <= head + tail) return Array.from({ length: dim }, (_, index) => index);
    const start = Array.from({ length: head }, (_, index) => index);
    return [...start, "…", ...Array.from({ length: tail }, (_, index) => dim - tail + index)];
  });
}

/** Where the elements that are shown lie in row-major order. */
function indices(steps: readonly (readonly Step[])[], strides: readonly number[]): number[] {
  let offsets = [0];
  for (const [dim, dimension] of steps.entries()) {
    const numbers = dimension.filter((step) => step !== "…");
    offsets = offsets.flatMap((offset) => numbers.map((step) => offset + step * (strides[dim] ?? 0)));
  }
  return offsets;
}

/** The elements of a row, in lines. */
function wrapped(parts: readonly string[], indent: number): string {
  let line = "";
  const lines: string[] = [];
  for (const [at, part] of parts.entries()) {
    const piece = at < parts.length - 1 ? `${part},` : part;
    if (line !== "" && indent + line.length + 1 + piece.length > LINE_WIDTH) {
      lines.push(line);
      line = piece;
    } else {
      line = line === "" ? piece : `${line} ${piece}`;
    }
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
