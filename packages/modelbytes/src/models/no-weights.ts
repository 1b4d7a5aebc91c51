import { type ModelbytesError, NotFoundError } from "@modelbytes/bytes";
import type { SavedModelEntry } from "@modelbytes/saved-model";
import type { DType, Tensor, TensorFile, TensorReadOptions, TensorStreamOptions } from "@modelbytes/tensor";

/** The weights of a SavedModel that has none: of one without variables, or whose variables cannot be read. */
export class NoWeights implements TensorFile<SavedModelEntry> {
  readonly entries: ReadonlyMap<string, SavedModelEntry> = new Map();
  readonly names: ReadonlyMap<string, string> = new Map();
  /** There is no checkpoint. */
  readonly bundle = undefined;
  readonly #file: string;

  /** `file` is what errors call the model. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Throws a `NotFoundError`. */
  read<D extends DType>(name: string, options: TensorReadOptions & { readonly dtype: D }): Promise<Tensor<D>>;
  read(name: string, options?: TensorReadOptions): Promise<Tensor>;
  async read(name: string): Promise<Tensor> {
    throw new NotFoundError("no-tensor", "the model has no variables", { file: this.#file, tensor: name });
  }

  /** Gives nothing. Throws a `NotFoundError` where `names` asks for something. */
  async *stream(options: TensorStreamOptions = {}): AsyncGenerator<[string, Tensor], void, undefined> {
    for (const name of options.names ?? []) yield [name, await this.read(name)];
  }

  /** Finds nothing. */
  async *verify(): AsyncGenerator<ModelbytesError, void, undefined> {}

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
