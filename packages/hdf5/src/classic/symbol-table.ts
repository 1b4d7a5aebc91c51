import { compareBytes, decodeName } from "@modelbytes/bytes";
import { readTreeNode, type TreeKind, type TreeNode } from "./b-tree-1.ts";
import { Budget } from "./budget.ts";
import { nameAt, readLocalHeap } from "./local-heap.ts";
import type { StoredLink } from "./messages/link.ts";
import type { MetadataFile } from "./metadata-file.ts";
import type { MetadataReader } from "./metadata-reader.ts";
import { all, both, type Reading } from "./reading.ts";

/**
 * The links of a group of the older kind, which h5py writes: a B-tree of symbol nodes, and a local heap for the names.
 *
 *     symbol node    "SNOD" 01 00, u16 entries; entry: name offset, header A, u32 kind, 4 zero, 16 bytes: for kind 2 (soft) u32 offset
 *
 * Names end with a NUL and ascend by unsigned bytes; in the heap they are as they came, until one is taken away. Child i of a tree node has the names above key i up to key i + 1.
 */
export interface SymbolTable {
  readonly tree: number;
  readonly heap: number;
}

/** Message 0x11: where the tree and the heap are. */
export function decodeSymbolTable(reader: MetadataReader): SymbolTable {
  return { tree: reader.definedAddress("the B-tree of a group"), heap: reader.definedAddress("the heap of a group") };
}

/** All links, by name. */
export function* listSymbolTable(file: MetadataFile, table: SymbolTable, path: string): Reading<StoredLink[]> {
  const [names, entries] = yield* both(readLocalHeap(file, table.heap, path), readEntries(file, table.tree, path));
  let last: Uint8Array | undefined;
  return entries.map((entry) => {
    const name = nameAt(names, entry.nameOffset);
    if (last !== undefined && compareBytes(last, name) >= 0) {
      throw entry.reader.corrupt("link-order", "the names of a group do not ascend", entry.at);
    }
    last = name;
    return linkOf(entry, name, names);
  });
}

/** The link called `name`, found by descending the tree. */
export function* findSymbol(
  file: MetadataFile,
  table: SymbolTable,
  name: Uint8Array,
  path: string,
): Reading<StoredLink | undefined> {
  const budget = new Budget(file.size);
  const names = yield* readLocalHeap(file, table.heap, path);
  let node: TreeNode<number> | undefined;
  let address = table.tree;
  do {
    node = yield* readTreeNode(file, kindOf(file), { address, parent: node }, budget, path);
    const { keys } = node;
    const next = node.children.find((_, index) => compareBytes(name, nameAt(names, keys[index + 1] ?? 0)) <= 0);
    if (next === undefined) return undefined;
    address = next;
  } while (node.level > 0);
  for (const entry of yield* readSymbolNode(file, address, budget, path)) {
    const found = nameAt(names, entry.nameOffset);
    if (compareBytes(found, name) === 0) return linkOf(entry, found, names);
  }
  return undefined;
}

function kindOf(file: MetadataFile): TreeKind<number> {
  return { type: 0, keyBytes: file.superblock.lengthSize, decodeKey: (reader) => reader.length() };
}

function* readEntries(file: MetadataFile, tree: number, path: string): Reading<SymbolEntry[]> {
  const budget = new Budget(file.size);
  const root = yield* readTreeNode(file, kindOf(file), { address: tree, parent: undefined }, budget, path);
  return yield* entriesBelow(file, root, budget, path);
}

function* entriesBelow(
  file: MetadataFile,
  node: TreeNode<number>,
  budget: Budget,
  path: string,
): Reading<SymbolEntry[]> {
  const below = node.children.map(function* (address): Reading<SymbolEntry[]> {
    if (node.level === 0) return yield* readSymbolNode(file, address, budget, path);
    const child = yield* readTreeNode(file, kindOf(file), { address, parent: node }, budget, path);
    return yield* entriesBelow(file, child, budget, path);
  });
  return (yield* all(below)).flat();
}

interface SymbolEntry {
  readonly reader: MetadataReader;
  /** Where the entry begins, for errors. */
  readonly at: number;
  readonly nameOffset: number;
  readonly header: number | undefined;
  readonly targetOffset: number | undefined;
}

const NODE_HEAD_BYTES = 8;
const SOFT = 2;

function* readSymbolNode(file: MetadataFile, address: number, budget: Budget, path: string): Reading<SymbolEntry[]> {
  const head = yield* file.read(address, NODE_HEAD_BYTES, path);
  head.signature("SNOD");
  head.version("a symbol node", 1);
  head.skip(1);
  const bytes = NODE_HEAD_BYTES + head.uint16() * (24 + 2 * file.superblock.offsetSize);
  budget.spend(bytes, head);
  const reader = yield* file.read(address, bytes, path);
  reader.skip(NODE_HEAD_BYTES);
  const entries: SymbolEntry[] = [];
  while (reader.remaining > 0) {
    const at = reader.position;
    const nameOffset = reader.uint(file.superblock.offsetSize);
    const header = reader.address();
    const kind = reader.uint32();
    reader.skip(4);
    const targetOffset = reader.uint32();
    reader.skip(12);
    entries.push({ reader, at, nameOffset, header, targetOffset: kind === SOFT ? targetOffset : undefined });
  }
  return entries;
}

function linkOf(entry: SymbolEntry, bytes: Uint8Array, names: MetadataReader): StoredLink {
  const name = decodeName(bytes);
  const order = entry.nameOffset;
  if (entry.targetOffset !== undefined) {
    return { name, order, kind: "soft", target: decodeName(nameAt(names, entry.targetOffset)) };
  }
  if (entry.header === undefined) throw entry.reader.corrupt("no-address", "a link has no address", entry.at);
  return { name, order, kind: "hard", address: entry.header };
}
