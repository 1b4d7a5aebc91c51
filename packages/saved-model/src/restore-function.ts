import { CorruptError, decodeName, type Place } from "@modelbytes/bytes";
import type { WireMessage } from "@modelbytes/tf-proto";
import type { FunctionDef } from "@modelbytes/tf-proto/messages";
import { bodyOf } from "./called-functions.ts";
import { constantOf } from "./constant.ts";
import { functionNames, type GraphNode, outputIndex, sourceNode } from "./graph.ts";

/**
 * Which variable a key of the checkpoint is restored into, read from the operation that restores: the only place that says so where
 * there is no object graph (TF1).
 *
 *     save/restore_all  NoOp ◄─^─ save/restore_shard  NoOp ◄─^─ Assign(variable, RestoreV2:i)      i-th of tensor_names
 *                                                              AssignVariableOp(handle, Identity(RestoreV2:i))
 *     StatefulPartitionedCall(file, handle, …)  →  a function whose body does the same with its arguments (TF2)
 */

/** A variable of the main graph and what is restored into it. */
export interface RestoredVariable {
  /** Name of the node: `VariableV2`, `VarHandleOp`, `HashTableV2`. */
  readonly node: string;
  /** Key in the checkpoint. */
  readonly key: string;
  /** Which part of the tensor it takes, as `shape_and_slices` says it: `"8 4 0,4:0,4"`; empty for all of it. */
  readonly slice: string;
}

/** A graph to walk in: its nodes, and what the names of its arguments mean outside. */
interface Scope {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly outside: ReadonlyMap<string, string>;
}

/** Assignments have the variable as their first input and the value as their second; imports into tables come with keys and values. */
const ASSIGNMENTS = new Set(["Assign", "AssignVariableOp", "LookupTableImportV2", "LookupTableImport"]);

/** How many nodes lead from an assignment to what it assigns. */
const MAX_STEPS = 64;

/**
 * The variables that the operation `restore` restores. `[]` where there is no such node. Throws a `CorruptError` where the lists of
 * a RestoreV2 are no constants or too short.
 */
export function restoredVariables(
  nodes: ReadonlyMap<string, GraphNode>,
  library: ReadonlyMap<string, WireMessage<FunctionDef>>,
  restore: string,
  place: Place = {},
): RestoredVariable[] {
  const found: RestoredVariable[] = [];
  const seen = new Set<string>();
  const waiting: [Scope, string][] = [[{ nodes, outside: new Map() }, sourceNode(restore)]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [scope, name] = next;
    const node = scope.nodes.get(name);
    if (node === undefined || (scope.outside.size === 0 && seen.has(name))) continue;
    if (scope.outside.size === 0) seen.add(name);
    if (ASSIGNMENTS.has(node.op)) found.push(...assigned(node, scope, place));
    else if (node.op === "NoOp" || node.op === "Identity")
      for (const input of node.inputs) waiting.push([scope, sourceNode(input)]);
    const inner = scope.outside.size === 0 ? calledScope(node, library) : undefined;
    if (inner !== undefined)
      for (const each of inner.nodes.keys()) if (isAssignment(inner, each)) waiting.push([inner, each]);
  }
  return found.reverse();
}

function isAssignment({ nodes }: Scope, name: string): boolean {
  return ASSIGNMENTS.has(nodes.get(name)?.op ?? "");
}

/** The body that a node calls, with the node's inputs as its arguments. */
function calledScope(node: GraphNode, library: ReadonlyMap<string, WireMessage<FunctionDef>>): Scope | undefined {
  const f = node.attr("f");
  const body = library.get(f === undefined ? node.op : (functionNames(f)[0] ?? ""));
  if (body === undefined) return undefined;
  const args = body.message("signature")?.value("inputArg") ?? [];
  const outside = new Map(args.map(({ name }, index) => [name, sourceNode(node.inputs[index] ?? "")]));
  return { nodes: bodyOf(body), outside };
}

/** What an assignment assigns: nothing if it is no tensor that was just restored. */
function* assigned(node: GraphNode, scope: Scope, place: Place): Generator<RestoredVariable> {
  const target = sourceNode(node.inputs[0] ?? "");
  const outer = scope.outside.get(target) ?? target;
  for (const value of node.inputs.slice(1)) {
    const restored = restoredBy(value, scope);
    if (restored === undefined) continue;
    const [reader, index] = restored;
    const key = stringAt(reader, 1, index, scope, place);
    yield { node: outer, key, slice: stringAt(reader, 2, index, scope, place) };
  }
}

/** The RestoreV2 that a value comes from, through Identity and casts, and which of its outputs it is. */
function restoredBy(value: string, { nodes }: Scope): [GraphNode, number] | undefined {
  let input = value;
  for (let step = 0; step < MAX_STEPS; step++) {
    const node = nodes.get(sourceNode(input));
    if (node === undefined) return undefined;
    if (node.op === "RestoreV2" || node.op === "RestoreSlice" || node.op === "Restore")
      return [node, outputIndex(input)];
    if (node.op !== "Identity" && node.op !== "Cast" && node.op !== "Reshape") return undefined;
    input = node.inputs[0] ?? "";
  }
  return undefined;
}

/** One string of a constant list that a RestoreV2 takes: 1 the names of the tensors, 2 their slices. */
function stringAt(reader: GraphNode, input: number, index: number, { nodes }: Scope, place: Place): string {
  const node = nodes.get(sourceNode(reader.inputs[input] ?? ""));
  const tensor = node && constantOf(node, place);
  const text = tensor?.dtype === "string" ? tensor.data[index] : undefined;
  if (text !== undefined) return decodeName(text);
  const what = input === 1 ? "tensor names" : "slices";
  const reason = `the ${what} of the operation ${JSON.stringify(reader.name)} are no list of strings`;
  throw new CorruptError("restore-function", reason, place);
}

/**
 * The keys that RestoreV2 operations anywhere in a MetaGraph read; `undefined` where one of them takes its keys from elsewhere than a
 * constant, as registered savers do.
 */
export function restoredKeys(
  nodes: ReadonlyMap<string, GraphNode>,
  library: ReadonlyMap<string, WireMessage<FunctionDef>>,
  place: Place = {},
): ReadonlySet<string> | undefined {
  const keys = new Set<string>();
  for (const body of [nodes, ...[...library.values()].map(bodyOf)]) {
    for (const node of body.values()) {
      if (node.op !== "RestoreV2") continue;
      const constant = body.get(sourceNode(node.inputs[1] ?? ""));
      const tensor = constant && constantOf(constant, place);
      if (tensor?.dtype !== "string") return undefined;
      for (const key of tensor.data) keys.add(decodeName(key));
    }
  }
  return keys;
}
