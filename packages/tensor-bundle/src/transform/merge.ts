import { compareBytes, encodeName, type WaitOptions } from "@modelbytes/bytes";
import type { BundleLayout, StoredStream } from "../bundle-stream.ts";
import type { PartitionedLayout } from "../index-builder.ts";
import { partitionName } from "../partition.ts";
import { headsOf, type PartHead } from "./heads.ts";

/**
 * One checkpoint of several, the one that TensorFlow's MergeV2Checkpoints makes of them: no byte of a data file changes, the files get
 * new numbers and the index all entries. Files are numbered as keys refer to them, input by input, in the order of the keys' bytes;
 * those that no key refers to come last. The partitions of one tensor may be spread over the inputs.
 *
 * An input that does not know its `heads` is read for them once. Rejects with a `RangeError` where two inputs have a key in common,
 * the object graph's included (`withoutObjectGraph` takes it out), where their endianness or versions differ, and for no input.
 */
export async function mergeBundles(streams: readonly StoredStream[]): Promise<StoredStream> {
  const [first] = streams;
  if (first === undefined) throw new RangeError("there is nothing to merge");
  const { header } = first.layout;
  const merging = new Merging();
  for (const [input, { layout }] of streams.entries()) {
    if (layout.header.bigEndian !== header.bigEndian || text(layout.header.version) !== text(header.version)) {
      throw new RangeError(`checkpoint ${input} has another endianness or version than the ones before`);
    }
  }
  for (const [input, stream] of streams.entries()) await merging.add(input, stream);
  const numbers = streams.map(({ layout }, input) => {
    return Array.from({ length: layout.header.numShards }, (_, shardId) => merging.number(input, shardId));
  });
  return {
    layout: {
      header: { ...header, numShards: numbers.flat().length },
      partitioned: merging.partitioned,
      shardSizes: (options) => mergedSizes(streams, numbers, options),
    },
    async *parts() {
      for (const [input, stream] of streams.entries()) {
        for await (const [name, tensor, placement = {}] of stream.parts()) {
          yield [name, tensor, { ...placement, shardId: merging.number(input, placement.shardId ?? 0) }];
        }
      }
    },
  };
}

function text(version: BundleLayout["header"]["version"]): string {
  return JSON.stringify([version?.producer, version?.minConsumer, version?.badConsumers]);
}

/** The sizes of the data files under their new numbers. */
async function mergedSizes(
  streams: readonly StoredStream[],
  numbers: readonly (readonly number[])[],
  options: WaitOptions,
): Promise<number[]> {
  const sizes: number[] = numbers.flat().map(() => 0);
  for (const [input, { layout }] of streams.entries()) {
    for (const [shardId, size] of (await layout.shardSizes(options)).entries())
      sizes[numbers[input]?.[shardId] ?? 0] = size;
  }
  return sizes;
}

/** An entry of an input's index. */
interface Entry {
  readonly key: string;
  readonly shardId: number;
  /** Of the entry of a partitioned tensor. */
  readonly layout?: PartitionedLayout;
}

/** Numbers data files and collects keys, input by input. */
class Merging {
  readonly partitioned = new Map<string, PartitionedLayout>();
  readonly #keys = new Set<string>();
  readonly #numbers = new Map<string, number>();

  async add(input: number, stream: StoredStream): Promise<void> {
    const entries = await entriesOf(stream);
    const sorted = entries.map((entry) => [encodeName(entry.key), entry] as const);
    for (const [, { key, shardId, layout }] of sorted.sort(([a], [b]) => compareBytes(a, b))) {
      const other = this.partitioned.get(key);
      if (layout !== undefined && other !== undefined) {
        this.partitioned.set(key, { ...other, slices: [...other.slices, ...layout.slices] });
        continue;
      }
      if (this.#keys.has(key)) throw new RangeError(`two of the checkpoints have ${JSON.stringify(key)}`);
      this.#keys.add(key);
      const number = this.number(input, shardId);
      if (layout !== undefined) this.partitioned.set(key, { ...layout, shardId: number });
    }
  }

  /** The new number of a data file: the next one, if it is asked for the first time. */
  number(input: number, shardId: number): number {
    const file = `${input}:${shardId}`;
    const number = this.#numbers.get(file) ?? this.#numbers.size;
    this.#numbers.set(file, number);
    return number;
  }
}

/** The entries that the index of a stream has or would have. */
async function entriesOf(stream: StoredStream): Promise<Entry[]> {
  const entries: Entry[] = [];
  const partitions = new Map<string, PartHead[]>();
  for await (const head of headsOf(stream)) {
    const { name, placement } = head;
    const { partition, shardId = 0 } = placement;
    entries.push({ key: partition === undefined ? name : partitionName(name, partition.slice), shardId });
    if (partition !== undefined) collect(partitions, name, head);
  }
  for (const [key, heads] of partitions) {
    const layout = stream.layout.partitioned.get(key) ?? layoutOf(heads);
    entries.push({ key, shardId: layout.shardId, layout });
  }
  return entries;
}

/** How the writer lists partitions: in the order of the data files. */
function layoutOf(heads: readonly PartHead[]): PartitionedLayout {
  const listed = heads.map(({ placement: { shardId = 0, partition } }) => ({ shardId, slice: partition?.slice ?? [] }));
  listed.sort((a, b) => a.shardId - b.shardId);
  return { slices: listed.map(({ slice }) => slice), shardId: listed[0]?.shardId ?? 0 };
}

function collect(lists: Map<string, PartHead[]>, name: string, head: PartHead): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [head]);
  else list.push(head);
}
