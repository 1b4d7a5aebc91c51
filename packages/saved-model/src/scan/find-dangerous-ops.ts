import type { WireMessage } from "@modelbytes/tf-proto";
import type { NodeDef, SavedObjectGraph } from "@modelbytes/tf-proto/messages";
import { bodyOf, reachableFunctions } from "../called-functions.ts";
import { type GraphNode, nodesOf, sourceNode } from "../graph.ts";
import type { MetaGraph } from "../meta-graph.ts";
import { DANGEROUS_OPS, type DangerousOp, type Severity, saysMore } from "./dangerous-ops.ts";

/** An operation that reaches out of the graph. */
export interface DangerousNode {
  readonly severity: Severity;
  readonly op: string;
  readonly node: string;
  /** The function whose body has the node; absent in the main graph. */
  readonly function?: string;
  /** As the rest of a sentence about the op. */
  readonly reason: string;
}

const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low"];

/**
 * The operations that can do more than arithmetic: call Python, reach files or the network, print, end the process. Looks into every
 * function of the library, called or not; `saved_model_cli scan` misses what loops, branches and datasets call. The worst come
 * first, then those of the main graph, in the order of the file.
 *
 * Ops that save and restore variables count only where something else than the saver of the MetaGraph can run them. Nothing is run.
 */
export function findDangerousOps(metaGraph: MetaGraph): DangerousNode[] {
  const bodies = [...bodiesOf(metaGraph)].filter(([, nodes]) =>
    nodes.some((node) => DANGEROUS_OPS.has(node.value("op"))),
  );
  if (bodies.length === 0) return [];
  const expected = expectedSaves(metaGraph);
  const found = bodies.flatMap(([name, trees]) => {
    const nodes = nodesOf(trees);
    return trees.flatMap((tree) => dangersOf(tree, nodes, name, expected));
  });
  return SEVERITIES.flatMap((severity) => found.filter((each) => each.severity === severity));
}

/** The nodes of the main graph and of every function. */
function* bodiesOf({ tree }: MetaGraph): Generator<[name: string | undefined, nodes: readonly WireMessage<NodeDef>[]]> {
  const graph = tree.message("graphDef");
  yield [undefined, graph?.messages("node") ?? []];
  for (const body of graph?.message("library")?.messages("function") ?? []) {
    yield [body.message("signature")?.value("name") ?? "", body.messages("nodeDef")];
  }
}

function dangersOf(
  tree: WireMessage<NodeDef>,
  nodes: ReadonlyMap<string, GraphNode>,
  name: string | undefined,
  expected: ExpectedSaves,
): DangerousNode[] {
  const [op, node] = [tree.value("op"), tree.value("name")];
  const saving = name === undefined ? expected.nodes.has(node) : expected.functions.has(name);
  const danger = DANGEROUS_OPS.get(op)?.find((each) => !(each.saves && saving) && applies(each, tree, nodes));
  if (danger === undefined) return [];
  const { severity, reason } = danger;
  return [{ severity, op, node, ...(name !== undefined && { function: name }), reason }];
}

function applies(
  { unless, input }: DangerousOp,
  tree: WireMessage<NodeDef>,
  nodes: ReadonlyMap<string, GraphNode>,
): boolean {
  if (unless !== undefined) return saysMore(tree.entries("attr").get(unless.attribute)?.decode(), unless.harmless);
  if (input === undefined) return true;
  const source = nodes.get(sourceNode(tree.value("input")[input] ?? ""));
  if (source?.op !== "Const") return true;
  const tensor = source.attr("value")?.tensor;
  return tensor === undefined || [tensor.tensorContent, ...tensor.stringVal].some((bytes) => bytes.length > 0);
}

/** What only the saver of a MetaGraph runs. */
interface ExpectedSaves {
  readonly nodes: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
}

function expectedSaves(metaGraph: MetaGraph): ExpectedSaves {
  const { saver, nodes, functions } = metaGraph;
  const saving = upstream(nodes, [saver?.saveTensorName ?? "", saver?.restoreOpName ?? ""]);
  const others = upstream(nodes, otherEntries(metaGraph));
  const savingFunctions = reachableFunctions(nodesNamed(nodes, saving), functions);
  const otherFunctions = reachableFunctions(nodesNamed(nodes, others), functions);
  for (const name of tracedFunctions(metaGraph.objectGraph)) {
    const body = functions.get(name);
    if (body === undefined || otherFunctions.has(name)) continue;
    otherFunctions.add(name);
    for (const called of reachableFunctions(bodyOf(body).values(), functions)) otherFunctions.add(called);
  }
  return { nodes: without(saving, others), functions: without(savingFunctions, otherFunctions) };
}

/** The tensors and nodes of the main graph that serving and loading ask for. */
function otherEntries({ signatures, collections }: MetaGraph): string[] {
  const outputs = [...signatures.values()].flatMap((signature) => [...signature.outputs.values()]);
  const tensors = outputs.flatMap(({ name, parts }) => [name, ...(parts?.values() ?? [])]);
  const loading = ["saved_model_main_op", "legacy_init_op"].flatMap(
    (key) => collections.get(key)?.nodeList?.value ?? [],
  );
  return [...tensors, ...loading];
}

/** The functions that a program can call once it has loaded the model. */
function tracedFunctions(graph: SavedObjectGraph | undefined): string[] {
  return (graph?.nodes ?? []).flatMap(({ function: polymorphic, bareConcreteFunction: bare }) => {
    return [...(polymorphic?.concreteFunctions ?? []), ...(bare === undefined ? [] : [bare.concreteFunctionName])];
  });
}

/** The nodes that must run for these tensors or nodes. */
function upstream(nodes: ReadonlyMap<string, GraphNode>, names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const node = nodes.get(sourceNode(name));
    if (node === undefined || found.has(node.name)) continue;
    found.add(node.name);
    for (const input of node.inputs) waiting.push(input);
  }
  return found;
}

function nodesNamed(nodes: ReadonlyMap<string, GraphNode>, names: ReadonlySet<string>): GraphNode[] {
  return [...nodes.values()].filter(({ name }) => names.has(name));
}

function without(names: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> {
  return new Set([...names].filter((name) => !others.has(name)));
}
