import type { WaitOptions } from "@modelbytes/bytes";
import { DTYPES, elementCount, type LazyTensor, type Progress, type TensorInPieces } from "@modelbytes/tensor";
import { countedPieces } from "../counted-pieces.ts";
import type { NamedTensor } from "./named-tensors.ts";

/** Tensors that tell how many of the bytes of them all have been read. One that is read twice counts once, as far as that can be told. */
export function tracked(
  tensors: readonly NamedTensor[],
  onProgress: ((progress: Progress) => void) | undefined,
): readonly NamedTensor[] {
  if (onProgress === undefined) return tensors;
  const total = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  let bytes = 0;
  return tensors.map((tensor) => {
    let left = bytesOf(tensor);
    const count = (more: number) => {
      const counted = Math.min(left, more);
      left -= counted;
      bytes += counted;
      onProgress({ bytes, total });
    };
    const read: NamedTensor["read"] = async (options) => {
      const found = await tensor.read(options);
      count(bytesOf(found));
      return found;
    };
    const inPieces = (options: WaitOptions = {}): TensorInPieces | undefined => {
      const found = tensor.inPieces?.(options);
      return found && countedPieces(found, count);
    };
    return { ...tensor, read, inPieces: tensor.inPieces && inPieces };
  });
}

/** What the elements take; 0 for texts, which are never large. */
function bytesOf({ dtype, shape }: Pick<LazyTensor, "dtype" | "shape">): number {
  return elementCount(shape) * DTYPES[dtype].itemsize;
}
