import type { StoredStream } from "../bundle-stream.ts";
import { derivedStream } from "./derive.ts";
import { KeyIndex, withoutValues } from "./graph.ts";
import { type HeadedStream, headOf, headsOf, isObjectGraph } from "./heads.ts";

/**
 * The tensors that `keep` wants, which has to answer the same each time it is asked. It is not asked about the object graph, which
 * loses the dropped values and the ways to objects that have none left, so that TensorFlow knows that it did not restore them (but
 * for a value of the root itself, to which no way leads); objects keep their numbers. `withoutObjectGraph` drops the graph.
 */
export function keepTensors(stream: StoredStream, keep: (name: string) => boolean): HeadedStream {
  return keepPlanned(stream, async () => keep);
}

/** The tensors that a plan wants, which is made anew for each pass. */
export function keepPlanned(stream: StoredStream, plan: () => Promise<(name: string) => boolean>): HeadedStream {
  return derivedStream(stream, stream.layout, async () => {
    const keep = await plan();
    const dropped = new Set<string>();
    const kept = new Set<string>();
    return {
      derive: (head) => {
        const wanted = keep(head.name);
        (wanted ? kept : dropped).add(head.name);
        return wanted ? [head] : [];
      },
      editGraph: (graph) => {
        const keys = new KeyIndex([...kept, ...dropped]);
        return withoutValues(graph, (key) => keys.of(key).some((name) => dropped.has(name)));
      },
    };
  });
}

/** The tensors without the object graph: a name-based checkpoint, whose names are the keys. */
export function withoutObjectGraph(stream: StoredStream): HeadedStream {
  const { header, partitioned } = stream.layout;
  return {
    layout: { header, partitioned, shardSizes: async () => [] },
    async *heads() {
      for await (const head of headsOf(stream)) if (!isObjectGraph(head)) yield head;
    },
    async *parts() {
      for await (const part of stream.parts()) if (!isObjectGraph(headOf(part))) yield part;
    },
  };
}
