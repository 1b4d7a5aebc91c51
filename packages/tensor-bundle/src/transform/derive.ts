import { CorruptError, type Place } from "@modelbytes/bytes";
import type { Tensor, TensorInPieces } from "@modelbytes/tensor";
import { decodeObjectGraph, encodeObjectGraph, type ObjectGraph } from "@modelbytes/tf-proto";
import type { BundleLayout, StoredStream } from "../bundle-stream.ts";
import { isInPieces, type Part, type Placement } from "../part.ts";
import { Elements } from "./elements.ts";
import { type HeadedStream, headOf, headsOf, isObjectGraph, type PartHead } from "./heads.ts";

/**
 * Transformations map streams to streams, so that they compose and `writeBundle` writes whatever comes out. They hold one part at
 * a time, and the object graph: it says what all keys are for, so it is edited and given once all of them have passed. TensorFlow
 * writes it last in its data file anyway.
 */

/** What becomes of a part: its new head, and how its elements are made of the old ones if they change. */
export interface Derived extends PartHead {
  readonly convert?: (elements: Elements) => Tensor | TensorInPieces | Promise<Tensor | TensorInPieces>;
}

/** One pass over a stream. */
export interface Pass {
  /** What becomes of a part: nothing, one part, or several. Never asked about the object graph. */
  readonly derive: (head: PartHead) => Iterable<Derived>;
  /** The object graph after all parts have passed; the same object where nothing changes. By default it stays. */
  readonly editGraph?: (graph: ObjectGraph) => ObjectGraph;
}

/**
 * A transformed stream. `begin` is called for each pass. Sizes change, so the parts lie as they come: they keep their data files,
 * and no offsets.
 */
export function derivedStream(
  stream: StoredStream,
  layout: Pick<BundleLayout, "header" | "partitioned">,
  begin: () => Promise<Pass>,
): HeadedStream {
  return {
    layout: { header: layout.header, partitioned: layout.partitioned, shardSizes: async () => [] },
    async *heads() {
      const { derive } = await begin();
      let graph: PartHead | undefined;
      for await (const head of headsOf(stream)) {
        if (isObjectGraph(head)) graph = head;
        else for (const derived of derive(head)) yield { ...derived, placement: withoutOffset(derived.placement) };
      }
      if (graph !== undefined) yield { ...graph, placement: withoutOffset(graph.placement) };
    },
    async *parts() {
      const { derive, editGraph } = await begin();
      let graph: Part | undefined;
      for await (const part of stream.parts()) {
        const head = headOf(part);
        if (isObjectGraph(head)) {
          graph = part;
          continue;
        }
        const [, tensor] = part;
        const elements = new Elements(tensor);
        try {
          for (const { name, convert, placement } of derive(head)) {
            yield [name, convert === undefined ? tensor : await convert(elements), withoutOffset(placement)];
          }
        } finally {
          await elements.close();
        }
      }
      if (graph !== undefined) yield editedGraph(graph, editGraph);
    },
  };
}

function withoutOffset({ shardId, partition }: Placement): Placement {
  return { shardId, partition };
}

function editedGraph([name, tensor, placement = {}]: Part, edit: Pass["editGraph"]): Part {
  const unchanged: Part = [name, tensor, withoutOffset(placement)];
  if (edit === undefined || isInPieces(tensor) || tensor.dtype !== "string") return unchanged;
  const graph = decodeObjectGraph(tensor.data[0] ?? new Uint8Array(0), { tensor: name });
  checkReferences(graph, { tensor: name });
  const edited = edit(graph);
  if (edited === graph) return unchanged;
  return [name, { ...tensor, data: [encodeObjectGraph(edited)] }, withoutOffset(placement)];
}

/** Throws a `CorruptError` unless all references of a graph lead to a node: whoever edits it follows them. */
export function checkReferences({ nodes }: ObjectGraph, place: Place): void {
  for (const { children, slotVariables } of nodes) {
    const slots = slotVariables.flatMap((slot) => [slot.originalVariableNodeId, slot.slotVariableNodeId]);
    const wrong = [...children.map(({ nodeId }) => nodeId), ...slots].find((id) => nodes[id] === undefined);
    if (wrong === undefined) continue;
    throw new CorruptError("object-graph", `the object graph refers to node ${wrong}, which is not there`, place);
  }
}
