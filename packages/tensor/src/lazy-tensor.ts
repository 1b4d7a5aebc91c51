import { NotFoundError, type WaitOptions } from "@modelbytes/bytes";
import type { DType, FixedDType } from "./dtype.ts";
import type { Selection } from "./selection.ts";
import type { Tensor } from "./tensor.ts";
import type { TensorFile } from "./tensor-file.ts";

/** Which values of a tensor are asked for, and what stops the asking. */
export interface LazyReadOptions {
  /** Only this part; all values where it is absent. */
  readonly select?: Selection | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A tensor whose values are read when they are due, so that a writer has no more than a few in memory. */
export interface LazyTensor {
  readonly dtype: DType;
  /** Elements along each dimension. */
  readonly shape: readonly number[];
  /** The values, or the part of them that `select` asks for. */
  read(options?: LazyReadOptions): Promise<Tensor>;
  /** All values in pieces, where there is a better way to them than by rows. */
  readonly inPieces?: ((options?: WaitOptions) => TensorInPieces | undefined) | undefined;
}

/**
 * A tensor of an open file of any format, by its key; the file has to stay open until it is read. Throws a `NotFoundError`
 * (`"no-tensor"`) for a key that the file has not.
 */
export function lazyTensor(file: TensorFile, key: string): LazyTensor {
  const entry = file.entries.get(key);
  if (entry === undefined) throw new NotFoundError("no-tensor", "the file has no such tensor", { tensor: key });
  const { dtype, shape } = entry;
  const inPieces =
    file.inPieces === undefined ? undefined : (options: WaitOptions = {}) => file.inPieces?.(key, options);
  return { dtype, shape, read: (options = {}) => file.read(key, options), inPieces };
}

/** A tensor too large for memory: its bytes, row-major and little-endian, one byte for each element of fewer bits. */
export interface TensorInPieces {
  readonly dtype: FixedDType;
  readonly shape: readonly number[];
  /**
   * Pieces of any length. One may be memory that its maker uses again once the next is asked for. Asked for twice, they are to be the
   * same.
   */
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}
