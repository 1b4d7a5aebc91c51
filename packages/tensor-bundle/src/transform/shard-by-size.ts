import type { StoredStream } from "../bundle-stream.ts";
import { explicitSlice } from "./cut.ts";
import { Elements } from "./elements.ts";
import { headsOf, isHeaded, isObjectGraph } from "./heads.ts";
import { ShardFiller, weighed, weightOf } from "./shard-filler.ts";

/**
 * The tensors in data files of up to `maxShardSize` bytes: the very files that TensorFlow writes with
 * `tf.train.experimental.MaxShardSizePolicy`. `shard-filler.ts` has the rule; tensors without elements, which TensorFlow loses, stay
 * here. The stream is read once to count the files before it is read for the tensors, unless it has no strings and knows its
 * `heads`.
 *
 * Rejects with a `RangeError` where not even the thinnest slice of a tensor fits a file: TensorFlow never returns then.
 */
export async function shardBySize(stream: StoredStream, maxShardSize: number): Promise<StoredStream> {
  const counting = new ShardFiller(maxShardSize);
  if (await hasStrings(stream)) {
    for await (const part of stream.parts()) counting.add(part[0], weighed(part));
  } else {
    for await (const head of headsOf(stream)) counting.add(head.name, weightOf(head));
  }
  const { filled, singles } = counting;
  const header = { ...stream.layout.header, numShards: Math.max(1, filled + singles) };
  return {
    layout: { header, partitioned: new Map(), shardSizes: async () => [] },
    async *parts() {
      const filler = new ShardFiller(maxShardSize);
      for await (const part of stream.parts()) {
        const [name, tensor, placement] = part;
        const elements = new Elements(tensor);
        try {
          for (const { region, single, file } of filler.add(name, weighed(part))) {
            const shardId = single ? filled + file : file;
            if (region === undefined) {
              yield [name, tensor, { shardId, partition: placement?.partition }];
              continue;
            }
            const { shape, slice } = placement?.partition ?? { shape: tensor.shape, slice: [] };
            const start = region.start.map((first, dim) => first + (slice[dim]?.start ?? 0));
            const partition = { shape, slice: explicitSlice({ start, count: region.count }) };
            yield [name, await elements.region(region), { shardId, partition }];
          }
        } finally {
          await elements.close();
        }
      }
    },
  };
}

/** Whether what the tensors take depends on their elements. */
async function hasStrings(stream: StoredStream): Promise<boolean> {
  if (!isHeaded(stream)) return true;
  for await (const head of stream.heads()) if (head.dtype === "string" && !isObjectGraph(head)) return true;
  return false;
}
