import type { Place } from "@modelbytes/bytes";
import type { Tensor } from "@modelbytes/tensor";
import { decodeTensorProto, toTensor } from "@modelbytes/tf-proto";
import type { GraphNode } from "./graph.ts";

/**
 * The tensor of a `Const` node; `undefined` for any other. Its data is a view of the file where the `TensorProto` holds the elements
 * as bytes. Throws a `CorruptError` where content and shape contradict each other.
 */
export function constantOf(node: GraphNode, place: Place = {}): Tensor | undefined {
  if (node.op !== "Const") return undefined;
  const proto = node.tree.entries("attr").get("value")?.message("tensor");
  if (proto === undefined) return undefined;
  const at = { ...place, offset: proto.offset, tensor: node.name };
  return toTensor(decodeTensorProto(proto.encode(), at), at);
}
