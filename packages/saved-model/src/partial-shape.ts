import { CorruptError, type Place } from "@modelbytes/bytes";
import type { Init } from "@modelbytes/tf-proto";
import type { TensorShapeProto } from "@modelbytes/tf-proto/messages";

/**
 * A shape of which not all has to be known: `null` for a dimension of any size, and `undefined` instead of the array where not
 * even the rank is known. A `TensorShapeProto` says −1 for such a dimension, and every reader takes an absent one for a scalar.
 */
export type PartialShape = readonly (number | null)[] | undefined;

/** Throws a `CorruptError` for dimensions below −1 or beyond 2^53. */
export function shapeOf(message: TensorShapeProto | undefined, place: Place = {}): PartialShape {
  if (message === undefined) return [];
  if (message.unknownRank) return undefined;
  return message.dim.map(({ size }) => {
    const number = Number(size);
    if (number === -1) return null;
    if (number >= 0 && Number.isSafeInteger(number)) return number;
    throw new CorruptError("shape", `${size} is no size of a dimension`, place);
  });
}

/** A shape of known sizes, as a message. */
export function shapeProto(shape: readonly number[]): Init<TensorShapeProto> {
  return { dim: shape.map((size) => ({ size: BigInt(size) })) };
}

/** As people write it: `[?, 2]`, `[]`, `unknown rank`. */
export function shapeText(shape: PartialShape): string {
  return shape === undefined ? "unknown rank" : `[${shape.map((size) => size ?? "?").join(", ")}]`;
}

/** Whether a tensor of shape `found` may stand where `expected` is asked for. */
export function fits(found: PartialShape, expected: PartialShape): boolean {
  if (found === undefined || expected === undefined) return true;
  if (found.length !== expected.length) return false;
  return found.every((size, dim) => size === null || expected[dim] === null || size === expected[dim]);
}
