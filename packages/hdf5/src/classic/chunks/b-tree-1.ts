import { readTreeNode, type TreeKind, type TreeNode } from "../b-tree-1.ts";
import { Budget } from "../budget.ts";
import type { MetadataFile } from "../metadata-file.ts";
import type { MetadataReader } from "../metadata-reader.ts";
import { all, type Reading } from "../reading.ts";
import { type ChunkSpace, isInRange, type StoredChunk, startOf } from "./chunk.ts";

/** A key of the tree: u32 stored size, u32 mask, where the chunk starts, 8 bytes a dimension. */
interface Key {
  readonly size: number;
  readonly mask: number;
  /** With a dimension more, for the bytes of an element: 0, but in the key behind the last chunk it may be more. */
  readonly start: readonly number[];
}

/**
 * The chunks of a region in a B-tree of version 1, which every dataset of h5py has by default. Keys ascend; a child is visited
 * only where its keys reach into the region.
 */
export function* chunksOfTree1(file: MetadataFile, address: number, space: ChunkSpace): Reading<StoredChunk[]> {
  const rank = space.layout.chunk.length;
  const kind: TreeKind<Key> = { type: 1, keyBytes: 16 + 8 * rank, decodeKey: (reader) => decodeKey(reader, rank) };
  const low = [...startOf(space, space.first), 0];
  const high = [...startOf(space, space.last), 0];
  const budget = new Budget(file.size);

  function* below(at: number, parent: TreeNode<Key> | undefined): Reading<StoredChunk[]> {
    const node = yield* readTreeNode(file, kind, { address: at, parent }, budget, space.path);
    checkOrder(node);
    const reached = node.children.flatMap((child, index) => {
      const [key, next] = [node.keys[index], node.keys[index + 1]];
      if (key === undefined || next === undefined) return [];
      return compare(next.start, low) > 0 && compare(key.start, high) <= 0 ? [{ child, key }] : [];
    });
    if (node.level > 0) return (yield* all(reached.map(({ child }) => below(child, node)))).flat();
    return reached.flatMap(({ child, key }) => {
      const start = key.start.slice(0, rank);
      const place = start.map((at, dim) => at / (space.layout.chunk[dim] ?? 1));
      if (!place.every(Number.isInteger) || key.start[rank] !== 0) {
        throw node.reader.corruptPiece("chunk-offset", "a chunk between two chunks");
      }
      return isInRange(space, place) ? [{ ...key, start, address: child }] : [];
    });
  }
  return yield* below(address, undefined);
}

function decodeKey(reader: MetadataReader, rank: number): Key {
  const size = reader.uint32();
  const mask = reader.uint32();
  const start = Array.from({ length: rank + 1 }, () => reader.uint(8));
  return { size, mask, start };
}

function checkOrder({ keys, reader }: TreeNode<Key>): void {
  for (let index = 1; index < keys.length; index++) {
    if (compare(keys[index - 1]?.start ?? [], keys[index]?.start ?? []) < 0) continue;
    throw reader.corruptPiece("chunk-order", "the chunks of a B-tree do not ascend");
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let dim = 0; dim < a.length; dim++) {
    const difference = (a[dim] ?? 0) - (b[dim] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
