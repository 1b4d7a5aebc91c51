import type { Tensor } from "@modelbytes/tensor";
import type { StoredStream } from "../bundle-stream.ts";

/**
 * The tensors of `bundle.stream()` with their partitions joined, in the order of their first bytes: TensorFlow has nothing like it.
 * Each tensor is read at once, wherever its partitions lie. They have no place, as those of `unplaced`.
 */
export function joinPartitions(stream: StoredStream & AsyncIterable<readonly [string, Tensor]>): StoredStream {
  const header = { ...stream.layout.header, numShards: 1 };
  return {
    layout: { header, partitioned: new Map(), shardSizes: async () => [] },
    async *parts() {
      yield* stream;
    },
  };
}
