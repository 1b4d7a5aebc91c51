import { ByteWriter, encodeName, sortNames } from "@modelbytes/bytes";
import { DTYPES, type DType, elementCount } from "@modelbytes/tensor";
import { appendBundleEntry, encodeBundleHeader, type TensorSlice } from "@modelbytes/tf-proto";
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
  /** Which entry is of which name. A checkpoint may have a million, so they are bytes at once, one behind another. */
  readonly #numbers = new Map<string, number>();
  readonly #entries: ByteWriter = new ByteWriter();
  readonly #ends: number[] = [0];
  readonly #partitioned = new Map<string, Partitioned>();

  /** Throws a `RangeError` for a name that is taken or empty, and for a partition that does not fit its tensor. */
  add(name: string, dtype: DType, shape: readonly number[], written: Written, partition: Placement["partition"]): void {
    if (name === "") throw new RangeError("a tensor needs a name: the empty key is the header's");
    if (partition === undefined || isWhole(partition, shape)) {
      this.#set(name, dtype, shape, written, mask(written.crc32c), []);
      return;
    }
    checkPartition(name, partition, shape);
    const full = this.#partitioned.get(name) ?? { dtype, shape: partition.shape, slices: [] };
    if (full.dtype !== dtype || full.shape.join() !== partition.shape.join()) {
      throw new RangeError(`the partitions of ${JSON.stringify(name)} are of different tensors`);
    }
    this.#set(partitionName(name, partition.slice), dtype, shape, written, mask(written.crc32c), []);
    full.slices.push({ slice: partition.slice, shardId: written.shardId });
    this.#partitioned.set(name, full);
  }

  /** Throws a `RangeError` for a name that is taken already. Call it before the bytes are written. */
  checkName(name: string, partition: Placement["partition"]): void {
    const key = partition === undefined ? name : partitionName(name, partition.slice);
    const other = partition === undefined ? this.#partitioned.has(name) : this.#numbers.has(name);
    if (this.#numbers.has(key) || other) throw new RangeError(`two tensors are called ${JSON.stringify(name)}`);
  }

  /** The index file. `layouts` are those of partitioned tensors that are copied from elsewhere. */
  finish(header: BundleHeader, layouts: ReadonlyMap<string, PartitionedLayout> = new Map()): Uint8Array<ArrayBuffer> {
    for (const [name, { dtype, shape, slices }] of this.#partitioned) {
      const layout = layouts.get(name) ?? mergedLayout(slices);
      this.#set(name, dtype, shape, { shardId: layout.shardId, offset: 0, size: 0 }, 0, layout.slices);
    }
    const table = new TableWriter();
    table.add(new Uint8Array(0), encodeBundleHeader(header));
    const entries = this.#entries.peek();
    for (const name of sortNames(this.#numbers.keys())) {
      const number = this.#numbers.get(name) ?? 0;
      table.add(encodeName(name), entries.subarray(this.#ends[number], this.#ends[number + 1]));
    }
    return table.finish();
  }

  #set(
    name: string,
    dtype: DType,
    shape: readonly number[],
    { shardId, offset, size }: Omit<Written, "crc32c">,
    crc32c: number,
    slices: readonly TensorSlice[],
  ): void {
    const { number } = DTYPES[dtype];
    const entry = { dtype: number, shape: { dims: shape, unknownRank: false }, shardId, offset, size, crc32c, slices };
    this.#numbers.set(name, this.#numbers.size);
    appendBundleEntry(this.#entries, entry);
    this.#ends.push(this.#entries.length);
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
