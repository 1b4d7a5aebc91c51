import {
  type Folder,
  type FolderLike,
  type HttpOptions,
  NotFoundError,
  toFolder,
  type WaitOptions,
} from "@modelbytes/bytes";
import { type Bundle, openBundle } from "@modelbytes/tensor-bundle";
import { decodeMessage, type MessageType, openTree, type WireMessage } from "@modelbytes/tf-proto";
import type { Decompressors } from "@modelbytes/tf-proto/chunked";
import {
  FingerprintDef,
  GraphDebugInfo,
  type MetaGraphDef,
  SavedMetadata,
  SavedModel as SavedModelProto,
} from "@modelbytes/tf-proto/messages";

import {
  DEBUG_INFO_FILE,
  type Encoding,
  FINGERPRINT_FILE,
  type GraphFile,
  KERAS_METADATA_FILE,
  readGraphFile,
  readOptional,
  VARIABLES_PREFIX,
} from "./files.ts";
import { MetaGraph } from "./meta-graph.ts";
import { type CheckpointContents, type ModelVariable, modelVariables } from "./model-variables.ts";
import { type OpenCheckpoint, SavedModelWeights } from "./weights.ts";

/** How a SavedModel is opened. */
export interface OpenSavedModelOptions extends HttpOptions, WaitOptions {
  /** What a chunked `saved_model.cpb` may need: `{ brotli }`, in Node from `zlib.brotliDecompressSync`. */
  readonly decompressors?: Decompressors | undefined;
}

/**
 * Opens a SavedModel: a directory as a path (Node), a base `URL`, or dropped files. Reads `saved_model.pb` (else `.pbtxt`, else
 * `.cpb`) and nothing of the variables.
 *
 * Throws a `NotFoundError` where there is none of these files, a `CorruptError` where it is no `SavedModel` message.
 */
export async function openSavedModel(from: FolderLike, options: OpenSavedModelOptions = {}): Promise<SavedModel> {
  const folder = toFolder(from, options);
  return new SavedModel(folder, await readGraphFile(folder, options));
}

/** An open SavedModel. Made by `openSavedModel`. */
export class SavedModel implements AsyncDisposable {
  readonly format = "saved-model";
  /** The directory. */
  readonly folder: Folder;
  /** The file with the graphs: its name and its bytes. */
  readonly graphFile: GraphFile;
  /** The whole message, to look at or to edit. */
  readonly tree: WireMessage<SavedModelProto>;
  readonly #metaGraphs = new Map<WireMessage<MetaGraphDef>, MetaGraph>();
  #bundle: Promise<Bundle | undefined> | undefined;
  #contents: OpenCheckpoint | undefined;

  constructor(folder: Folder, graphFile: GraphFile) {
    const place = { file: graphFile.name, offset: 0 };
    this.folder = folder;
    this.graphFile = graphFile;
    this.tree = openTree(SavedModelProto, graphFile.message, place);
  }

  /** What errors call the directory. */
  get name(): string {
    return this.folder.name;
  }

  /** How the graphs are stored. */
  get encoding(): Encoding {
    return this.graphFile.encoding;
  }

  /** In the order of the file. */
  get metaGraphs(): readonly MetaGraph[] {
    return this.tree.messages("metaGraphs").map((tree, index) => {
      const known = this.#metaGraphs.get(tree);
      if (known !== undefined && known.index === index) return known;
      const metaGraph = new MetaGraph(tree, index, { file: this.graphFile.name });
      this.#metaGraphs.set(tree, metaGraph);
      return metaGraph;
    });
  }

  /** `saved_model_schema_version`: 1 in what TensorFlow writes; nobody checks it. */
  get schemaVersion(): bigint {
    return this.tree.value("savedModelSchemaVersion");
  }

