import type { CorruptError } from "@modelbytes/bytes";
import type { FunctionDef, GraphDef, NodeDef } from "@modelbytes/tf-proto/messages";
import { functionNames, sourceNode } from "../graph.ts";
import { type CheckPlace, problem, quoted } from "./problem.ts";

/**
 * Whether nodes wait for themselves, and functions call themselves: TensorFlow supports neither. The loops of TF1 are cycles that go
 * through a NextIteration.
 */
export function* checkCycles(graph: GraphDef, where: string, place: CheckPlace): Generator<CorruptError> {
  const functions = graph.library?.function ?? [];
  yield* checkNodes(graph.node, where, place);
  for (const [index, { nodeDef }] of functions.entries()) {
    yield* checkNodes(nodeDef, `${where}.library.function[${index}]`, place);
  }
  const calls = new Map(functions.map((body) => [body.signature?.name ?? "", calledBy(body)]));
  const caught = inCycle(calls);
  if (caught.length === 0) return;
  const reason = `functions that come to call themselves, which TensorFlow does not support: ${named(caught)}`;
  yield problem("function-cycle", `${where}.library`, reason, place);
}

function* checkNodes(nodes: readonly NodeDef[], where: string, place: CheckPlace): Generator<CorruptError> {
  const inputs = new Map(
    nodes.map(({ name, op, input }) => [name, op === "NextIteration" ? [] : input.map(sourceNode)] as const),
  );
  const caught = inCycle(inputs);
  if (caught.length === 0) return;
  yield problem("node-cycle", where, `nodes that wait for themselves: ${named(caught)}`, place);
}

function calledBy({ nodeDef }: FunctionDef): string[] {
  return nodeDef.flatMap(({ op, attr }) => [op, ...[...attr.values()].flatMap(functionNames)]);
}

/** What is left when everything is taken away, again and again, that leads to nothing that is left: what is in a cycle or leads to one. */
function inCycle(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const left = new Map<string, number>();
  const users = new Map<string, string[]>();
  for (const [name, targets] of edges) {
    const known = targets.filter((target) => edges.has(target));
    left.set(name, known.length);
    for (const target of known) {
      const others = users.get(target);
      if (others === undefined) users.set(target, [name]);
      else others.push(name);
    }
  }
  const free = [...left].filter(([, count]) => count === 0).map(([name]) => name);
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    left.delete(name);
    for (const user of users.get(name) ?? []) {
      const count = (left.get(user) ?? 0) - 1;
      left.set(user, count);
      if (count === 0) free.push(user);
    }
  }
  return [...left.keys()];
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, 5).map(quoted).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
