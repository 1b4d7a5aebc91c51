import type { CorruptError } from "@modelbytes/bytes";
import type { AttrValue, FunctionDef, GraphDef, NodeDef } from "@modelbytes/tf-proto/messages";
import { functionNames, sourceNode } from "../graph.ts";
import { type CheckPlace, problem, quoted } from "./problem.ts";

/**
 * Whether the nodes of the main graph and of all functions refer to what is there: inputs to nodes or arguments, attributes to
 * functions of the library, returned values to nodes. Whether an op exists, only a TensorFlow with its kernels can tell.
 */
export function* checkNodes(graph: GraphDef, where: string, place: CheckPlace): Generator<CorruptError> {
  const functions = graph.library?.function ?? [];
  const library = new Set(functions.map(({ signature }) => signature?.name ?? ""));
  if (library.size < functions.length) {
    const twice = firstTwice(functions.map(({ signature }) => signature?.name ?? ""));
    yield problem("function-twice", `${where}.library`, `two functions are called ${quoted(twice)}`, place);
  }
  yield* checkBody(graph.node, new Set(), library, where, place);
  for (const [index, body] of functions.entries()) {
    yield* checkFunction(body, library, `${where}.library.function[${index}]`, place);
  }
  for (const { functionName, gradientFunc } of graph.library?.gradient ?? []) {
    for (const name of [functionName, gradientFunc]) {
      if (!library.has(name)) yield missingFunction(name, `${where}.library.gradient`, place);
    }
  }
}

function* checkFunction(
  body: FunctionDef,
  library: ReadonlySet<string>,
  where: string,
  place: CheckPlace,
): Generator<CorruptError> {
  const args = new Set(body.signature?.inputArg.map(({ name }) => name));
  yield* checkBody(body.nodeDef, args, library, where, place);
  const nodes = new Set(body.nodeDef.map(({ name }) => name));
  for (const [output, tensor] of body.ret) {
    const source = sourceNode(tensor);
    if (nodes.has(source) || args.has(source)) continue;
    yield problem(
      "no-node",
      `${where}.ret[${quoted(output)}]`,
      `${quoted(tensor)} is no tensor of the function`,
      place,
    );
  }
  for (const [output, node] of body.controlRet) {
    if (nodes.has(node)) continue;
    yield problem(
      "no-node",
      `${where}.control_ret[${quoted(output)}]`,
      `the function has no node ${quoted(node)}`,
      place,
    );
  }
  for (const { name } of body.signature?.outputArg ?? []) {
    if (!body.ret.has(name))
      yield problem("no-result", `${where}.ret`, `the result ${quoted(name)} comes from nowhere`, place);
  }
}

function* checkBody(
  nodes: readonly NodeDef[],
  args: ReadonlySet<string>,
  library: ReadonlySet<string>,
  where: string,
  place: CheckPlace,
): Generator<CorruptError> {
  const names = new Set<string>();
  const listed = args.size > 0 || where.includes("library") ? "node_def" : "node";
  for (const [index, { name }] of nodes.entries()) {
    if (names.has(name) || args.has(name)) {
      yield problem("node-twice", `${where}.${listed}[${index}]`, `a second node is called ${quoted(name)}`, place);
    }
    names.add(name);
  }
  for (const [index, node] of nodes.entries()) {
    for (const input of node.input) {
      const source = sourceNode(input);
      if (names.has(source) || args.has(source)) continue;
      const reason = `the node ${quoted(node.name)} takes ${quoted(input)}, which is nowhere`;
      yield problem("no-node", `${where}.${listed}[${index}]`, reason, place);
    }
    for (const [key, value] of node.attr) {
      for (const name of calledFunctions(value)) {
        if (name === "" || library.has(name)) continue;
        yield missingFunction(name, `${where}.${listed}[${index}].attr[${quoted(key)}]`, place);
      }
    }
  }
}

function calledFunctions(value: AttrValue): string[] {
  return value.func === undefined && value.list === undefined ? [] : functionNames(value);
}

function missingFunction(name: string, where: string, place: CheckPlace): CorruptError {
  return problem("no-function", where, `the library has no function ${quoted(name)}`, place);
}

function firstTwice(names: readonly string[]): string {
  return names.find((name, index) => names.indexOf(name) < index) ?? "";
}