  /**
   * The MetaGraph with exactly these tags, in any order; of several the first, as every loader takes it. Without tags the only one.
   * Throws a `NotFoundError` that lists what there is.
   */
  metaGraph(tags?: Iterable<string>): MetaGraph {
    const wanted = tags === undefined ? undefined : new Set(tags);
    const only = this.metaGraphs.length === 1 ? this.metaGraphs[0] : undefined;
    const found = wanted === undefined ? only : this.metaGraphs.find((each) => sameTags(each.tags, wanted));
    if (found !== undefined) return found;
    const all = this.metaGraphs.map((each) => `[${each.tags.join(", ")}]`).join(", ") || "none at all";
    const asked =
      wanted === undefined
        ? "say which of several MetaGraphs"
        : `no MetaGraph has the tags [${[...wanted].join(", ")}]`;
    throw new NotFoundError("tags", `${asked}; their tags are: ${all}`, { file: this.graphFile.name });
  }

  /**
   * The values of the variables: opens the checkpoint in `variables/` the first time. `undefined` where there is none.
   * `metaGraph` says whose variables the readable names are; by default those of the first.
   */
  async weights(
    options: WaitOptions & { readonly metaGraph?: MetaGraph } = {},
  ): Promise<SavedModelWeights | undefined> {
    const contents = await this.#checkpoint(options);
    if (contents === undefined) return undefined;
    const metaGraph = options.metaGraph ?? this.metaGraphs[0];
    return new SavedModelWeights(contents, metaGraph === undefined ? [] : this.#variables(metaGraph, contents));
  }

  /** The variables of a MetaGraph, each with the key of its value in the checkpoint. */
  async variables(metaGraph: MetaGraph, options: WaitOptions = {}): Promise<ModelVariable[]> {
    return this.#variables(metaGraph, await this.#checkpoint(options));
  }

  /** `fingerprint.pb`; `undefined` where there is none. Throws a `CorruptError` where it is no such message. */
  async fingerprint(options: WaitOptions = {}): Promise<FingerprintDef | undefined> {
    return await this.#message(FingerprintDef, FINGERPRINT_FILE, options);
  }

  /** `keras_metadata.pb` of Keras 2; `undefined` where there is none. Throws a `CorruptError` where it is no such message. */
  async kerasMetadata(options: WaitOptions = {}): Promise<SavedMetadata | undefined> {
    return await this.#message(SavedMetadata, KERAS_METADATA_FILE, options);
  }

  /** The stack traces that `save_debug_info=True` leaves; `undefined` where there are none. Throws a `CorruptError` where they are damaged, as loading does. */
  async debugInfo(options: WaitOptions = {}): Promise<GraphDebugInfo | undefined> {
    return await this.#message(GraphDebugInfo, DEBUG_INFO_FILE, options);
  }

  async close(): Promise<void> {
    await (await this.#bundle?.catch(() => undefined))?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #variables(metaGraph: MetaGraph, contents: CheckpointContents | undefined): ModelVariable[] {
    return modelVariables(metaGraph, contents, { file: this.graphFile.name });
  }

  async #message<T extends object>(type: MessageType<T>, path: string, options: WaitOptions): Promise<T | undefined> {
    const bytes = await readOptional(this.folder, path, options);
    return bytes && decodeMessage(type, bytes, { file: this.folder.file(path).name, offset: 0 });
  }

  async #openBundle(options: WaitOptions): Promise<Bundle | undefined> {
    this.#bundle ??= openVariables(this.folder, options);
    this.#bundle.catch(() => {
      this.#bundle = undefined;
    });
    return await this.#bundle;
  }

  /** The checkpoint with its object graph, which is read once. */
  async #checkpoint(options: WaitOptions): Promise<OpenCheckpoint | undefined> {
    if (this.#contents !== undefined) return this.#contents;
    const bundle = await this.#openBundle(options);
    if (bundle === undefined) return undefined;
    this.#contents = { bundle, entries: bundle.entries, objectGraph: await bundle.objectGraph(options) };
    return this.#contents;
  }
}

async function openVariables(folder: Folder, options: WaitOptions): Promise<Bundle | undefined> {
  try {
    return await openBundle(folder, { ...options, prefix: VARIABLES_PREFIX });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Whether a MetaGraph with `tags` is the one that is `wanted`: order and repetition do not count. */
export function sameTags(tags: readonly string[], wanted: ReadonlySet<string>): boolean {
  const found = new Set(tags);
  return found.size === wanted.size && tags.every((tag) => wanted.has(tag));
}
