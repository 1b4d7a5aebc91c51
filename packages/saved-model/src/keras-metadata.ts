import type { SavedMetadata, SavedObjectGraph } from "@modelbytes/tf-proto/messages";

/**
 * What Keras 2 knows of the objects in a SavedModel: JSON for each of its nodes, in `keras_metadata.pb` since TensorFlow 2.5, before
 * that in the user objects of the object graph.
 */
export interface KerasNode {
  /** The node in the object graph. */
  readonly nodeId: number;
  /** E.g. `"root.layer_with_weights-0"`; empty where the object graph itself holds the metadata. */
  readonly path: string;
  /** E.g. `"_tf_keras_sequential"`, `"_tf_keras_layer"`, `"_tf_keras_metric"`. */
  readonly identifier: string;
  /** JSON as Keras wrote it: `class_name`, `config`; at the root also `model_config`, `training_config`, `keras_version`. */
  readonly metadata: string;
}

/** The nodes that Keras 2 described. `[]` for what other programs saved. */
export function kerasNodes(metadata: SavedMetadata | undefined, graph: SavedObjectGraph | undefined): KerasNode[] {
  if (metadata !== undefined && metadata.nodes.length > 0) {
    return metadata.nodes.map(({ nodeId, nodePath, identifier, metadata: text }) => ({
      nodeId,
      path: nodePath,
      identifier,
      metadata: text,
    }));
  }
  const nodes: KerasNode[] = [];
  for (const [nodeId, { userObject }] of (graph?.nodes ?? []).entries()) {
    if (userObject === undefined || !userObject.identifier.startsWith("_tf_keras_") || userObject.metadata === "")
      continue;
    nodes.push({ nodeId, path: "", identifier: userObject.identifier, metadata: userObject.metadata });
  }
  return nodes;
}
