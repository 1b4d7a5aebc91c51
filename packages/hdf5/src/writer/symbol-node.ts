import { compareBytes } from "@modelbytes/bytes";
import type { Segment } from "./segment.ts";

/**
 * Links of a group, sorted by the bytes of their names: a symbol node.
 *
 *     node    "SNOD" · version 1 · 0 · links (2) · links, then zeros
 *     link    offset of the name in the local heap (8) · address of the object (8) · kind of scratch (4) · 4 zero bytes · scratch (16)
 *
 * The scratch of a link to a group (kind 1) is where its B-tree and its local heap are (8 + 8).
 */

/** Links that a node holds: twice the leaf K of the superblock. */
const LINKS = 8;
const LINK_BYTES = 40;
/** Bytes of a node. */
export const SYMBOL_NODE_BYTES: number = 8 + LINKS * LINK_BYTES;
const SIGNATURE = Uint8Array.of(0x53, 0x4e, 0x4f, 0x44, 1);
const GROUP_SCRATCH = 1;

/** A link. */
export interface LinkEntry {
  readonly name: Uint8Array;
  /** Where the local heap has the name. */
  readonly nameOffset: number;
  /** Address of the object's header. */
  readonly header: number;
  /** Where a group has its links. */
  readonly group?: GroupPlace | undefined;
}

/** Addresses of the B-tree and of the local heap of a group. */
export interface GroupPlace {
  readonly tree: number;
  readonly heap: number;
}

/** A symbol node that is being filled. */
export class SymbolNode implements Segment {
  readonly address: number;
  readonly size: number = SYMBOL_NODE_BYTES;
  readonly links: LinkEntry[] = [];

  constructor(address: number) {
    this.address = address;
  }

  get full(): boolean {
    return this.links.length === LINKS;
  }

  /** Where a name belongs. */
  position(name: Uint8Array): number {
    const index = this.links.findIndex((link) => compareBytes(name, link.name) < 0);
    return index < 0 ? this.links.length : index;
  }

  insert(index: number, link: LinkEntry): void {
    this.links.splice(index, 0, link);
  }

  /** Moves the upper half to a new node. */
  moveHalf(to: SymbolNode): void {
    to.links.push(...this.links.splice(LINKS / 2));
  }

  encode(): Uint8Array {
    const bytes = new Uint8Array(SYMBOL_NODE_BYTES);
    const view = new DataView(bytes.buffer);
    bytes.set(SIGNATURE);
    view.setUint16(6, this.links.length, true);
    for (const [index, link] of this.links.entries()) encodeLink(view, 8 + LINK_BYTES * index, link);
    return bytes;
  }
}

/** Writes a link: 40 bytes, in a symbol node or as the root in the superblock. */
export function encodeLink(view: DataView, at: number, { nameOffset, header, group }: Omit<LinkEntry, "name">): void {
  view.setBigUint64(at, BigInt(nameOffset), true);
  view.setBigUint64(at + 8, BigInt(header), true);
  if (group === undefined) return;
  view.setUint32(at + 16, GROUP_SCRATCH, true);
  view.setBigUint64(at + 24, BigInt(group.tree), true);
  view.setBigUint64(at + 32, BigInt(group.heap), true);
}
