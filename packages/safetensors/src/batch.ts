import type { Source } from "@modelbytes/bytes";
import type { StoredTensor } from "./header.ts";

/** The most bytes that neighbours are joined to. A single tensor may be larger. */
const LARGEST_BATCH: number = 2 ** 20;

/** Bytes between two tensors that are cheaper to read than to skip. */
const LARGEST_GAP = 4096;

/** A tensor and where it is stored. */
export interface Item {
  readonly name: string;
  /** The number of its file. */
  readonly shard: number;
  readonly source: Source;
  readonly stored: StoredTensor;
}

/** Tensors of one file that one request brings. */
export interface Batch {
  readonly source: Source;
  /** Bytes from the start of the file. */
  readonly start: number;
  readonly length: number;
  readonly items: readonly Item[];
}

/** Tensors in the order of their bytes, small neighbours together. */
export function batches(items: Iterable<Item>): Batch[] {
  const result: Batch[] = [];
  let open: { source: Source; start: number; length: number; items: Item[] } | undefined;
  for (const item of items) {
    const { offset, byteLength } = item.stored;
    const end = offset + byteLength;
    const joins =
      open?.source === item.source &&
      offset - (open.start + open.length) <= LARGEST_GAP &&
      end - open.start <= LARGEST_BATCH;
    if (open !== undefined && joins) {
      open.length = end - open.start;
      open.items.push(item);
    } else {
      open = { source: item.source, start: offset, length: byteLength, items: [item] };
      result.push(open);
    }
  }
  return result;
}
