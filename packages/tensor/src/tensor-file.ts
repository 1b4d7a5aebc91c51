import type { WaitOptions } from "@modelbytes/bytes";
import type { DType } from "./dtype.ts";
import type { TensorInPieces } from "./lazy-tensor.ts";
import type { Selection } from "./selection.ts";
import type { Tensor } from "./tensor.ts";

/** What every format knows of a tensor without reading it. */
export interface TensorEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes of the tensor as the file stores it; `undefined` where only reading tells. */
  readonly byteLength: number | undefined;
}

/** How far a long read has come, in bytes of tensor data. */
export interface Progress {
  readonly bytes: number;
  readonly total: number;
}

/** How one tensor is read. */
export interface TensorReadOptions extends WaitOptions {
  /** Reads only this part, and only its bytes. */
  readonly select?: Selection | undefined;
  /** The dtype that the tensor has to have; of another one `read` rejects with a `TypeError`. */
  readonly dtype?: DType | undefined;
  /** Whether checksums are checked wherever all the bytes they cover are read. Default: true. */
  readonly checksum?: boolean | undefined;
  /** Called as bytes arrive. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** How many tensors are read. */
export interface TensorStreamOptions extends WaitOptions {
  /**
   * Whether a tensor may lie in memory that is used again once the next is asked for, and is only to be looked at till then. New memory
   * for each, which is the default, takes longer than reading. Formats are free to give new memory all the same.
   */
  readonly reuseMemory?: boolean | undefined;
  /** The tensors to read, in the order of the file; by default all. */
  readonly names?: Iterable<string> | undefined;
  /** Reads that are under way at once. Memory is bounded by the tensors of so many reads. */
  readonly concurrency?: number | undefined;
  /** Whether checksums are checked. Default: true. */
  readonly checksum?: boolean | undefined;
  /** Called as bytes arrive; `total` is that of all tensors. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** A file of named tensors, of whatever format. */
export interface TensorFile<E extends TensorEntry = TensorEntry> extends AsyncDisposable {
  /** The tensors by name, in the order of the file's own table. */
  readonly entries: ReadonlyMap<string, E>;
  /** One tensor, or a part of it. */
  read<D extends DType>(name: string, options: TensorReadOptions & { readonly dtype: D }): Promise<Tensor<D>>;
  read(name: string, options?: TensorReadOptions): Promise<Tensor>;
  /**
   * One tensor in pieces, read as they are asked for, with whatever checksums the file has; `undefined` where it has to be read as a
   * whole. Absent in formats that give no pieces.
   */
  inPieces?(name: string, options?: WaitOptions): TensorInPieces | undefined;
  /** All tensors, or those named, in the order of their bytes in the file. */
  stream(options?: TensorStreamOptions): AsyncIterable<[string, Tensor]>;
  /** Lets go of what the file holds open. Reads that are under way may fail. */
  close(): Promise<void>;
}
