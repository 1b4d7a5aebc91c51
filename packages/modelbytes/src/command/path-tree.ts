import type { TensorEntry } from "@modelbytes/tensor";
import { printable, shapeText } from "./text.ts";
import { drawTree, type TreeNode } from "./tree.ts";

interface Node extends TreeNode {
  readonly children: { readonly nodeId: number; readonly localName: string }[];
  readonly byName: Map<string, number>;
  entry?: TensorEntry;
}

/** The lines of a tree of tensors whose names are paths, such as those of HDF5. `full` are readable names, shown where they differ. */
export function pathTree(entries: ReadonlyMap<string, TensorEntry>, full: ReadonlyMap<string, string>): string[] {
  const nodes = [newNode()];
  const nodeAt = (id: number, name: string): number => {
    const found = nodes[id]?.byName.get(name);
    if (found !== undefined) return found;
    const nodeId = nodes.push(newNode()) - 1;
    nodes[id]?.byName.set(name, nodeId);
    nodes[id]?.children.push({ nodeId, localName: name });
    return nodeId;
  };
  const keys = new Map<number, string>();
  for (const [key, entry] of entries) {
    const id = key.split("/").reduce(nodeAt, 0);
    const node = nodes[id];
    if (node !== undefined) node.entry = entry;
    keys.set(id, key);
  }
  return drawTree(nodes, {
    detail: (id) => {
      const entry = nodes[id]?.entry;
      if (entry === undefined) return "";
      const key = keys.get(id) ?? "";
      const name = full.get(key) ?? key;
      return `  ${entry.dtype} ${shapeText(entry.shape)}${`/${key}`.endsWith(`/${name}`) ? "" : `  ${printable(name)}`}`;
    },
    lines: () => [],
  });
}

function newNode(): Node {
  return { children: [], slotVariables: [], byName: new Map() };
}
