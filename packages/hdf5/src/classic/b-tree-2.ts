import { Budget } from "./budget.ts";
import { CHECKSUM_BYTES, verifyChecksum } from "./checksum.ts";
import { MAX_TREE_DEPTH } from "./limits.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import { all, type Reading } from "./reading.ts";

/**
 * A B-tree of version 2: a list of records of one size.
 *
 *     header     "BTHD" 00 type, u32 node size, u16 record size, u16 depth, u8 split, u8 merge, root A, u16 records in root, L records
 *     leaf       "BTLF" 00 type, records
 *     internal   "BTIN" 00 type, records, then one child more than records: A, its records, [records below it, unless a leaf]
 *
 * Each ends with a checksum. How wide the two counts of a child are follows from how many records could be there.
 */
interface Tree {
  readonly type: number;
  readonly recordSize: number;
  readonly levels: readonly Level[];
}

/** What nodes of a level can hold; leaves are level 0. */
interface Level {
  readonly records: number;
  /** Bytes of the number of all records below, which a parent holds; 0 for leaves. */
  readonly totalWidth: number;
}

interface Child {
  readonly address: number;
  readonly records: number;
}

const NODE_BYTES = 6 + CHECKSUM_BYTES;
const MAX_NODE_BYTES = 2 ** 24;

/** The records in their order, each a reader of its bytes. `type` is what they are; the tree has to say the same. */
export function* readRecords(
  file: MetadataFile,
  address: number,
  type: number,
  path: string,
): Reading<MetadataReader[]> {
  const { offsetSize, lengthSize } = file.superblock;
  const head = yield* file.read(address, 18 + offsetSize + lengthSize + CHECKSUM_BYTES, path);
  verifyChecksum(head, "a B-tree");
  head.signature("BTHD");
  head.version("a B-tree", 0);
  const found = head.uint8();
  if (found !== type) throw head.corruptPiece("tree-type", `a B-tree of type ${found}, not ${type}`);
  const nodeSize = head.uint32();
  const recordSize = head.uint16();
  const depth = head.uint16();
  head.skip(2);
  const root = head.address();
  const records = head.uint16();
  if (root === undefined || records === 0) return [];
  if (recordSize === 0 || nodeSize > MAX_NODE_BYTES || depth > MAX_TREE_DEPTH) {
    throw head.corruptPiece(
      "tree",
      `a B-tree of depth ${depth}, nodes of ${nodeSize} and records of ${recordSize} bytes`,
    );
  }
  const tree: Tree = { type, recordSize, levels: levelsOf(nodeSize, recordSize, depth, offsetSize) };
  return yield* readNode(file, tree, { address: root, records }, depth, new Budget(file.size), path);
}

function levelsOf(nodeSize: number, recordSize: number, depth: number, offsetSize: number): Level[] {
  const leafRecords = Math.floor((nodeSize - NODE_BYTES) / recordSize);
  const levels: Level[] = [{ records: leafRecords, totalWidth: 0 }];
  let total = leafRecords;
  for (let level = 1; level <= depth; level++) {
    const childBytes = offsetSize + widthOf(leafRecords) + (levels[level - 1]?.totalWidth ?? 0);
    const records = Math.floor((nodeSize - NODE_BYTES - childBytes) / (recordSize + childBytes));
    total = (records + 1) * total + records;
    levels.push({ records, totalWidth: widthOf(total) });
  }
  return levels;
}

/** Bytes of a number that can be as large as `most`. */
function widthOf(most: number): number {
  return Math.min(8, Math.floor(Math.log2(Math.max(1, most)) / 8) + 1);
}

function* readNode(
  file: MetadataFile,
  tree: Tree,
  { address, records }: Child,
  depth: number,
  budget: Budget,
  path: string,
): Reading<MetadataReader[]> {
  const { type, recordSize, levels } = tree;
  const countWidth = widthOf(levels[0]?.records ?? 0);
  const totalWidth = levels[depth - 1]?.totalWidth ?? 0;
  const childBytes = depth === 0 ? 0 : file.superblock.offsetSize + countWidth + totalWidth;
  const bytes = NODE_BYTES + records * recordSize + (depth === 0 ? 0 : (records + 1) * childBytes);
  const reader = yield* file.read(address, bytes, path);
  budget.spend(bytes, reader);
  if (records > (levels[depth]?.records ?? 0)) throw reader.corruptPiece("tree", `${records} records in one node`);
  verifyChecksum(reader, "a node of a B-tree");
  reader.signature(depth === 0 ? "BTLF" : "BTIN");
  reader.version("a node of a B-tree", 0);
  if (reader.uint8() !== type) throw reader.corruptPiece("tree-type", "a node of another B-tree");
  const own = Array.from({ length: records }, () => reader.piece(recordSize));
  if (depth === 0) return own;
  const children = Array.from({ length: records + 1 }, (): Child => {
    const child = { address: reader.definedAddress("a child of a B-tree"), records: reader.uint(countWidth) };
    reader.skip(totalWidth);
    return child;
  });
  const below = yield* all(children.map((child) => readNode(file, tree, child, depth - 1, budget, path)));
  return below.flatMap((list, index) => [...list, ...own.slice(index, index + 1)]);
}
