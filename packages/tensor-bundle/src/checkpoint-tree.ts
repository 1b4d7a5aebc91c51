import { compareBytes, encodeName } from "@modelbytes/bytes";
import { tensor } from "@modelbytes/tensor";
import { encodeObjectGraph } from "@modelbytes/tf-proto";
import { checkpointGraph } from "./checkpoint-graph.ts";
import { type CheckpointChildren, type CheckpointNode, entriesOf, type NamedNode } from "./checkpoint-node.ts";
import { OBJECT_GRAPH_KEY } from "./object-graph.ts";
import type { Part } from "./part.ts";
import { SAVE_COUNTER } from "./save-counter.ts";
import { type BundleTarget, type WriteBundleOptions, type WrittenBundle, writeBundle } from "./writer.ts";

/** What belongs to a checkpoint beside the tree of its root. */
export interface CheckpointOptions {
  /**
   * Further children of the root, behind its own: what Python's `tf.train.Checkpoint(root, **attached)` has. One that the root has
   * already by that name is not attached again.
   */
  readonly attached?: CheckpointChildren | undefined;
  /** The `save_counter`, last of the root's children: how often `Checkpoint.save` was called, this time included. */
  readonly saveCounter?: number | bigint | undefined;
}

/** How an object-based checkpoint is written. */
export interface WriteCheckpointOptions extends CheckpointOptions, WriteBundleOptions {}

/**
 * Writes an object-based checkpoint, byte for byte what `tf.train.Checkpoint` writes for the same objects.
 *
 *     Python                                                   here
 *     tf.train.Checkpoint(model=m, step=s).write("out/ckpt")   writeCheckpoint("out/ckpt", keywords({ model, step }))
 *     tf.train.Checkpoint(m, step=s).save("out/ckpt")          writeCheckpoint("out/ckpt-1", model,
 *                                                                { attached: keywords({ root: model, step }), saveCounter: 1 })
 *
 * Throws a `RangeError` for two children of one name and for slot variables that TensorFlow could not restore, and what
 * `writeBundle` throws.
 */
export async function writeCheckpoint(
  to: BundleTarget,
  root: CheckpointNode,
  options: WriteCheckpointOptions = {},
): Promise<WrittenBundle> {
  const files = filesOf(root, options);
  if (options.shards !== undefined) return await writeBundle(to, files.flat(), options);
  const placed = files.flatMap((parts, shardId) =>
    parts.map(([name, tensor, at]): Part => [name, tensor, { ...at, shardId }]),
  );
  return await writeBundle(to, placed, { ...options, shards: files.length });
}

/**
 * The values of an object-based checkpoint under their keys, in TensorFlow's order, and last the object graph: what `writeBundle`
 * takes. Throws as `writeCheckpoint` does, before the first part.
 */
export function checkpointParts(root: CheckpointNode, options: CheckpointOptions = {}): Iterable<Part> {
  return filesOf(root, options).flat();
}

/** What TensorFlow has in each data file: one for each registered saver, and last that of all other values. */
function filesOf(root: CheckpointNode, options: CheckpointOptions): (readonly Part[])[] {
  const { graph, parts, saved } = checkpointGraph(root, attachedTo(options));
  const bytes = encodeObjectGraph(graph);
  return [...saved, [...parts, [OBJECT_GRAPH_KEY, tensor("string", [], [bytes])]]];
}

/**
 * Children in the order that Python's keyword arguments have in a `tf.train.Checkpoint`: sorted by name. As a tree of its own, it is
 * the checkpoint of these arguments.
 */
export function keywords(children: Readonly<Record<string, CheckpointNode>>): ReadonlyMap<string, CheckpointNode> {
  const encoded = Object.entries(children).map(([name, child]) => [encodeName(name), name, child] as const);
  const sorted = encoded.sort(([a], [b]) => compareBytes(a, b)); // as Python, by code points
  return new Map(sorted.map(([, name, child]) => [name, child]));
}

function attachedTo({ attached = [], saveCounter }: CheckpointOptions): NamedNode[] {
  const children = entriesOf(attached);
  if (saveCounter === undefined) return children;
  const value = tensor("int64", [], BigInt64Array.of(BigInt(saveCounter)));
  return [...children, [SAVE_COUNTER, { value, fullName: SAVE_COUNTER }]];
}
