import type { ModelbytesError, WaitOptions } from "@modelbytes/bytes";
import type { Progress, TensorFile } from "@modelbytes/tensor";
import type { Format } from "./format.ts";

/** How a model is checked. */
export interface VerifyModelOptions extends WaitOptions {
  /** Called as bytes of tensors arrive. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What there is of every open model, whatever its format. */
export interface ModelBase extends AsyncDisposable {
  readonly format: Format;
  /** The file, the directory or the prefix, as the place where it was found calls it. */
  readonly path: string;
  /** The tensors by their keys: the format's own names. */
  readonly weights: TensorFile;
  /** Tensors that cannot be read, by their keys, each with the error that reading it gives. */
  readonly unreadable: ReadonlyMap<string, ModelbytesError>;
  /** What is wrong with the model's description; empty unless it was opened as `tolerant`. */
  readonly damage: readonly ModelbytesError[];
  /**
   * The readable name of each tensor by its key, all different: `dense/kernel`. Where a format knows none, the key itself. Rejects
   * where what holds the names cannot be read.
   */
  names(options?: WaitOptions): Promise<ReadonlyMap<string, string>>;
  /** Checks every byte that can be checked, and yields the error of each problem; yields nothing for a sound model. */
  verify(options?: VerifyModelOptions): AsyncIterable<ModelbytesError>;
  close(): Promise<void>;
}
