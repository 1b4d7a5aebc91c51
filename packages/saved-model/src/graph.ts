import type { WireMessage } from "@modelbytes/tf-proto";
import type { AttrValue, FunctionDef, GraphDef, NodeDef } from "@modelbytes/tf-proto/messages";

/**
 * Nodes of a graph: of a MetaGraph's main graph, or of a function's body (tensorflow/core/framework/node_def.proto).
 *
 *     inputs of the main graph    "node"  "node:1"  "^node"            output 0, another output, a control input
 *     inputs of a body            "argument"  "node:output:0"  "^node"
 */

/** An operation of a graph. */
export interface GraphNode {
  readonly name: string;
  /** E.g. `"MatMul"`; the name of a function where the function is called directly. */
  readonly op: string;
  readonly inputs: readonly string[];
  /** What is asked for; empty for anywhere. */
  readonly device: string;
  /** The value of an attribute; `undefined` for one that the node leaves to the default of its op. */
  attr(name: string): AttrValue | undefined;
  /** All attributes, in the order of the file. */
  attrs(): ReadonlyMap<string, AttrValue>;
  /** The node in the file. */
  readonly tree: WireMessage<NodeDef>;
}

/** The nodes of a graph or of a body, by name, in the order of the file. Nothing but names is read before it is asked for. */
export function nodesOf(nodes: readonly WireMessage<NodeDef>[]): ReadonlyMap<string, GraphNode> {
  return new Map(nodes.map((tree) => [tree.value("name"), new LazyNode(tree)]));
}

class LazyNode implements GraphNode {
  readonly tree: WireMessage<NodeDef>;

  constructor(tree: WireMessage<NodeDef>) {
    this.tree = tree;
  }

  get name(): string {
    return this.tree.value("name");
  }

  get op(): string {
    return this.tree.value("op");
  }

  get inputs(): readonly string[] {
    return this.tree.value("input");
  }

  get device(): string {
    return this.tree.value("device");
  }

  attr(name: string): AttrValue | undefined {
    return this.tree.entries("attr").get(name)?.decode();
  }

  attrs(): ReadonlyMap<string, AttrValue> {
    return this.tree.value("attr");
  }
}

/** The functions of a graph by name, in the order of the file. */
export function functionsOf(graph: WireMessage<GraphDef> | undefined): ReadonlyMap<string, WireMessage<FunctionDef>> {
  const functions = graph?.message("library")?.messages("function") ?? [];
  return new Map(functions.map((each) => [each.message("signature")?.value("name") ?? "", each]));
}

/** The node that an input comes from: without `^` and without the output. */
export function sourceNode(input: string): string {
  const start = input.startsWith("^") ? 1 : 0;
  const end = input.indexOf(":");
  return input.slice(start, end < 0 ? undefined : end);
}

/** Which output an input is: the last number of `"node:1"` and `"node:output:1"`, else 0. */
export function outputIndex(input: string): number {
  const index = /:(\d+)$/.exec(input)?.[1];
  return index === undefined ? 0 : Number(index);
}

/** The functions that an attribute names: one, or a list of them. */
export function functionNames(value: AttrValue): string[] {
  const listed = value.list?.func.map(({ name }) => name) ?? [];
  return value.func === undefined ? listed : [value.func.name, ...listed];
}
