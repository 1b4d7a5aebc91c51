import type { Budget } from "./budget.ts";
import { MAX_TREE_DEPTH } from "./limits.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import type { Reading } from "./reading.ts";

/**
 * A node of a B-tree of version 1, for the names of a group (type 0) and for chunks (type 1):
 *
 *     "TREE" type level, u16 children, left sibling A, right sibling A, key 0, child 0 A, key 1, child 1 A, … key n
 *
 * Siblings are never followed. `K` is what a key holds.
 */
export interface TreeNode<K> {
  readonly level: number;
  readonly keys: readonly K[];
  readonly children: readonly number[];
  readonly reader: MetadataReader;
}

/** What tells the trees apart. */
export interface TreeKind<K> {
  readonly type: 0 | 1;
  readonly keyBytes: number;
  decodeKey(reader: MetadataReader): K;
}

/** Reads a node, which has to be one level below its parent. */
export function* readTreeNode<K>(
  file: MetadataFile,
  kind: TreeKind<K>,
  at: { readonly address: number; readonly parent: TreeNode<K> | undefined },
  budget: Budget,
  path: string,
): Reading<TreeNode<K>> {
  const { offsetSize } = file.superblock;
  const headBytes = 8 + 2 * offsetSize;
  const head = yield* file.read(at.address, headBytes, path);
  head.signature("TREE");
  const type = head.uint8();
  const level = head.uint8();
  const used = head.uint16();
  if (type !== kind.type) throw head.corruptPiece("tree-type", `a B-tree of type ${type}, not ${kind.type}`);
  if (at.parent === undefined ? level > MAX_TREE_DEPTH : level !== at.parent.level - 1) {
    throw head.corruptPiece("tree-level", `level ${level} of a B-tree where it cannot be`);
  }
  const bytes = headBytes + used * (kind.keyBytes + offsetSize) + kind.keyBytes;
  budget.spend(bytes, head);
  const reader = yield* file.read(at.address, bytes, path);
  reader.skip(headBytes);
  const keys: K[] = [];
  const children: number[] = [];
  for (let index = 0; index < used; index++) {
    keys.push(kind.decodeKey(reader));
    children.push(reader.definedAddress("a child of a B-tree"));
  }
  keys.push(kind.decodeKey(reader));
  return { level, keys, children, reader };
}
