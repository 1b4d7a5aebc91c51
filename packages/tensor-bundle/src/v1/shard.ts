import { CorruptError, compareBytes, type Source, type WaitOptions } from "@modelbytes/bytes";
import { elementCount, type Tensor } from "@modelbytes/tensor";
import type { SavedTensorSliceMeta } from "@modelbytes/tf-proto";
import { describe } from "../partition.ts";
import { type BlockEntry, readBlock } from "../table/block.ts";
import { type DataBlock, Table } from "../table/table.ts";
import { decodeV1Meta, type StoredPart } from "./meta.ts";
import { decodeV1Value } from "./value.ts";

/** A value takes a byte at the least, of which Snappy can make a twenty-second. */
const MOST_VALUES_PER_BYTE = 22;

/**
 * One file of a V1 checkpoint: a table that holds the values themselves.
 *
 *     ""                     SavedTensorSlices { meta }      what is in the file
 *     00 … (OrderedCode)     SavedTensorSlices { data }      one entry for each part of a tensor; a whole tensor is one part
 *
 * The key of a part is that of a tensor bundle's partition (partition-key.ts).
 */
export class V1Shard {
  readonly table: Table;
  readonly meta: SavedTensorSliceMeta;

  private constructor(table: Table, meta: SavedTensorSliceMeta) {
    this.table = table;
    this.meta = meta;
  }

  /** Reads footer, index block and the first data block. Throws a `CorruptError` where the file is no V1 checkpoint. */
  static async open(source: Source, options: WaitOptions = {}): Promise<V1Shard> {
    const table = await Table.open(source, options);
    const [block] = table.blocks;
    for (const { key, value, place } of block === undefined ? [] : await entriesOf(table, block, options)) {
      if (key.length > 0) break;
      return new V1Shard(table, decodeV1Meta(value, place));
    }
    const place = { file: table.name, offset: block?.offset };
    throw new CorruptError("v1-meta", "no V1 checkpoint: the first key of the table is not that of a meta", place);
  }

  /** The block in which the key of a part has to be: the first that reaches up to it. */
  blockOf({ key }: StoredPart): DataBlock | undefined {
    const { blocks } = this.table;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(blocks[middle]?.separator ?? key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return blocks[low];
  }

  /** Parts by the block they lie in, both in the order of their keys. */
  byBlock(parts: Iterable<StoredPart>): Map<DataBlock | undefined, StoredPart[]> {
    const result = new Map<DataBlock | undefined, StoredPart[]>();
    for (const part of [...parts].sort((a, b) => compareBytes(a.key, b.key))) {
      const block = this.blockOf(part);
      const others = result.get(block);
      if (others === undefined) result.set(block, [part]);
      else others.push(part);
    }
    return result;
  }

  /** The values of parts, in the order of their keys; a block is read once. */
  async *values(
    parts: Iterable<StoredPart>,
    options: WaitOptions,
  ): AsyncGenerator<[StoredPart, Tensor], void, undefined> {
    for (const [block, inBlock] of this.byBlock(parts)) {
      const rest = inBlock.values();
      let wanted = rest.next().value;
      for (const entry of block === undefined ? [] : await entriesOf(this.table, block, options)) {
        if (wanted === undefined) break;
        const order = compareBytes(wanted.key, entry.key);
        if (order > 0) continue;
        if (order < 0) break;
        yield [wanted, decodeV1Value(entry, wanted)];
        wanted = rest.next().value;
      }
      if (wanted !== undefined) throw this.missing(wanted);
    }
  }

  /** Throws a `CorruptError` for a part that cannot be in its block, before memory is taken for it. */
  checkSize(part: StoredPart): void {
    const elements = elementCount(part.region.count);
    const block = this.blockOf(part);
    if (block === undefined || elements <= block.size * MOST_VALUES_PER_BYTE) return;
    const reason = `the partition ${describe(part.region)} has ${elements} elements, its block only ${block.size} bytes`;
    throw new CorruptError("size", reason, { file: this.table.name, offset: block.offset, tensor: part.name });
  }

  /** What reading a part gives that the table does not have. */
  missing({ name, region }: StoredPart): CorruptError {
    const reason = `the table has no values for the partition ${describe(region)} that its meta lists`;
    return new CorruptError("partition-missing", reason, { file: this.table.name, tensor: name });
  }
}

/** The entries of a block, as views of its bytes. */
export async function entriesOf(table: Table, block: DataBlock, options: WaitOptions): Promise<Iterable<BlockEntry>> {
  return readBlock(await table.readBlock(block, options), { file: table.name, offset: block.offset });
}
