import { compareBytes } from "@modelbytes/bytes";
import type { FileSpace } from "./file-space.ts";
import type { Segment } from "./segment.ts";
import { type LinkEntry, SYMBOL_NODE_BYTES, SymbolNode } from "./symbol-node.ts";

/**
 * The links of a group, found by name: a B-tree of version 1 over symbol nodes.
 *
 *     node   "TREE" · type 0 · level · children (2) · left sibling (8) · right sibling (8) · key · child · key · … · child · key
 *
 * A key is the offset of a name in the local heap; the names of a child are above the key at its left and up to the key at its right.
 * The first key of all is the empty name. How nodes split is H5B.c's.
 */

/** Children of a node at most: twice the internal K of the superblock. */
const CHILDREN = 32;
const NODE_BYTES = 24 + 8 * CHILDREN + 8 * (CHILDREN + 1);
/** Children that stay in the left part of a node that splits: at the right edge, at the left edge, between. */
const STAY_AT_RIGHT_EDGE = 28;
const STAY_AT_LEFT_EDGE = 3;
const STAY_BETWEEN = 16;
const UNDEFINED = 0xffff_ffff_ffff_ffffn;
const SIGNATURE = Uint8Array.of(0x54, 0x52, 0x45, 0x45);

/** What an insertion changed at the right of a child: a new sibling, a new last name. */
interface Change<C extends Child> {
  /** The new sibling, and the offset of the last name left of it. */
  readonly sibling?: { readonly child: C; readonly separator: number };
  /** The offset of the name that is the last one now. */
  readonly last?: number | undefined;
}

type Child = SymbolNode | TreeNode;

class TreeNode implements Segment {
  readonly address: number;
  readonly size: number = NODE_BYTES;
  level: number;
  left: TreeNode | undefined;
  right: TreeNode | undefined;
  /** Offsets of names: one more than children. */
  keys: number[];
  children: Child[];

  constructor(address: number, level: number, keys: number[], children: Child[]) {
    this.address = address;
    this.level = level;
    this.keys = keys;
    this.children = children;
  }

  encode(): Uint8Array {
    const bytes = new Uint8Array(NODE_BYTES);
    const view = new DataView(bytes.buffer);
    bytes.set(SIGNATURE);
    bytes[5] = this.level;
    view.setUint16(6, this.children.length, true);
    view.setBigUint64(8, this.left === undefined ? UNDEFINED : BigInt(this.left.address), true);
    view.setBigUint64(16, this.right === undefined ? UNDEFINED : BigInt(this.right.address), true);
    for (const [index, key] of this.keys.entries()) view.setBigUint64(24 + 16 * index, BigInt(key), true);
    for (const [index, { address }] of this.children.entries())
      view.setBigUint64(32 + 16 * index, BigInt(address), true);
    return bytes;
  }
}

/** A symbol table that is being filled. */
export class SymbolTable {
  readonly #space: FileSpace;
  readonly #root: TreeNode;
  /** Names by their offsets in the heap, for comparing. */
  readonly #names: Map<number, Uint8Array> = new Map([[0, new Uint8Array()]]);
  readonly #nodes: Segment[] = [];

  constructor(space: FileSpace) {
    this.#space = space;
    this.#root = new TreeNode(space.allocate("meta", NODE_BYTES), 0, [], []);
    this.#nodes.push(this.#root);
  }

  /** Address of the root of the tree. */
  get address(): number {
    return this.#root.address;
  }

  /** Adds a link. `addName` puts the name into the local heap, when its turn has come, and gives its offset there. */
  add(name: Uint8Array, addName: (name: Uint8Array) => number, target: Omit<LinkEntry, "name" | "nameOffset">): void {
    const root = this.#root;
    if (root.children.length === 0) {
      root.children.push(this.#newSymbolNode());
      root.keys.push(0, 0);
    }
    const nameOffset = addName(name);
    this.#names.set(nameOffset, name);
    const { sibling } = this.#insertBelow(root, { ...target, name, nameOffset });
    if (sibling !== undefined) this.#splitRoot(sibling.child, sibling.separator);
  }

  segments(): readonly Segment[] {
    return this.#nodes;
  }

  #insert(child: Child, link: LinkEntry): Change<Child> {
    return child instanceof SymbolNode ? this.#insertIntoSymbols(child, link) : this.#insertBelow(child, link);
  }

  #insertIntoSymbols(node: SymbolNode, link: LinkEntry): Change<SymbolNode> {
    const index = node.position(link.name);
    const last = index === node.links.length ? link.nameOffset : undefined;
    if (!node.full) {
      node.insert(index, link);
      return { last };
    }
    const right = this.#newSymbolNode();
    node.moveHalf(right);
    const left = node.links.length;
    if (index <= left) node.insert(index, link);
    else right.insert(index - left, link);
    return { sibling: { child: right, separator: node.links.at(-1)?.nameOffset ?? 0 }, last };
  }

  #insertBelow(node: TreeNode, link: LinkEntry): Change<TreeNode> {
    const index = this.#childOf(node, link.name);
    const child = node.children[index];
    if (child === undefined) throw new RangeError("a node of a B-tree without children");
    const { sibling, last } = this.#insert(child, link);
    const isLast = index === node.children.length - 1;
    if (last !== undefined) node.keys[index + 1] = last;
    const passedOn = isLast ? last : undefined;
    if (sibling === undefined) return { last: passedOn };
    const right = node.children.length === CHILDREN ? this.#split(node) : undefined;
    const [home, at] =
      right === undefined || index < node.children.length ? [node, index] : [right, index - node.children.length];
    home.children.splice(at + 1, 0, sibling.child);
    home.keys.splice(at + 1, 0, sibling.separator);
    if (right === undefined) return { last: passedOn };
    return { sibling: { child: right, separator: right.keys[0] ?? 0 }, last: passedOn };
  }

  /** The child whose names reach up to `name`, or the last one. */
  #childOf(node: TreeNode, name: Uint8Array): number {
    let low = 0;
    for (let high = node.children.length - 1; low < high; ) {
      const middle = (low + high) >>> 1;
      const key = this.#names.get(node.keys[middle + 1] ?? 0) ?? new Uint8Array();
      if (compareBytes(name, key) <= 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Moves the right part of a full node to a new one. */
  #split(node: TreeNode): TreeNode {
    let stay = STAY_BETWEEN;
    if (node.right === undefined) stay = STAY_AT_RIGHT_EDGE;
    else if (node.left === undefined) stay = STAY_AT_LEFT_EDGE;
    const keys = node.keys.slice(stay);
    const right = new TreeNode(this.#space.allocate("meta", NODE_BYTES), node.level, keys, node.children.slice(stay));
    this.#nodes.push(right);
    node.keys.length = stay + 1;
    node.children.length = stay;
    right.left = node;
    right.right = node.right;
    if (node.right !== undefined) node.right.left = right;
    node.right = right;
    return right;
  }

  /** The root keeps its address, which the group knows: what it held moves. */
  #splitRoot(right: TreeNode, separator: number): void {
    const root = this.#root;
    const left = new TreeNode(this.#space.allocate("meta", NODE_BYTES), root.level, root.keys, root.children);
    this.#nodes.push(left);
    left.right = right;
    right.left = left;
    root.right = undefined;
    root.level++;
    root.keys = [left.keys[0] ?? 0, separator, right.keys.at(-1) ?? 0];
    root.children = [left, right];
  }

  #newSymbolNode(): SymbolNode {
    const node = new SymbolNode(this.#space.allocate("meta", SYMBOL_NODE_BYTES));
    this.#nodes.push(node);
    return node;
  }
}
