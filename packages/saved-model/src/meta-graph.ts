import type { Place } from "@modelbytes/bytes";
import { decodeMessage, type WireMessage } from "@modelbytes/tf-proto";
import {
  AssetFileDef,
  type CollectionDef,
  type FunctionDef,
  type MetaGraphDef,
  type SavedObjectGraph,
  type SaverDef,
  VariableDef,
} from "@modelbytes/tf-proto/messages";
import { reachableFunctions } from "./called-functions.ts";
import { functionsOf, type GraphNode, nodesOf } from "./graph.ts";
import { VARIABLES } from "./model-variables.ts";
import { type Signature, signatureOf } from "./signature.ts";

/**
 * One of the graphs of a SavedModel (tensorflow/core/protobuf/meta_graph.proto). What is asked for is read when it is asked for, and
 * once: the signatures of a large model take no look at its nodes.
 */
export class MetaGraph {
  /** The message in the file. */
  readonly tree: WireMessage<MetaGraphDef>;
  /** Its number among the MetaGraphs of the file. */
  readonly index: number;
  readonly #place: Place;
  #renumbered = false;
  #signatures: ReadonlyMap<string, Signature> | undefined;
  #nodes: ReadonlyMap<string, GraphNode> | undefined;
  #functions: ReadonlyMap<string, WireMessage<FunctionDef>> | undefined;
  #collections: ReadonlyMap<string, CollectionDef> | undefined;
  #objectGraph: SavedObjectGraph | undefined;

  constructor(tree: WireMessage<MetaGraphDef>, index: number, place: Place) {
    this.tree = tree;
    this.index = index;
    this.#place = place;
  }

  /** What the graph is for, e.g. `["serve"]`, in the order of the file. The set of them is the key of the MetaGraph. */
  get tags(): readonly string[] {
    return this.tree.message("metaInfoDef")?.value("tags") ?? [];
  }

  /** The TensorFlow that wrote it, e.g. `"2.21.0"`; may be empty. */
  get tensorflowVersion(): string {
    return this.tree.message("metaInfoDef")?.value("tensorflowVersion") ?? "";
  }

  /** By key, in the order of the file. */
  get signatures(): ReadonlyMap<string, Signature> {
    this.#signatures ??= new Map(
      [...this.tree.value("signatureDef")].map(([key, message]) => [key, signatureOf(message, this.#place)]),
    );
    return this.#signatures;
  }

  /** The nodes of the main graph, by name. */
  get nodes(): ReadonlyMap<string, GraphNode> {
    this.#nodes ??= nodesOf(this.tree.message("graphDef")?.messages("node") ?? []);
    return this.#nodes;
  }

  /** The function library, by name. */
  get functions(): ReadonlyMap<string, WireMessage<FunctionDef>> {
    this.#functions ??= functionsOf(this.tree.message("graphDef"));
    return this.#functions;
  }

  /** Collections of TF1, by name. */
  get collections(): ReadonlyMap<string, CollectionDef> {
    this.#collections ??= this.tree.value("collectionDef");
    return this.#collections;
  }

  /**
   * The files that the graph reads, below `assets/`: those of `asset_file_def`, or where there are none those of a collection, where the
   * builders of TF1 put them. Names are the file's: check them before you join them to a path.
   */
  get assets(): readonly AssetFileDef[] {
    const listed = this.tree.value("assetFileDef");
    if (listed.length > 0) return listed;
    const values = this.collections.get("saved_model_assets")?.anyList?.value ?? [];
    return values.map(({ value }) => decodeMessage(AssetFileDef, value, this.#place));
  }

  /** How a TF1 loader restores the variables. */
  get saver(): SaverDef | undefined {
    return this.tree.value("saverDef");
  }

  /** The objects behind the graph; `undefined` for what TF1 saved. */
  get objectGraph(): SavedObjectGraph | undefined {
    this.#objectGraph ??= this.tree.value("objectGraphDef");
    return this.#objectGraph;
  }

  /** The names of the ops in the stripped op list. It leaves out what only While, If, datasets and gradients call. */
  get strippedOps(): readonly string[] {
    const list = this.tree.message("metaInfoDef")?.message("strippedOpList");
    return list?.messages("op").map((op) => op.value("name")) ?? [];
  }

  /** Whether an edit gave objects other numbers, so that what is outside of the graph and refers to them is stale. */
  get renumbered(): boolean {
    return this.#renumbered;
  }

  /**
   * Forgets what was read, after an edit of `tree`. The functions of this package that edit call it themselves. `renumbered` says that
   * nodes of the object graph have other numbers now.
   */
  edited({ renumbered = false }: { readonly renumbered?: boolean } = {}): void {
    this.#renumbered ||= renumbered;
    this.#signatures = undefined;
    this.#nodes = undefined;
    this.#functions = undefined;
    this.#collections = undefined;
    this.#objectGraph = undefined;
  }

  /** The names of the functions that the main graph can come to call. */
  calledFunctions(): Set<string> {
    return reachableFunctions(this.nodes.values(), this.functions);
  }

  /** The nodes of the main graph that are variables. */
  variableNodes(): GraphNode[] {
    return [...this.nodes.values()].filter(({ op }) => VARIABLES.has(op));
  }

  /** The names of the nodes in the collection `trainable_variables`; `undefined` without such a collection. */
  trainableVariables(): ReadonlySet<string> | undefined {
    const values = this.collections.get("trainable_variables")?.bytesList?.value;
    return values && new Set(values.map((bytes) => nodeName(decodeMessage(VariableDef, bytes, this.#place))));
  }
}

/** `variable_name` is that of the variable's tensor: without the output it is the node's. */
function nodeName({ variableName }: VariableDef): string {
  return variableName.replace(/:\d+$/, "");
}
