import type { Tensor } from "./tensor.ts";
import { toBytes } from "./tensor-bytes.ts";

/** Node's hashes refuse 2^31 bytes at once; pieces of this size cost nothing to any hash. */
const PIECE_BYTES = 1 << 24;

/**
 * The bytes over which a tensor is hashed, whatever the file that holds it, piece by piece. For fixed-length dtypes they are
 * those of `toBytes`; for strings and variants each element's length in eight little-endian bytes, then its bytes. A piece may be
 * a view of the tensor's data: it is to be read, not written to.
 */
export function* canonicalBytes(tensor: Tensor): Generator<Uint8Array, void, undefined> {
  if (tensor.dtype === "string" || tensor.dtype === "variant") {
    for (const element of tensor.data) {
      const length = new Uint8Array(8);
      new DataView(length.buffer).setBigUint64(0, BigInt(element.length), true);
      yield length;
      yield* pieces(element);
    }
  } else {
    yield* pieces(toBytes(tensor));
  }
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) yield bytes.subarray(start, start + PIECE_BYTES);
}
