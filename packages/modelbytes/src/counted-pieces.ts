import type { TensorInPieces } from "@modelbytes/tensor";

/** A tensor in pieces that tells the bytes of each once it was used. */
export function countedPieces(tensor: TensorInPieces, count: (bytes: number) => void): TensorInPieces {
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of tensor.pieces) {
      yield piece;
      count(piece.length);
    }
  }
  return { ...tensor, pieces: { [Symbol.asyncIterator]: counted } };
}
