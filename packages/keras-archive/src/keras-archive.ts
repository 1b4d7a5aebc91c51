import type { ModelbytesError, Source, WaitOptions } from "@modelbytes/bytes";
import { type Architecture, type PyValue, parseArchitecture, parseJson } from "@modelbytes/keras-config";
import type { KerasHdf5, KerasHdf5Entry, VerifyOptions } from "@modelbytes/keras-hdf5";
import type { DType, Tensor, TensorFile, TensorReadOptions, TensorStreamOptions } from "@modelbytes/tensor";
import type { ZipArchive } from "@modelbytes/zip";
import type { Container } from "./container.ts";
import { ASSETS, CONFIG, FILES } from "./layout.ts";
import type { KerasArchiveMetadata } from "./metadata.ts";

/** How a check is followed and cancelled. */
export type VerifyKerasArchiveOptions = Pick<VerifyOptions, "signal" | "onProgress">;

/** What opening an archive has read. */
export interface KerasArchiveParts {
  readonly config: string;
  readonly metadata: KerasArchiveMetadata | undefined;
  readonly metadataText: string | undefined;
  readonly damage: readonly ModelbytesError[];
  readonly weights: KerasHdf5;
  readonly weightsPath: string;
}

/**
 * An open `.keras` archive or folder. Made by `openKerasArchive`. Tensors are those of `weights`, known by their paths in the HDF5 file
 * or by readable names.
 */
export class KerasArchive implements TensorFile<KerasHdf5Entry> {
  /** What errors call the archive. */
  readonly name: string;
  /** The text of config.json: the model's architecture. */
  readonly config: string;
  /** What metadata.json says; `undefined` where there is none. */
  readonly metadata: KerasArchiveMetadata | undefined;
  /** The text of metadata.json, as far as it is text. */
  readonly metadataText: string | undefined;
  /** The weights, with the layers that they belong to. */
  readonly weights: KerasHdf5;
  /** The name of the file that has the weights. */
  readonly weightsPath: string;
  readonly entries: ReadonlyMap<string, KerasHdf5Entry>;
  /** The paths of assets below `assets/`, such as `layers/string_lookup/vocabulary.txt`. A web server does not tell them. */
  readonly assets: readonly string[];
  /** Files that are no part of a model, such as a README. */
  readonly others: readonly string[];
  /** What is wrong with the archive; empty unless it was opened as `tolerant`. */
  readonly damage: readonly ModelbytesError[];
  /** The zip archive; `undefined` of a folder. */
  readonly zip: ZipArchive | undefined;
  readonly #container: Container;

  /** `openKerasArchive` makes these. */
  constructor(container: Container, zip: ZipArchive | undefined, parts: KerasArchiveParts) {
    this.name = container.name;
    this.config = parts.config;
    this.metadata = parts.metadata;
    this.metadataText = parts.metadataText;
    this.weights = parts.weights;
    this.weightsPath = parts.weightsPath;
    this.entries = parts.weights.entries;
    const isAsset = (path: string) => path.startsWith(ASSETS);
    this.assets = container.paths.filter(isAsset).map((path) => path.slice(ASSETS.length));
    this.others = container.paths.filter((path) => !isAsset(path) && !FILES.includes(path));
    this.damage = parts.damage;
    this.zip = zip;
    this.#container = container;
  }

  /** `config` as Python's values, in which numbers are kept as they are written. Throws a `CorruptError` (`"json"`) where it is no JSON. */
  parseConfig(): PyValue {
    return parseJson(this.config, { file: `${this.name}!/${CONFIG}` });
  }

  /** The layers that `config` tells, and how they are connected. Throws as `parseConfig` and `parseArchitecture` do. */
  parseArchitecture(): Architecture {
    const { kerasVersion } = this.metadata ?? {};
    return parseArchitecture(this.parseConfig(), kerasVersion === undefined ? {} : { kerasVersion });
  }

  /** The bytes of an asset, given its path below `assets/`. Rejects with a `NotFoundError` for another one. */
  async readAsset(path: string, options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#container.read(`${ASSETS}${path}`, options);
  }

  /**
   * A file of the archive by its whole path, to be read by ranges until the archive is closed. A deflated one is inflated into memory.
   * Rejects with a `NotFoundError` for another path, and as `ZipArchive.source`.
   */
  async source(path: string, options: WaitOptions = {}): Promise<Source> {
    return await this.#container.source(path, options);
  }

  /** One tensor, or a part of it, as `KerasHdf5.read`. */
  read<D extends DType>(name: string, options: TensorReadOptions & { readonly dtype: D }): Promise<Tensor<D>>;
  read(name: string, options?: TensorReadOptions): Promise<Tensor>;
  async read(name: string, options: TensorReadOptions = {}): Promise<Tensor> {
    return await this.weights.read(name, options);
  }

  /** Tensors one after another, as `KerasHdf5.stream`. */
  stream(options: TensorStreamOptions = {}): AsyncGenerator<[string, Tensor], void, undefined> {
    return this.weights.stream(options);
  }

  /**
   * Reads every byte; yields the error of each problem and goes on after it: `damage`, CRCs and headers of the zip archive, the config,
   * weights that are not those of the config, and whatever else `KerasHdf5.verify` finds. `onProgress` tells of the weights. Yields
   * nothing for a sound archive.
   */
  async *verify(options: VerifyKerasArchiveOptions = {}): AsyncGenerator<ModelbytesError, void, undefined> {
    yield* this.damage;
    const known = new Set(this.damage);
    for await (const problem of this.#container.verify(options)) if (!known.has(problem)) yield problem;
    const inner = { ...options, modelConfig: this.config, kerasVersion: this.metadata?.kerasVersion };
    for await (const problem of this.weights.verify(inner)) if (!known.has(problem)) yield problem;
  }

  async close(): Promise<void> {
    await this.weights.close();
    await this.#container.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
