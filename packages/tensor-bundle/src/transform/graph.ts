import type { ObjectGraph, ObjectNode } from "@modelbytes/tf-proto";
import { stepInto } from "../object-graph.ts";

/**
 * Keys and the object graph. A key spells the path by which its object was found first:
 *
 *     model/dense.Sout/kernel/.ATTRIBUTES/VARIABLE_VALUE
 *     └ local names, escaped ┘└┬────────────────────────┘
 *                              attribute; of tables and iterators only how their keys begin
 */

const ATTRIBUTES = "/.ATTRIBUTES/";

/** A key taken apart: `path` are local names as the key spells them, `rest` is what comes behind. */
export interface KeyPath {
  readonly path: readonly string[];
  readonly rest: string;
}

/** `undefined` for a key that spells no path. */
export function parseKey(key: string): KeyPath | undefined {
  const cut = key.lastIndexOf(ATTRIBUTES);
  if (cut < 0) return undefined;
  return { path: cut === 0 ? [] : key.slice(0, cut).split("/"), rest: key.slice(cut) };
}

/** A local name that a key spells with ".." for "." and ".S" for "/". */
export function unescapeLocalName(name: string): string {
  return name.replace(/\.\.|\.S/g, (escaped) => (escaped === ".." ? "." : "/"));
}

/** An edge of the graph: the child of that number of a node. */
export interface Edge {
  readonly node: number;
  readonly child: number;
}

/** The edges that a path leads along from the root, as far as the graph has them. */
export function* edgesOf({ nodes }: ObjectGraph, path: readonly string[]): Generator<Edge> {
  let node = 0;
  for (const name of path.map(unescapeLocalName)) {
    const children = nodes[node]?.children ?? [];
    const child = children.findIndex(({ localName }) => localName === name);
    if (child < 0) return;
    yield { node, child };
    node = children[child]?.nodeId ?? 0;
  }
}

/**
 * For each node that the root leads to along edges that are `open`, the first path that a breadth-first search finds, as keys spell
 * it; `undefined` for the root itself.
 */
export function firstPaths({ nodes }: ObjectGraph, open: (edge: Edge) => boolean): Map<number, string | undefined> {
  const paths = new Map<number, string | undefined>([[0, undefined]]);
  for (const [node, path] of paths) {
    for (const [child, { nodeId, localName }] of (nodes[node]?.children ?? []).entries()) {
      if (!paths.has(nodeId) && open({ node, child })) paths.set(nodeId, stepInto(path, localName));
    }
  }
  return paths;
}

/**
 * The graph without the attributes of lost values; the very same graph where there is none. Nodes keep their numbers. An object that
 * had values and has none left is no longer anyone's child or slot: TensorFlow would find it, leave it as it is, and
 * `assert_existing_objects_matched` would be content.
 */
export function withoutValues(graph: ObjectGraph, isLost: (checkpointKey: string) => boolean): ObjectGraph {
  const emptied = new Set<number>();
  let isChanged = false;
  const nodes = graph.nodes.map((node, id) => {
    const attributes = node.attributes.filter(({ checkpointKey }) => !isLost(checkpointKey));
    if (attributes.length === node.attributes.length) return node;
    isChanged = true;
    if (attributes.length === 0) emptied.add(id);
    return { ...node, attributes };
  });
  if (!isChanged) return graph;
  const withoutSlots = nodes.map((node) => {
    const slotVariables = node.slotVariables.filter(({ slotVariableNodeId }) => !emptied.has(slotVariableNodeId));
    return { ...node, slotVariables };
  });
  for (const id of nodesWithValues({ nodes: withoutSlots })) emptied.delete(id);
  return withCheckpointValues({
    nodes: withoutSlots.map((node) => {
      return { ...node, children: node.children.filter(({ nodeId }) => !emptied.has(nodeId)) };
    }),
  });
}

/** The graph with `has_checkpoint_values` as TensorFlow computes it, where a node says it at all. */
export function withCheckpointValues(graph: ObjectGraph): ObjectGraph {
  const having = nodesWithValues(graph);
  return {
    nodes: graph.nodes.map((node, id) =>
      node.hasCheckpointValues === undefined ? node : { ...node, hasCheckpointValues: having.has(id) },
    ),
  };
}

/** The nodes that have attributes, slot variables or a saver of their own, or lead to one that has. */
function nodesWithValues({ nodes }: ObjectGraph): Set<number> {
  const parents: number[][] = nodes.map(() => []);
  for (const [id, { children }] of nodes.entries()) for (const { nodeId } of children) parents[nodeId]?.push(id);
  const having = new Set<number>();
  for (const [id, node] of nodes.entries()) if (hasOwnValues(node)) having.add(id);
  for (const id of having) for (const parent of parents[id] ?? []) having.add(parent);
  return having;
}

function hasOwnValues({ attributes, slotVariables, registeredSaver }: ObjectNode): boolean {
  return attributes.length > 0 || slotVariables.length > 0 || registeredSaver !== undefined;
}

/** The keys of a bundle, by the keys of the graph. */
export class KeyIndex {
  readonly #keys: ReadonlySet<string>;
  readonly #sorted: readonly string[];

  constructor(keys: Iterable<string>) {
    this.#keys = new Set(keys);
    this.#sorted = [...this.#keys].sort();
  }

  /** The keys that an attribute stands for: its own, or where there is none, those that begin with it. */
  of(checkpointKey: string): readonly string[] {
    if (this.#keys.has(checkpointKey)) return [checkpointKey];
    let low = 0;
    for (let high = this.#sorted.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? "") < checkpointKey) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (this.#sorted[end]?.startsWith(checkpointKey)) end++;
    return this.#sorted.slice(low, end);
  }
}
