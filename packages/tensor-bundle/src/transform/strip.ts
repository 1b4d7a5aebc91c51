import type { ObjectGraph } from "@modelbytes/tf-proto";
import type { StoredStream } from "../bundle-stream.ts";
import { derivedStream } from "./derive.ts";
import { type Edge, edgesOf, firstPaths, parseKey, withCheckpointValues } from "./graph.ts";
import { type HeadedStream, headsOf } from "./heads.ts";
import { keepPlanned } from "./keep.ts";
import { isOptimizerName } from "./optimizer-names.ts";

/**
 * The tensors without what only optimizers need. With the checkpoint's object graph that is what the root leads to only by way of an
 * optimizer: an object that is called `optimizer`, or that has slot variables. Keras 3 finds the weights of a model first through
 * its optimizer and stores them as `optimizer/_trainable_variables/0/…`; they stay, under the first path that is left. Objects keep
 * their numbers in the graph.
 *
 * Without a graph, for name-based checkpoints: what has one of `OPTIMIZER_NAMES`. A stream of `bundle.stream()` is read twice then,
 * unless it has `heads`.
 *
 * Writing it throws a `RangeError` where a new key is that of another tensor.
 */
export function stripOptimizer(stream: StoredStream, graph: ObjectGraph | undefined): HeadedStream {
  if (graph === undefined) {
    return keepPlanned(stream, async () => {
      const shapes = new Map<string, readonly number[]>();
      for await (const { name, shape, placement } of headsOf(stream)) {
        shapes.set(name, placement.partition?.shape ?? shape);
      }
      return (name) => !isOptimizerName(name, shapes);
    });
  }
  const { keys } = planOf(graph);
  const renamed = (name: string) => renamedBy(keys, name);
  const layouts = [...stream.layout.partitioned].map(([name, layout]) => [renamed(name) ?? name, layout] as const);
  return derivedStream(stream, { header: stream.layout.header, partitioned: new Map(layouts) }, async () => ({
    derive: (head) => {
      const name = renamed(head.name);
      return name === undefined ? [] : [{ ...head, name }];
    },
    editGraph: (inStream) => planOf(inStream).graph,
  }));
}

/**
 * The keys of what `stripOptimizer` would leave out: of all tensors that only optimizers need. `graph` is the checkpoint's object
 * graph; without one it is the names that tell.
 */
export function optimizerKeys(
  entries: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  graph: ObjectGraph | undefined,
): Set<string> {
  const shapes = new Map([...entries].map(([key, { shape }]) => [key, shape]));
  const plan = graph === undefined ? undefined : planOf(graph).keys;
  const isOptimizer = (key: string) =>
    plan === undefined ? isOptimizerName(key, shapes) : renamedBy(plan, key) === undefined;
  return new Set([...entries.keys()].filter(isOptimizer));
}

interface Plan {
  readonly graph: ObjectGraph;
  /** What becomes of the keys of the graph; `undefined` for those that go. */
  readonly keys: ReadonlyMap<string, string | undefined>;
}

/** What is left of a graph without its optimizers. */
function planOf(graph: ObjectGraph): Plan {
  const isOpen = ({ node, child }: Edge): boolean => {
    const { nodeId, localName } = graph.nodes[node]?.children[child] ?? { nodeId: 0, localName: "" };
    return localName !== "optimizer" && (nodeId === 0 || graph.nodes[nodeId]?.slotVariables.length === 0);
  };
  const paths = firstPaths(graph, isOpen);
  const keys = new Map<string, string | undefined>();
  for (const [id, { attributes }] of graph.nodes.entries()) {
    for (const { checkpointKey } of attributes) {
      if (paths.has(id)) keys.set(checkpointKey, newKey(graph, checkpointKey, paths.get(id), isOpen));
      else if (!keys.has(checkpointKey)) keys.set(checkpointKey, undefined);
    }
  }
  const nodes = graph.nodes.map((node, id) => {
    if (!paths.has(id)) return { ...node, children: [], attributes: [], slotVariables: [], registeredSaver: undefined };
    return {
      ...node,
      children: node.children.filter((_, child) => isOpen({ node: id, child })),
      attributes: node.attributes.map((attribute) => {
        return { ...attribute, checkpointKey: keys.get(attribute.checkpointKey) ?? attribute.checkpointKey };
      }),
      slotVariables: node.slotVariables.filter(({ slotVariableNodeId }) => paths.has(slotVariableNodeId)),
    };
  });
  const complete =
    paths.size === graph.nodes.length &&
    graph.nodes.every(({ children }, node) => {
      return children.every((_, child) => isOpen({ node, child }));
    });
  return { graph: complete ? graph : withCheckpointValues({ nodes }), keys };
}

/** The key as it is, unless its path leads through an optimizer: then with the path that is left. */
function newKey(graph: ObjectGraph, key: string, path: string | undefined, isOpen: (edge: Edge) => boolean): string {
  const parsed = parseKey(key);
  if (parsed === undefined || [...edgesOf(graph, parsed.path)].every(isOpen)) return key;
  return `${path ?? ""}${parsed.rest}`;
}

/** The new name of a tensor whose key, or the beginning of it, is among `keys`; `undefined` for one that goes. */
function renamedBy(keys: ReadonlyMap<string, string | undefined>, name: string): string | undefined {
  for (let length = name.length; length > 0; length--) {
    const key = name.slice(0, length);
    if (!keys.has(key)) continue;
    const renamed = keys.get(key);
    return renamed === undefined ? undefined : `${renamed}${name.slice(length)}`;
  }
  return name;
}
