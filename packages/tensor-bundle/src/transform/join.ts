import type { BundleStream, StoredStream } from "../bundle-stream.ts";

/**
 * The tensors of `bundle.stream()` with their partitions joined, in the order of their first bytes: TensorFlow has nothing like it.
 * Each tensor is read at once, wherever its partitions lie; a large one in pieces, if its partitions are rows of it. They have no
 * place, as those of `unplaced`.
 */
export function joinPartitions(stream: Pick<BundleStream, "layout" | "joined">): StoredStream {
  const header = { ...stream.layout.header, numShards: 1 };
  return {
    layout: { header, partitioned: new Map(), shardSizes: async () => [] },
    parts: () => stream.joined(),
  };
}
