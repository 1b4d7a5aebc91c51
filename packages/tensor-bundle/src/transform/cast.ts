import { type DType, isFloat } from "@modelbytes/tensor";
import type { StoredStream } from "../bundle-stream.ts";
import { derivedStream } from "./derive.ts";
import type { HeadedStream } from "./heads.ts";

/**
 * The tensors in other dtypes of floats, rounded as numpy does: `target` says which, by name, and has to answer the same each time it
 * is asked. A tensor that is in its target already is not touched. TensorFlow restores a variable only from a tensor of its own
 * dtype: cast what the model that is to be restored has. A tensor in pieces is cast piece by piece.
 *
 * Reading it throws a `TypeError` where a tensor is not of floats and its target another dtype, or the target is not of floats.
 */
export function castTensors(stream: StoredStream, target: (name: string, dtype: DType) => DType): HeadedStream {
  return derivedStream(stream, stream.layout, async () => ({
    derive: (head) => {
      const { name } = head;
      const dtype = target(name, head.dtype);
      if (dtype === head.dtype) return [head];
      if (isFloat(dtype) && isFloat(head.dtype))
        return [{ ...head, dtype, convert: (elements) => elements.cast(dtype) }];
      throw new TypeError(`${JSON.stringify(name)} is ${head.dtype}: only floats are cast, and not to ${dtype}`);
    },
  }));
}
