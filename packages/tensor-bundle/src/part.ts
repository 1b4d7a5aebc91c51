import type { Tensor, TensorInPieces } from "@modelbytes/tensor";
import type { TensorSlice } from "@modelbytes/tf-proto";

/**
 * What a bundle is written from: named tensors, each with the place that it is to have. `bundle.stream()` gives just the tensors;
 * its `parts()` give them as they are stored, piece by piece, so that a copy is the same bytes.
 */

/** Where a part of a tensor is stored. What is left out is the writer's choice. */
export interface Placement {
  /** The data file, from 0 up. */
  readonly shardId?: number | undefined;
  /** Bytes from the start of the data file; the gap before it, at most a page, is filled with zeros. */
  readonly offset?: number | undefined;
  /** For a partition: the shape of the whole tensor, and what of it this part is. */
  readonly partition?: { readonly shape: readonly number[]; readonly slice: TensorSlice } | undefined;
}

/** A tensor to be written, or a partition of one. */
export type Part = readonly [name: string, tensor: Tensor | TensorInPieces, placement?: Placement];

/** Parts in the order in which their bytes are written. */
export type Parts = Iterable<Part> | AsyncIterable<Part>;

export function isInPieces(tensor: Tensor | TensorInPieces): tensor is TensorInPieces {
  return "pieces" in tensor;
}
