/** What the page shows of a model. */
export interface Found {
  readonly format: string;
  readonly path: string;
  /** How many readable names the model has. */
  readonly names: number;
  /** The codes of what `verify` yields. */
  readonly problems: readonly string[];
  readonly tensors: Readonly<Record<string, FoundTensor>>;
}

/** A tensor, with the hash over its canonical bytes. */
export interface FoundTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** What the page shows where a model cannot be opened or read. */
export interface Failed {
  readonly error: { readonly name: string; readonly code?: string; readonly message: string };
}
