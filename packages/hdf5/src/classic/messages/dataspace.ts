import { checkedElementCount } from "@modelbytes/tensor";
import type { Shape } from "../../model.ts";
import { MAX_RANK } from "../limits.ts";
import type { MetadataReader } from "../metadata-reader.ts";

/** A decoded dataspace message. */
export interface Dataspace {
  readonly shape: Shape;
  /** As in `Hdf5Dataset`. */
  readonly maxShape: readonly (number | null)[] | null;
}

/**
 * Message 0x01, how many elements there are.
 *
 *     version 1:  01 rank flags 00 00000000        then rank × L, [rank × L: the most]     flags 1: the most follow
 *     version 2:  02 rank flags kind               the same; kind 0 scalar, 1 simple, 2 null
 */
export function decodeDataspace(reader: MetadataReader): Dataspace {
  const version = reader.version("the dataspace message", 1, 2);
  const rank = reader.uint8();
  const flags = reader.uint8();
  const kind = reader.uint8();
  if (version === 1) reader.skip(4);
  if (rank > MAX_RANK) throw reader.corruptPiece("rank", `${rank} dimensions, where ${MAX_RANK} are the most`);
  if (version === 2) {
    if (kind === 2) return { shape: null, maxShape: null };
    if (kind > 2 || (kind === 0 && rank > 0))
      throw reader.corruptPiece("dataspace", `a dataspace of kind ${kind}, rank ${rank}`);
  }
  const shape: number[] = [];
  while (shape.length < rank) shape.push(reader.length());
  if (checkedElementCount(shape) === undefined) {
    throw reader.corruptPiece("shape", `the shape [${shape.join(", ")}] has more elements than any file`);
  }
  if ((flags & 1) === 0) return { shape, maxShape: shape };
  return { shape, maxShape: shape.map(() => reader.limit() ?? null) };
}
