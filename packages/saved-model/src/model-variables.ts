import type { Place } from "@modelbytes/bytes";
import { type BundleEntry, readableNames } from "@modelbytes/tensor-bundle";
import type { ObjectGraph } from "@modelbytes/tf-proto";
import { checkpointKeys, valueKey, variablePaths } from "./checkpoint-keys.ts";
import { dtypeText } from "./dtype-text.ts";
import type { MetaGraph } from "./meta-graph.ts";
import { type PartialShape, shapeOf } from "./partial-shape.ts";
import { restoredVariables } from "./restore-function.ts";

/** A variable of a model: what the graph says of it, and where its value is. */
export interface ModelVariable {
  /** What to call it: the path of objects that leads to it, as in `model.layers[0].kernel`: `layers/0/kernel`; of a TF1 model its name. */
  readonly name: string;
  /** The variable's own name, e.g. `dense/kernel`; several variables may have the same. */
  readonly fullName: string;
  /** The key of its value in the checkpoint; `undefined` where nothing is restored into it. */
  readonly key: string | undefined;
  /** `tf.DType.name`. */
  readonly dtype: string;
  readonly shape: PartialShape;
  /**
   * Which part of the tensor at `key` the variable holds, as TensorFlow writes it: the tensor's shape, then along each dimension start
   * and length, or `-` for all: `"7 5 0,3:-"`. Absent for a variable that holds all of it.
   */
  readonly slice?: string;
  /** `undefined` where the graph does not say. */
  readonly trainable: boolean | undefined;
  /** Its node in the object graph; `undefined` for a TF1 model. */
  readonly nodeId: number | undefined;
  /** The name of the variable that it is a copy of: Keras 3 exports each variable twice. */
  readonly duplicateOf?: string;
}

/** What a checkpoint knows: its entries, and the objects behind them. */
export interface CheckpointContents {
  readonly entries: ReadonlyMap<string, BundleEntry>;
  readonly objectGraph: ObjectGraph | undefined;
}

/**
 * The variables of a MetaGraph, in the order of its object graph, or of a TF1 model's restore operation. Without a checkpoint none
 * has a key. Throws a `CorruptError` for a shape that cannot be.
 */
export function modelVariables(
  metaGraph: MetaGraph,
  checkpoint: CheckpointContents | undefined,
  place: Place = {},
): ModelVariable[] {
  const variables =
    metaGraph.objectGraph === undefined
      ? restored(metaGraph, place)
      : tracked(metaGraph, checkpoint?.objectGraph, place);
  return checkpoint === undefined ? variables : markCopies(variables, checkpoint.entries);
}

function tracked(metaGraph: MetaGraph, objectGraph: ObjectGraph | undefined, place: Place): ModelVariable[] {
  const graph = metaGraph.objectGraph;
  if (graph === undefined) return [];
  const keys = objectGraph === undefined ? undefined : checkpointKeys(graph, objectGraph);
  const paths = variablePaths(graph);
  const variables: ModelVariable[] = [];
  for (const [nodeId, { variable }] of graph.nodes.entries()) {
    if (variable === undefined) continue;
    variables.push({
      name: paths.get(nodeId) ?? (variable.name || `node ${nodeId}`),
      fullName: variable.name,
      key: valueKey(keys?.get(nodeId)),
      dtype: dtypeText(variable.dtype),
      shape: shapeOf(variable.shape, place),
      trainable: variable.trainable,
      nodeId,
    });
  }
  return variables;
}

/** The variables of a TF1 model: what its restore operation restores into. */
function restored(metaGraph: MetaGraph, place: Place): ModelVariable[] {
  const trainable = metaGraph.trainableVariables();
  const restore = metaGraph.saver?.restoreOpName;
  const found =
    restore === undefined || restore === ""
      ? metaGraph.variableNodes().map(({ name }) => ({ node: name, key: name, slice: "" })) // a TF1 Hub module
      : restoredVariables(metaGraph.nodes, metaGraph.functions, restore, place);
  return found.flatMap(({ node: name, key, slice }): ModelVariable[] => {
    const node = metaGraph.nodes.get(name);
    if (node === undefined || !VARIABLES.has(node.op)) return [];
    return [
      {
        name,
        fullName: name,
        key,
        dtype: dtypeText(node.attr("dtype")?.type ?? 0),
        shape: shapeOf(node.attr("shape")?.shape, place),
        trainable: trainable?.has(name),
        nodeId: undefined,
        ...(slice !== "" && { slice }),
      },
    ];
  });
}

/** The ops that are variables: resources, and the references of TF1. */
export const VARIABLES: ReadonlySet<string> = new Set(["VarHandleOp", "VariableV2", "Variable"]);

/** Marks each variable that has the name, the dtype, the shape and the checksum of one before it, at another key. */
function markCopies(variables: readonly ModelVariable[], entries: ReadonlyMap<string, BundleEntry>): ModelVariable[] {
  const first = new Map<string, ModelVariable>();
  return variables.map((variable) => {
    const entry = variable.key === undefined ? undefined : entries.get(variable.key);
    if (entry === undefined || variable.fullName === "") return variable;
    const same = [variable.fullName, entry.dtype, entry.shape.join(), entry.size, entry.crc32c].join("\n");
    const other = first.get(same);
    if (other === undefined) first.set(same, variable);
    return other === undefined || other.key === variable.key ? variable : { ...variable, duplicateOf: other.name };
  });
}

/** A name to read for each key of the checkpoint: the variable's path where the graph has one, else what the checkpoint itself says. */
export function namesOfKeys(variables: readonly ModelVariable[], checkpoint: CheckpointContents): Map<string, string> {
  const { entries, objectGraph } = checkpoint;
  const names =
    objectGraph === undefined
      ? new Map([...entries.keys()].map((key) => [key, key]))
      : readableNames(objectGraph, entries.keys());
  const taken = new Set(names.values());
  for (const { key, name } of variables) {
    if (key === undefined || names.get(key) !== key || taken.has(name)) continue;
    names.set(key, name);
    taken.add(name);
  }
  return names;
}
