import { CorruptError, ModelbytesError, type WaitOptions } from "@modelbytes/bytes";
import type { Progress } from "@modelbytes/tensor";
import type { MetaGraphDef } from "@modelbytes/tf-proto/messages";
import { assetPath } from "./assets.ts";
import { checkCollections } from "./checks/collections.ts";
import { checkConstants } from "./checks/constants.ts";
import { checkCycles } from "./checks/cycles.ts";
import { checkFingerprint } from "./checks/fingerprint.ts";
import { checkNodes } from "./checks/nodes.ts";
import { checkObjects } from "./checks/objects.ts";
import { type CheckPlace, problem, quoted } from "./checks/problem.ts";
import { checkSignatures } from "./checks/signatures.ts";
import { checkVariables, unusedKeys } from "./checks/variables.ts";
import type { ModelVariable } from "./model-variables.ts";
import { restoredKeys } from "./restore-function.ts";
import type { SavedModel } from "./saved-model.ts";
import type { SavedModelWeights } from "./weights.ts";

/** How a SavedModel is checked. */
export interface VerifySavedModelOptions extends WaitOptions {
  /** Called as the bytes of the variables are read. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Checks all that can be checked without running the model: that every message is one; that nodes, functions, signatures, objects and
 * collections refer to what is there; that the variables are in the checkpoint with the dtypes and shapes of the graph; every byte of
 * the checkpoint; that assets are there; the hashes of `fingerprint.pb`; what Keras 2 and debugging left. Goes on after each problem.
 * Yields nothing for a sound model.
 *
 * TensorFlow's loaders check less: neither fingerprints nor what signatures name, and a missing function shows when it is called.
 */
export async function* verifySavedModel(
  model: SavedModel,
  options: VerifySavedModelOptions = {},
): AsyncGenerator<ModelbytesError, void, undefined> {
  const place = { file: model.graphFile.name };
  if (model.metaGraphs.length === 0) yield problem("no-meta-graph", "", "there is no MetaGraph in the file", place);
  yield* checkTags(model, place);
  const message = yield* attempt(async () => model.tree.decode());
  if (message !== "failed") {
    for (const [index, metaGraph] of message.metaGraphs.entries()) yield* checkMetaGraph(metaGraph, index, place);
  }
  const weights = yield* attempt(() => model.weights(options));
  if (weights !== "failed") {
    const known: ModelVariable[] = [];
    let all = true;
    for (const metaGraph of model.metaGraphs) {
      const variables = yield* attempt(() => model.variables(metaGraph, options));
      if (variables === "failed") all = false;
      else {
        yield* checkVariables(variables, weights, model.graphFile.name);
        known.push(...variables);
      }
    }
    if (weights !== undefined) {
      const used = all ? yield* attempt(async () => usedKeys(model, known, weights)) : undefined;
      if (used !== "failed" && used !== undefined) yield* reportUnused(weights, used);
      yield* weights.verify(options);
    }
  }
  yield* checkAssets(model, options);
  yield* attemptAll(() => checkFingerprint(model, options));
  yield* attemptAll(() => checkKerasMetadata(model, options));
  yield* attemptAll(async () => {
    await model.debugInfo(options);
    return [];
  });
}

function* checkTags(model: SavedModel, place: CheckPlace): Generator<CorruptError> {
  const seen = new Set<string>();
  for (const { tags, index } of model.metaGraphs) {
    const key = JSON.stringify([...new Set(tags)].sort());
    if (seen.has(key)) {
      const reason = `an earlier MetaGraph has the tags [${tags.join(", ")}] too, so nobody loads this one`;
      yield problem("tags-twice", `meta_graphs[${index}].meta_info_def.tags`, reason, place);
    }
    seen.add(key);
  }
}

/** The graph of one MetaGraph against itself. */
function* checkMetaGraph(metaGraph: MetaGraphDef, index: number, place: CheckPlace): Generator<ModelbytesError> {
  const where = `meta_graphs[${index}]`;
  const { graphDef } = metaGraph;
  if (graphDef !== undefined) {
    yield* checkNodes(graphDef, `${where}.graph_def`, place);
    yield* checkCycles(graphDef, `${where}.graph_def`, place);
    yield* checkConstants(graphDef, `${where}.graph_def`, place);
  }
  yield* checkSignatures(metaGraph, where, place);
  yield* checkCollections(metaGraph, where, place);
  yield* checkObjects(metaGraph, `${where}.object_graph_def`, place);
}

/** The keys that something restores; `undefined` where the graph computes some of them. */
function usedKeys(
  model: SavedModel,
  variables: readonly ModelVariable[],
  weights: SavedModelWeights,
): ReadonlySet<string> | undefined {
  const used = new Set<string>();
  for (const { key } of variables) if (key !== undefined) used.add(key);
  for (const { attributes } of weights.objectGraph?.nodes ?? [])
    for (const { checkpointKey } of attributes) used.add(checkpointKey);
  for (const metaGraph of model.metaGraphs) {
    const restored = restoredKeys(metaGraph.nodes, metaGraph.functions, { file: model.graphFile.name });
    if (restored === undefined) return undefined;
    for (const key of restored) used.add(key);
  }
  return used;
}

function* reportUnused(weights: SavedModelWeights, used: ReadonlySet<string>): Generator<CorruptError> {
  for (const tensor of unusedKeys(weights, used)) {
    yield new CorruptError("unused", "nothing in the model restores this tensor", {
      file: weights.bundle.prefix,
      tensor,
    });
  }
}

/** Assets are files of plain names; a name that leads elsewhere is followed by TensorFlow and by nobody else. */
async function* checkAssets(model: SavedModel, options: WaitOptions): AsyncGenerator<ModelbytesError> {
  const place = { file: model.graphFile.name };
  for (const { index, assets } of model.metaGraphs) {
    for (const [number, { filename }] of assets.entries()) {
      const where = `meta_graphs[${index}].asset_file_def[${number}]`;
      const path = assetPath(filename);
      if (path === undefined) {
        yield problem(
          "asset-name",
          where,
          `${quoted(filename)} is no plain file name; TensorFlow would read what it leads to`,
          place,
        );
        continue;
      }
      const source = model.folder.file(path);
      yield* attemptAll(async () => {
        await source.size(options);
        return [];
      });
      await source.close?.();
    }
  }
}

async function checkKerasMetadata(model: SavedModel, options: WaitOptions): Promise<ModelbytesError[]> {
  const metadata = await model.kerasMetadata(options);
  const nodes = model.metaGraphs[0]?.objectGraph?.nodes ?? [];
  const place = { file: model.folder.file("keras_metadata.pb").name };
  return (metadata?.nodes ?? []).flatMap(({ nodeId, metadata: text }, index) => {
    const where = `nodes[${index}]`;
    const wrong = [];
    if (nodes[nodeId] === undefined) {
      wrong.push(problem("object-graph", where, `it describes node ${nodeId} of ${nodes.length}`, place));
    }
    if (!isJson(text)) wrong.push(problem("keras-metadata", where, "its metadata is no JSON", place));
    return wrong;
  });
}

/** Keras writes NaN and Infinity as Python does. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/(?<=[[:,]\s*)(NaN|-?Infinity)(?=\s*[\],}])/g, "0"));
    return true;
  } catch {
    return false;
  }
}

/** What `work` gives, or a problem and `"failed"`. */
async function* attempt<T>(work: () => Promise<T>): AsyncGenerator<ModelbytesError, T | "failed", undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    yield error;
    return "failed";
  }
}

/** The problems that `work` finds, or the one that it fails with. */
async function* attemptAll(work: () => Promise<readonly ModelbytesError[]>): AsyncGenerator<ModelbytesError> {
  const found = yield* attempt(work);
  if (found !== "failed") yield* found;
}
