import { encodeName } from "@modelbytes/bytes";
import type { DatasetNode } from "./dataset-node.ts";
import type { FileSpace } from "./file-space.ts";
import { LocalHeap } from "./local-heap.ts";
import { symbolTableMessage } from "./message.ts";
import { ObjectHeader } from "./object-header.ts";
import type { Segment } from "./segment.ts";
import type { GroupPlace } from "./symbol-node.ts";
import { SymbolTable } from "./symbol-table.ts";

/** Room for messages in the header of a new group: exactly for its symbol table. */
const FIRST_BLOCK = 24;

/** A group of the file that is planned. */
export class GroupNode {
  readonly header: ObjectHeader;
  readonly place: GroupPlace;
  readonly attributes: Set<string> = new Set();
  readonly children: Map<string, GroupNode | DatasetNode> = new Map();
  readonly #table: SymbolTable;
  readonly #heap: LocalHeap;

  constructor(space: FileSpace) {
    this.header = new ObjectHeader(space, FIRST_BLOCK);
    this.#table = new SymbolTable(space);
    this.#heap = new LocalHeap(space);
    this.place = { tree: this.#table.address, heap: this.#heap.address };
    this.header.add(symbolTableMessage(this.place.tree, this.place.heap));
  }

  /** Gives a new object of the file its name. */
  link(name: string, child: GroupNode | DatasetNode): void {
    const group = child instanceof GroupNode ? child.place : undefined;
    const target = { header: child.header.address, group };
    this.#table.add(encodeName(name), (bytes) => this.#heap.add(bytes), target);
    this.children.set(name, child);
  }

  /** Remembers what a flush writes to the file. */
  flush(): void {
    this.header.flush();
    this.#heap.flush();
  }

  segments(): Segment[] {
    return [...this.header.segments(), ...this.#table.segments(), ...this.#heap.segments()];
  }
}
