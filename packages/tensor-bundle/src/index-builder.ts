import { compareBytes, encodeName } from "@modelbytes/bytes";
import { DTYPES, type DType, elementCount } from "@modelbytes/tensor";
import { type BundleEntryProto, encodeBundleEntry, encodeBundleHeader, type TensorSlice } from "@modelbytes/tf-proto";
import { mask } from "./crc32c/crc32c.ts";
import type { BundleHeader } from "./header.ts";
import type { Placement } from "./part.ts";
import { partitionName } from "./partition.ts";
import { TableWriter } from "./table/table-writer.ts";

/** Where the bytes of a part came to lie. */
export interface Written {
  readonly shardId: number;
  readonly offset: number;
  readonly size: number;
  /** Unmasked. */
  readonly crc32c: number;
}

/** A partitioned tensor: its entry without bytes, and its partitions as far as they have come. */
interface Partitioned {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly slices: { readonly slice: TensorSlice; readonly shardId: number }[];
}

/** How the entry of a partitioned tensor is to look, where it is a copy of one. */
export interface PartitionedLayout {
  readonly slices: readonly TensorSlice[];
  readonly shardId: number;
}

/**
 * Collects the entries of a new index, in any order. `tensor_bundle.cc` and its tests are the source of the rules: a slice that is
 * all of its tensor is stored as a plain tensor; merged shards give a partitioned tensor's slices in the order of the shards and
 * the first shard's number.
 */
export class IndexBuilder {
  readonly #entries = new Map<string, BundleEntryProto>();
  readonly #partitioned = new Map<string, Partitioned>();

  /** Throws a `RangeError` for a name that is taken or empty, and for a partition that does not fit its tensor. */
  add(name: string, dtype: DType, shape: readonly number[], written: Written, partition: Placement["partition"]): void {
    if (name === "") throw new RangeError("a tensor needs a name: the empty key is the header's");
    if (partition === undefined || isWhole(partition, shape)) {
      this.#set(name, dtype, shape, written);
      return;
    }
    checkPartition(name, partition, shape);
    const full = this.#partitioned.get(name) ?? { dtype, shape: partition.shape, slices: [] };
    if (full.dtype !== dtype || full.shape.join() !== partition.shape.join()) {
      throw new RangeError(`the partitions of ${JSON.stringify(name)} are of different tensors`);
    }
    this.#set(partitionName(name, partition.slice), dtype, shape, written);
    full.slices.push({ slice: partition.slice, shardId: written.shardId });
    this.#partitioned.set(name, full);
  }

  /** Throws a `RangeError` for a name that is taken already. Call it before the bytes are written. */
  checkName(name: string, partition: Placement["partition"]): void {
    const key = partition === undefined ? name : partitionName(name, partition.slice);
    const other = partition === undefined ? this.#partitioned.has(name) : this.#entries.has(name);
    if (this.#entries.has(key) || other) throw new RangeError(`two tensors are called ${JSON.stringify(name)}`);
  }

  /** The index file. `layouts` are those of partitioned tensors that are copied from elsewhere. */
  finish(header: BundleHeader, layouts: ReadonlyMap<string, PartitionedLayout> = new Map()): Uint8Array<ArrayBuffer> {
    for (const [name, { dtype, shape, slices }] of this.#partitioned) {
      const layout = layouts.get(name) ?? mergedLayout(slices);
      const none = { shardId: layout.shardId, offset: 0, size: 0, crc32c: 0 };
      const full = { dtype: DTYPES[dtype].number, shape: { dims: shape, unknownRank: false }, ...none };
      this.#entries.set(name, { ...full, slices: layout.slices });
    }
    const table = new TableWriter();
    table.add(new Uint8Array(0), encodeBundleHeader(header));
    const keys = [...this.#entries].map(([name, entry]) => [encodeName(name), entry] as const);
    for (const [key, entry] of keys.sort(([a], [b]) => compareBytes(a, b))) table.add(key, encodeBundleEntry(entry));
    return table.finish();
  }

  #set(name: string, dtype: DType, shape: readonly number[], { crc32c, ...written }: Written): void {
    const entry = { dtype: DTYPES[dtype].number, shape: { dims: shape, unknownRank: false }, ...written };
    this.#entries.set(name, { ...entry, crc32c: mask(crc32c), slices: [] });
  }
}

function mergedLayout(slices: Partitioned["slices"]): PartitionedLayout {
  const sorted = [...slices].sort((a, b) => a.shardId - b.shardId);
  return { slices: sorted.map(({ slice }) => slice), shardId: sorted[0]?.shardId ?? 0 };
}

function isWhole({ shape, slice }: NonNullable<Placement["partition"]>, part: readonly number[]): boolean {
  return slice.every((extent) => extent === null) || (shape.join() === part.join() && elementCount(shape) > 0);
}

function checkPartition(
  name: string,
  { shape, slice }: NonNullable<Placement["partition"]>,
  part: readonly number[],
): void {
  const fits =
    slice.length === shape.length &&
    part.length === shape.length &&
    slice.every((extent, dim) => {
      const { start, length } = extent ?? { start: 0, length: shape[dim] ?? 0 };
      return start >= 0 && length === part[dim] && start + length <= (shape[dim] ?? 0);
    });
  if (fits) return;
  const found = `a part of shape [${part.join(", ")}]`;
  throw new RangeError(
    `${found} is not the partition that it claims of ${JSON.stringify(name)}, [${shape.join(", ")}]`,
  );
}
