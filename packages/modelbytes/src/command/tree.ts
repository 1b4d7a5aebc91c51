import { counted, printable } from "./text.ts";

/** Files that nest deeper are made to make trouble: each level makes all lines below it longer. */
const DEEPEST = 100;

/** An object, as checkpoints and SavedModels have it. */
export interface TreeNode {
  readonly children: readonly { readonly nodeId: number; readonly localName: string }[];
  readonly slotVariables: readonly {
    readonly originalVariableNodeId: number;
    readonly slotName: string;
    readonly slotVariableNodeId: number;
  }[];
}

/** What is written beside the names of objects. */
export interface Look {
  /** What stands behind the name of an object; its `path` says what its name need not. */
  detail(id: number, path: string): string;
  /** Lines that an object has before those of its children. */
  lines(id: number): readonly string[];
}

/** Where a node is drawn; everywhere else a reference leads there. */
interface Home {
  readonly parent: number;
  /** The path from the root, as keys spell it. */
  readonly path: string;
}

/** A line of the tree, and the node whose lines follow below it. */
interface Branch {
  readonly text: string;
  readonly below: number | undefined;
}

/**
 * The lines of an object graph. Each node is drawn once, where its shortest path from the root leads: that is the path of its keys.
 * Slot variables stand below the variable that they belong to.
 */
export function drawTree(nodes: readonly TreeNode[], look: Look): string[] {
  return new Tree(nodes, look).lines();
}

class Tree {
  readonly #nodes: readonly TreeNode[];
  readonly #look: Look;
  readonly #homes = new Map<number, Home>();
  /** Slot variables by the variable that they belong to. */
  readonly #slots = new Map<number, { readonly label: string; readonly node: number }[]>();

  constructor(nodes: readonly TreeNode[], look: Look) {
    this.#nodes = nodes;
    this.#look = look;
    this.#findHomes();
  }

  lines(): string[] {
    const lines = [`(root)${this.#look.detail(0, "(root)")}`];
    const stack: { readonly prefix: string; readonly branches: readonly Branch[]; next: number }[] = [];
    stack.push({ prefix: "", branches: this.#branches(0), next: 0 });
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const branch = top.branches[top.next++];
      if (branch === undefined) {
        stack.pop();
        continue;
      }
      const isLast = top.next === top.branches.length;
      lines.push(`${top.prefix}${isLast ? "└─ " : "├─ "}${branch.text}`);
      if (branch.below === undefined) continue;
      const prefix = `${top.prefix}${isLast ? "   " : "│  "}`;
      const branches = this.#branches(branch.below);
      if (stack.length < DEEPEST) stack.push({ prefix, branches, next: 0 });
      else if (branches.length > 0) lines.push(`${prefix}└─ … deeper than ${DEEPEST} levels`);
    }
    const lost = this.#nodes.length - this.#homes.size;
    if (lost > 0) lines.push(`(${counted(lost, "object")} that nothing refers to)`);
    return lines;
  }

  #findHomes(): void {
    const nodes = this.#nodes;
    if (nodes.length > 0) this.#homes.set(0, { parent: -1, path: "" });
    for (const [id, { path }] of this.#homes) {
      for (const { nodeId, localName } of nodes[id]?.children ?? []) {
        if (this.#homes.has(nodeId) || nodes[nodeId] === undefined) continue;
        this.#homes.set(nodeId, { parent: id, path: path === "" ? localName : `${path}/${localName}` });
      }
    }
    for (const [id, { slotVariables }] of nodes.entries()) {
      for (const { originalVariableNodeId: variable, slotName, slotVariableNodeId: node } of slotVariables) {
        const slots = this.#slots.get(variable) ?? [];
        this.#slots.set(variable, slots);
        slots.push({ label: `${slotName} (slot of ${this.#nameOf(id)})`, node });
        const home = { parent: variable, path: `${this.#nameOf(variable)}/${slotName}` };
        if (!this.#homes.has(node) && nodes[node] !== undefined) this.#homes.set(node, home);
      }
    }
  }

  #branches(id: number): Branch[] {
    const node = this.#nodes[id];
    if (node === undefined) return [];
    const drawn = new Set<number>();
    const branch = (label: string, nodeId: number): Branch => {
      if (this.#nodes[nodeId] === undefined)
        return { text: `${label} → node ${nodeId}, which is not there`, below: undefined };
      if (this.#homes.get(nodeId)?.parent !== id || drawn.has(nodeId)) {
        return { text: `${label} → ${this.#nameOf(nodeId)}`, below: undefined };
      }
      drawn.add(nodeId);
      return { text: `${label}${this.#look.detail(nodeId, this.#nameOf(nodeId))}`, below: nodeId };
    };
    return [
      ...this.#look.lines(id).map((text) => ({ text, below: undefined })),
      ...node.children.map(({ nodeId, localName }) => branch(printable(localName), nodeId)),
      ...(this.#slots.get(id) ?? []).map((slot) => branch(printable(slot.label), slot.node)),
    ];
  }

  #nameOf(id: number): string {
    const path = this.#homes.get(id)?.path ?? `node ${id}`;
    return path === "" ? "(root)" : printable(path);
  }
}
