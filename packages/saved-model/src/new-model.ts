import { CorruptError, toWritableFolder, type WaitOptions, type WritableFolderLike } from "@modelbytes/bytes";
import type { Progress } from "@modelbytes/tensor";
import {
  type CheckpointNode,
  checkpointParts,
  type HeadedStream,
  OBJECT_GRAPH_KEY,
  type Part,
  type Parts,
  type Placement,
  renameTensors,
  type StoredStream,
  type WrittenBundle,
  writeBundle,
} from "@modelbytes/tensor-bundle";
import { decodeObjectGraph, encodeMessage, encodeObjectGraph, type ObjectGraph } from "@modelbytes/tf-proto";
import { SavedModel as SavedModelProto } from "@modelbytes/tf-proto/messages";
import { BELONGS } from "./files.ts";
import { SubFolder } from "./sub-folder.ts";
import { pathsIn, Transaction } from "./transaction.ts";
import { graphOfKeys, keyOfName, withLinkedSlots } from "./variables-graph.ts";
import { type TensorHead, variablesModel } from "./variables-model.ts";

/** How a SavedModel of variables is written. */
export interface WriteVariablesOptions extends WaitOptions {
  /** What the MetaGraph is for. Default: `["serve"]`. */
  readonly tags?: readonly string[] | undefined;
}

/**
 * Writes a SavedModel that holds variables and no function: what `tf.saved_model.save` writes for a module whose attributes they are.
 * `tf.saved_model.load` gives the variables as attributes; the loaders of TF1 and C++ restore them into variables of the same names.
 *
 * The tree is that of `writeCheckpoint`. Throws a `TypeError` for a node that is neither a variable nor a holder of some, such as a
 * table: a SavedModel makes these by functions.
 */
export async function writeVariables(
  to: WritableFolderLike,
  root: CheckpointNode,
  options: WriteVariablesOptions = {},
): Promise<void> {
  await write(to, [...checkpointParts(root)], options);
}

/** How a checkpoint becomes a SavedModel. */
export interface WriteVariablesOfOptions extends WriteVariablesOptions {
  /** Data files; by default those of the stream. */
  readonly shards?: number | undefined;
  /** Called after each part; `total` is 0. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Writes a SavedModel of the variables of a checkpoint, as `writeVariables` does, from `bundle.stream()` or a transformation of it, in
 * bounded memory and one pass: the objects are those of the checkpoint's object graph. Names of a checkpoint without one become paths
 * of objects, cut at each `/`; what is named below a variable, as TF1 names the slots of an optimizer, stays beside it: `kernel/Adam`.
 *
 * Throws a `TypeError` for a tensor that is not the value of a variable: `keepTensors` leaves it out. Throws an `UnsupportedError` for
 * names that are not UTF-8, a `CorruptError` where the object graph is none, a `SourceError` where reading or writing fails.
 */
export async function writeVariablesOf(
  to: WritableFolderLike,
  tensors: StoredStream,
  options: WriteVariablesOfOptions = {},
): Promise<WrittenBundle> {
  return await write(to, tensors, options);
}

async function write(
  to: WritableFolderLike,
  tensors: Parts | StoredStream,
  options: WriteVariablesOfOptions,
): Promise<WrittenBundle> {
  const folder = toWritableFolder(to);
  const files = new Transaction(folder, options);
  /** The parts, the object graph last, and with it the graphs of the model. */
  async function* parts(source: Parts): AsyncGenerator<Part, void, undefined> {
    const heads = new Map<string, TensorHead>();
    let graph: Part | undefined;
    for await (const part of source) {
      if (part[0] === OBJECT_GRAPH_KEY) {
        graph = part;
        continue;
      }
      heads.set(part[0], headOf(part));
      yield part;
    }
    const read = graph === undefined ? graphOfKeys(heads.keys()) : graphOf(graph);
    const linked = withLinkedSlots(read);
    yield graph === undefined || linked !== read ? graphPart(linked, graph?.[2]) : graph;
    const message = variablesModel(linked, heads, options.tags ?? ["serve"]);
    await files.write("saved_model.pb", [encodeMessage(SavedModelProto, message)]);
  }
  try {
    const old = (await pathsIn(folder, options)) ?? [];
    const target = { folder: new SubFolder(files, "variables"), prefix: "variables" };
    const source = isStored(tensors) ? await withKeys(tensors) : tensors;
    const written = await writeBundle(
      target,
      isStored(source) ? { layout: source.layout, parts: () => parts(source.parts()) } : parts(source),
      options,
    );
    for (const path of old) if (BELONGS.test(path)) await files.remove(path);
    await files.commit();
    return written;
  } catch (error) {
    await files.abort(error);
    throw error;
  }
}

function isStored(tensors: Parts | StoredStream): tensors is StoredStream {
  return "parts" in tensors;
}

function isHeaded(stream: StoredStream): stream is HeadedStream {
  return "heads" in stream;
}

/** A stream with keys as TensorFlow's loader wants them: it fails at any other. Names that are no keys become such. */
async function withKeys(stream: StoredStream): Promise<StoredStream> {
  const names = isHeaded(stream) ? stream.heads() : namesOf(stream);
  for await (const { name } of names) if (name === OBJECT_GRAPH_KEY) return stream;
  return renameTensors(stream, keyOfName);
}

async function* namesOf(stream: StoredStream): AsyncGenerator<{ readonly name: string }, void, undefined> {
  for await (const [name] of stream.parts()) yield { name };
}

function graphOf([name, tensor]: Part): ObjectGraph {
  const isGraph = tensor.dtype === "string" && "data" in tensor;
  if (!isGraph)
    throw new CorruptError("object-graph", `the object graph is no string, but ${tensor.dtype}`, { tensor: name });
  return decodeObjectGraph(tensor.data[0] ?? new Uint8Array(0), { tensor: name });
}

function graphPart(graph: ObjectGraph, placement: Placement = {}): Part {
  const data = [encodeObjectGraph(graph)];
  return [OBJECT_GRAPH_KEY, { dtype: "string", shape: [], data }, { shardId: placement.shardId }];
}

function headOf([, { dtype, shape }, placement]: Part): TensorHead {
  return { dtype, shape: placement?.partition?.shape ?? shape };
}
