import { NotFoundError, sortNames, UnsupportedError, type WritableFolderLike } from "@modelbytes/bytes";
import { migrate } from "@modelbytes/keras-config";
import { writeVariablesOf } from "@modelbytes/saved-model";
import { inPieces, isFixed } from "@modelbytes/tensor";
import {
  BUNDLE_VERSION,
  type BundleTarget,
  type CheckpointNode,
  type Part,
  type StoredStream,
  writeBundle,
  writeCheckpoint,
} from "@modelbytes/tensor-bundle";
import type { ConvertOptions } from "./convert.ts";
import { objectPaths, objectTree } from "./keras-2-objects.ts";
import { type KerasParts, placedParts } from "./keras-contents.ts";
import type { NamedTensor } from "./named-tensors.ts";

/**
 * Writes a checkpoint. Where an architecture tells of all variables, with the objects of Keras 2, for its `load_weights`; else its keys
 * are the names of the tensors, in TensorFlow's order: what `tf.compat.v1.train.Saver` writes for variables of these names. Large
 * tensors are read and written in pieces. Gives the note of what it is.
 */
export async function toBundle(
  to: BundleTarget,
  parts: KerasParts,
  options: ConvertOptions,
): Promise<readonly string[]> {
  const { shards, signal } = options;
  const tree = options.rename === undefined ? await treeOf(parts, options.architecture !== undefined) : undefined;
  if (tree === undefined) {
    await writeBundle(to, partsOf(parts.tensors, options), { shards, signal });
    return parts.texts === undefined ? [] : ["the keys are the names of the variables, without the objects of Keras 2"];
  }
  await writeCheckpoint(to, tree, { attached: { root: tree }, shards, signal });
  return ["the keys are those of Keras 2, whose load_weights finds them"];
}

/**
 * The objects of Keras 2; `undefined` where the variables are not all known, not those of the model alone, or not of Keras 2. Who gave
 * the architecture asked for them, and is told why not.
 */
async function treeOf(parts: KerasParts, isAsked: boolean): Promise<CheckpointNode | undefined> {
  const { tensors, texts, signal } = parts;
  if (texts === undefined || !tensors.every((tensor) => tensor.role === "model" && isFixed(tensor))) return undefined;
  try {
    migrate(texts.architecture, "keras-2");
    const placed = [...(await placedParts(parts, texts)).values()];
    const paths = objectPaths(texts.architecture);
    if (paths.length !== placed.length) return undefined;
    return objectTree(
      placed.flatMap((tensor, at) => {
        const path = paths[at];
        return path === undefined || !isFixed(tensor) ? [] : [[path, inPieces(tensor, { signal })] as const];
      }),
    );
  } catch (error) {
    const isOther = error instanceof UnsupportedError || error instanceof NotFoundError;
    if (!isOther || isAsked) throw error;
    return undefined;
  }
}

/** Writes a SavedModel whose variables are the tensors, and which has no functions: the names are paths of objects. */
export async function toSavedModel(
  to: WritableFolderLike,
  tensors: readonly NamedTensor[],
  options: ConvertOptions,
): Promise<void> {
  const { shards = 1, signal } = options;
  const version = { producer: BUNDLE_VERSION, minConsumer: 0, badConsumers: [] };
  const stream: StoredStream = {
    layout: {
      header: { numShards: shards, bigEndian: false, version },
      partitioned: new Map(),
      shardSizes: async () => [],
    },
    parts: () => partsOf(tensors, options),
  };
  await writeVariablesOf(to, stream, { shards, signal });
}

async function* partsOf(tensors: readonly NamedTensor[], { signal }: ConvertOptions): AsyncGenerator<Part> {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const name of sortNames(byName.keys())) {
    const tensor = byName.get(name);
    if (tensor === undefined) continue;
    yield [name, isFixed(tensor) ? inPieces(tensor, { signal }) : await tensor.read({ signal })];
  }
}
