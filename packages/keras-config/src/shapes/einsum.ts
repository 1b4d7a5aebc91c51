// The equation of an EinsumDense: "abc,cde->abde". Letters of the input, of the kernel, of the output; "..." for any axes.

import type { PyDict } from "../value.ts";
import { integersAt, shapeOf, textAt } from "./arguments.ts";
import { type ShapeRule, single } from "./layer-shapes.ts";
import type { Shape, Size } from "./shape.ts";

/** An equation with the shapes that follow from it. */
export interface Einsum {
  /** The letters of the kernel. */
  readonly kernelLetters: string;
  /** The letters of the output, with `.` for each axis under the dots. */
  readonly outputLetters: string;
  readonly kernel: Shape;
  /** Of the whole output. */
  readonly output: Shape;
  /** `undefined` without a bias. */
  readonly bias: Shape | undefined;
}

/** What an equation makes of an input; `undefined` where it does not fit. */
export function readEinsum(config: PyDict, input: Shape | undefined): Einsum | undefined {
  const equation = textAt(config, "equation")?.replaceAll("...", "0") ?? "";
  const [, left = "", kernelLetters = "", right = ""] = /^([a-zA-Z0]+),([a-zA-Z]+)->([a-zA-Z0]+)$/.exec(equation) ?? [];
  const given = shapeOf(config.get("output_shape")) ?? integersAt(config, "output_shape");
  if (left === "" || given === undefined) return undefined;
  const rank = input?.length ?? left.length;
  const dots = ".".repeat(Math.max(0, rank - left.replace("0", "").length));
  if (left.includes("0") ? input === undefined : dots !== "" || rank !== left.length) return undefined;
  const inputLetters = left.replace("0", dots);
  const outputLetters = right.replace("0", dots);
  const sizes = sizesByLetter(inputLetters, input);
  const output = outputSizes(outputLetters, given, left.startsWith("0"), input, sizes);
  for (const [axis, letter] of [...outputLetters].entries()) {
    if (letter !== "." && !sizes.has(letter)) sizes.set(letter, output[axis] ?? null);
  }
  return {
    kernelLetters,
    outputLetters,
    kernel: [...kernelLetters].map((letter) => sizes.get(letter) ?? null),
    output,
    bias: biasShape(textAt(config, "bias_axes"), outputLetters, output),
  };
}

function sizesByLetter(letters: string, shape: Shape | undefined): Map<string, Size> {
  return new Map([...letters].map((letter, axis): [string, Size] => [letter, shape?.[axis] ?? null]));
}

/** The sizes given are those of all axes but the first; of axes under leading dots (or trailing ones), none need be given. */
function outputSizes(
  letters: string,
  given: Shape,
  isLeft: boolean,
  input: Shape | undefined,
  sizes: ReadonlyMap<string, Size>,
): Shape {
  const inputRank = input?.length ?? 0;
  return [...letters].map((letter, axis) => {
    const fromEnd = letters.length - axis;
    const said = isLeft ? given.at(-fromEnd) : axis === 0 ? undefined : given[axis - 1];
    const isGiven = isLeft ? fromEnd <= given.length : axis > 0 && axis <= given.length;
    if (letter === ".") return input?.[isLeft ? axis : inputRank - fromEnd] ?? null;
    const known = sizes.get(letter) ?? null;
    return isGiven ? (said ?? known) : known;
  });
}

/** A size for each letter with a bias, and 1 for each axis after the first of them that has none. */
function biasShape(letters: string | undefined, outputLetters: string, output: Shape): Shape | undefined {
  if (letters === undefined || letters === "") return undefined;
  const first = Math.min(...[...letters].map((letter) => outputLetters.indexOf(letter)));
  if (first < 0) return undefined;
  return output.slice(first).map((size, at) => (letters.includes(outputLetters[first + at] ?? ".") ? size : 1));
}

/** EinsumDense. */
export const einsumDense: ShapeRule = single((shape, { config }) => readEinsum(config, shape)?.output);
