import type { StoredStream } from "../bundle-stream.ts";
import { type HeadedStream, headsOf } from "./heads.ts";

/**
 * The tensors without a place: `writeBundle(to, unplaced(stream), { shards })` distributes them anew over any number of data files,
 * by default over one.
 */
export function unplaced(stream: StoredStream): HeadedStream {
  const header = { ...stream.layout.header, numShards: 1 };
  return {
    layout: { header, partitioned: new Map(), shardSizes: async () => [] },
    async *heads() {
      for await (const head of headsOf(stream)) yield { ...head, placement: { partition: head.placement.partition } };
    },
    async *parts() {
      for await (const [name, tensor, placement] of stream.parts()) {
        yield [name, tensor, { partition: placement?.partition }];
      }
    },
  };
}
