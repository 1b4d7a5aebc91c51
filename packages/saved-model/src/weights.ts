import { type ModelbytesError, NotFoundError } from "@modelbytes/bytes";
import type { DType, Tensor, TensorFile, TensorReadOptions, TensorStreamOptions } from "@modelbytes/tensor";
import type { Bundle, BundleEntry, BundleStream, ObjectGraph, VerifyOptions } from "@modelbytes/tensor-bundle";
import { type CheckpointContents, type ModelVariable, namesOfKeys } from "./model-variables.ts";

/** A checkpoint that is open, and what is known of it. */
export interface OpenCheckpoint extends CheckpointContents {
  readonly bundle: Bundle;
}

/** A tensor of a model's checkpoint. */
export interface SavedModelEntry extends BundleEntry {
  /** The variable that it is the value of; absent for other state, such as tables, and for the object graph. */
  readonly variable?: ModelVariable;
}

/**
 * The values of a SavedModel's variables: the checkpoint in `variables/`, with two names for each tensor. `entries` has the keys of
 * the checkpoint; `read` and `stream` take the readable names of `names` too.
 */
export class SavedModelWeights implements TensorFile<SavedModelEntry> {
  /** The tensors by key, in the order of the index. */
  readonly entries: ReadonlyMap<string, SavedModelEntry>;
  /** A readable name for each key; all are different. */
  readonly names: ReadonlyMap<string, string>;
  /** The checkpoint itself. */
  readonly bundle: Bundle;
  /** The objects that the checkpoint knows of; `undefined` for what TF1 saved. */
  readonly objectGraph: ObjectGraph | undefined;
  readonly #keys: ReadonlyMap<string, string>;

  constructor(contents: OpenCheckpoint, variables: readonly ModelVariable[]) {
    const { bundle, objectGraph } = contents;
    const byKey = new Map(variables.map((variable) => [variable.key, variable]));
    const entries = new Map<string, SavedModelEntry>();
    for (const [key, entry] of bundle.entries) {
      const variable = byKey.get(key);
      entries.set(key, variable === undefined ? entry : { ...entry, variable });
    }
    this.bundle = bundle;
    this.objectGraph = objectGraph;
    this.entries = entries;
    this.names = namesOfKeys(variables, contents);
    this.#keys = new Map([...this.names].map(([key, name]) => [name, key]));
  }

  /** The key of a tensor, given its key or its readable name. Throws a `NotFoundError` for a name that the model has not. */
  keyOf(name: string): string {
    if (this.entries.has(name) || this.bundle.unreadable.has(name)) return name;
    const key = this.#keys.get(name);
    if (key !== undefined) return key;
    throw new NotFoundError("no-tensor", "the model has no such variable", { file: this.bundle.prefix, tensor: name });
  }

  /** As `Bundle.read`, also by the readable name. */
  read<D extends DType>(name: string, options: TensorReadOptions & { readonly dtype: D }): Promise<Tensor<D>>;
  read(name: string, options?: TensorReadOptions): Promise<Tensor>;
  async read(name: string, options: TensorReadOptions = {}): Promise<Tensor> {
    return await this.bundle.read(this.keyOf(name), options);
  }

  /** As `Bundle.stream`; the tensors come under their keys. */
  stream(options: TensorStreamOptions = {}): BundleStream {
    const { names } = options;
    return this.bundle.stream(
      names === undefined ? options : { ...options, names: [...names].map((name) => this.keyOf(name)) },
    );
  }

  /** As `Bundle.verify`: every byte of the checkpoint. */
  verify(options: VerifyOptions = {}): AsyncGenerator<ModelbytesError, void, undefined> {
    return this.bundle.verify(options);
  }

  async close(): Promise<void> {
    await this.bundle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
