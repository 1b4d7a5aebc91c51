import type { WaitOptions } from "@modelbytes/bytes";
import {
  cast,
  castPieces,
  type DType,
  type FloatDType,
  isFloat,
  type Tensor,
  type TensorInPieces,
} from "@modelbytes/tensor";
import type { NamedTensor } from "./named-tensors.ts";

/** What is to become of named tensors, in this order. */
export interface TensorChanges {
  /** Which are kept. Default: all. */
  readonly only?: ((tensor: NamedTensor) => boolean) | undefined;
  /** The dtype that tensors of floats get, by the one that they have. */
  readonly cast?: ReadonlyMap<DType, FloatDType> | undefined;
  /** The new name of a tensor. */
  readonly rename?: ((name: string) => string) | undefined;
}

/** The tensors that are left, changed. Throws a `RangeError` where two would have one name. */
export function changed(tensors: readonly NamedTensor[], { only, cast: casts, rename }: TensorChanges): NamedTensor[] {
  const names = new Set<string>();
  return tensors
    .filter((tensor) => only?.(tensor) ?? true)
    .map((tensor) => {
      const name = rename?.(tensor.name) ?? tensor.name;
      if (names.has(name)) throw new RangeError(`two tensors would be called ${JSON.stringify(name)}`);
      names.add(name);
      return { ...casted(tensor, casts?.get(tensor.dtype)), name };
    });
}

function casted(tensor: NamedTensor, dtype: FloatDType | undefined): NamedTensor {
  if (dtype === undefined || !isFloat(tensor.dtype)) return tensor;
  const read = async (options: Parameters<NamedTensor["read"]>[0]): Promise<Tensor> =>
    cast(await tensor.read(options), dtype);
  const inPieces = (options: WaitOptions = {}): TensorInPieces | undefined => {
    const pieces = tensor.inPieces?.(options);
    return pieces && castPieces(pieces, dtype);
  };
  return { ...tensor, dtype, read, inPieces: tensor.inPieces && inPieces };
}
