import type { TensorEntry } from "@modelbytes/tensor";
import type { ObjectGraph } from "@modelbytes/tensor-bundle";
import { counted, printable, shapeText } from "./text.ts";

/** The one attribute of a variable. */
const VARIABLE_VALUE = "VARIABLE_VALUE";

/** Files that nest deeper are made to make trouble: each level makes all lines below it longer. */
const DEEPEST = 100;

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
export function formatTree(graph: ObjectGraph, entries: ReadonlyMap<string, TensorEntry>): string[] {
  return new Tree(graph, entries).lines();
}

class Tree {
  readonly #graph: ObjectGraph;
  readonly #entries: ReadonlyMap<string, TensorEntry>;
  readonly #homes = new Map<number, Home>();
  /** Slot variables by the variable that they belong to. */
  readonly #slots = new Map<number, { readonly label: string; readonly node: number }[]>();
  #sortedKeys: readonly string[] | undefined;

  constructor(graph: ObjectGraph, entries: ReadonlyMap<string, TensorEntry>) {
    this.#graph = graph;
    this.#entries = entries;
    this.#findHomes();
  }

  lines(): string[] {
    const lines = [`(root)${this.#detail(0)}`];
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
    const lost = this.#graph.nodes.length - this.#homes.size;
    if (lost > 0) lines.push(`(${counted(lost, "object")} that nothing refers to)`);
    return lines;
  }

  #findHomes(): void {
    const { nodes } = this.#graph;
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
    const node = this.#graph.nodes[id];
    if (node === undefined) return [];
    const drawn = new Set<number>();
    const branch = (label: string, nodeId: number): Branch => {
      if (this.#graph.nodes[nodeId] === undefined)
        return { text: `${label} → node ${nodeId}, which is not there`, below: undefined };
      if (this.#homes.get(nodeId)?.parent !== id || drawn.has(nodeId)) {
        return { text: `${label} → ${this.#nameOf(nodeId)}`, below: undefined };
      }
      drawn.add(nodeId);
      return { text: `${label}${this.#detail(nodeId)}`, below: nodeId };
    };
    const attributes = isVariable(node.attributes) ? [] : node.attributes;
    return [
      ...attributes.flatMap(({ name, checkpointKey }) => this.#attribute(printable(name), checkpointKey)),
      ...node.children.map(({ nodeId, localName }) => branch(printable(localName), nodeId)),
      ...(this.#slots.get(id) ?? []).map((slot) => branch(printable(slot.label), slot.node)),
    ];
  }

  /** The value of an attribute. Tables and iterators have several, whose keys begin alike. */
  #attribute(name: string, key: string): Branch[] {
    const entry = this.#entries.get(key);
    const found = entry === undefined ? this.#keysFrom(key) : [key];
    if (found.length === 0) return [{ text: `${name}  not in the checkpoint`, below: undefined }];
    return found.map((full) => ({
      text: `${name}${printable(full.slice(key.length))}${described(this.#entries.get(full))}`,
      below: undefined,
    }));
  }

  /** What stands behind the name of a variable: what it is, and what it is called where its path does not say so. */
  #detail(id: number): string {
    const attributes = this.#graph.nodes[id]?.attributes ?? [];
    const [value] = attributes;
    if (value === undefined || !isVariable(attributes)) return "";
    const entry = this.#entries.get(value.checkpointKey);
    if (entry === undefined) return "  not in the checkpoint";
    const { fullName } = value;
    return `${described(entry)}${fullName === "" || fullName === this.#nameOf(id) ? "" : `  ${printable(fullName)}`}`;
  }

  #nameOf(id: number): string {
    const path = this.#homes.get(id)?.path ?? `node ${id}`;
    return path === "" ? "(root)" : printable(path);
  }

  #keysFrom(beginning: string): string[] {
    this.#sortedKeys ??= [...this.#entries.keys()].sort();
    let low = 0;
    for (let high = this.#sortedKeys.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#sortedKeys[middle] ?? "") < beginning) low = middle + 1;
      else high = middle;
    }
    const found: string[] = [];
    for (let key = this.#sortedKeys[low]; key?.startsWith(beginning); key = this.#sortedKeys[++low]) found.push(key);
    return found;
  }
}

function isVariable(attributes: ObjectGraph["nodes"][number]["attributes"]): boolean {
  return attributes.length === 1 && attributes[0]?.name === VARIABLE_VALUE;
}

function described(entry: TensorEntry | undefined): string {
  return entry === undefined ? "" : `  ${entry.dtype} ${shapeText(entry.shape)}`;
}
