import type { Init } from "@modelbytes/tf-proto";
import { type AttrValue, DataType, type GraphDef, type NodeDef } from "@modelbytes/tf-proto/messages";
import { withoutUid } from "./function-uid.ts";

const CALLS = new Set(["PartitionedCall", "StatefulPartitionedCall"]);
const STRING = DataType.numbers.get("DT_STRING");
const NO_BYTES = new Uint8Array(0);

/**
 * What a fingerprint hashes of a graph. The library of functions and the versions count for nothing: they are there, and empty. In the
 * nodes of the graph itself
 *
 *     PartitionedCall, StatefulPartitionedCall     attr "f" loses the uid in the function's name, attr "config_proto" its text
 *     Const with attr "dtype" DT_STRING            attr "value" loses its value
 *
 * Source: SimpleDelete in tensorflow/core/graph/regularization/simple_delete.cc.
 */
export function programOf(graph: GraphDef): Init<GraphDef> {
  return { ...graph, node: graph.node.map(regularNode), library: {}, versions: {} };
}

function regularNode(node: NodeDef): Init<NodeDef> {
  const { op, attr } = node;
  if (CALLS.has(op)) return { ...node, attr: changed(attr, { f: withRegularName, config_proto: withoutText }) };
  const isText = op === "Const" && attr.get("dtype")?.type === STRING;
  return isText ? { ...node, attr: changed(attr, { value: withoutValue }) } : node;
}

type Change = (value: AttrValue) => Init<AttrValue>;

/** The attrs, with changes to those that are there. */
function changed(attrs: NodeDef["attr"], changes: Readonly<Record<string, Change>>): Map<string, Init<AttrValue>> {
  const result = new Map<string, Init<AttrValue>>(attrs);
  for (const [name, change] of Object.entries(changes)) {
    const value = attrs.get(name);
    if (value !== undefined) result.set(name, change(value));
  }
  return result;
}

function withRegularName(value: AttrValue): Init<AttrValue> {
  const { func } = value;
  return func === undefined ? value : { ...value, func: { ...func, name: withoutUid(func.name) } };
}

function withoutText({ $unknown }: AttrValue): Init<AttrValue> {
  return { s: NO_BYTES, $unknown };
}

function withoutValue({ $unknown }: AttrValue): Init<AttrValue> {
  return { $unknown };
}
