import { type CorruptError, ModelbytesError } from "@modelbytes/bytes";
import { checkedElementCount, DTYPES, dtypeOfNumber, isVarying } from "@modelbytes/tensor";
import type { GraphDef, NodeDef, TensorProto } from "@modelbytes/tf-proto/messages";
import { shapeOf } from "../partial-shape.ts";
import { type CheckPlace, problem, quoted } from "./problem.ts";

/** Whether the constants of the main graph and of all functions are tensors, by the rules of `Tensor::FromProto`. Expands none. */
export function* checkConstants(graph: GraphDef, where: string, place: CheckPlace): Generator<CorruptError> {
  yield* checkIn(graph.node, `${where}.node`, place);
  for (const [index, { nodeDef }] of (graph.library?.function ?? []).entries()) {
    yield* checkIn(nodeDef, `${where}.library.function[${index}].node_def`, place);
  }
}

function* checkIn(nodes: readonly NodeDef[], where: string, place: CheckPlace): Generator<CorruptError> {
  for (const [index, node] of nodes.entries()) {
    if (node.op !== "Const") continue;
    const at = `${where}[${index}]`;
    const value = node.attr.get("value")?.tensor;
    const wrong = value === undefined ? "it has no value" : wrongWith(value, node.attr.get("dtype")?.type);
    if (wrong !== undefined) yield problem("constant", at, `the constant ${quoted(node.name)}: ${wrong}`, place);
  }
}

/** What is wrong with a tensor in a message, if something is. */
function wrongWith(
  { dtype: number, tensorShape, tensorContent }: TensorProto,
  declared: number | undefined,
): string | undefined {
  if (declared !== undefined && declared !== number) return `it is of dtype ${declared}, its value of dtype ${number}`;
  const dtype = dtypeOfNumber(number);
  if (dtype === undefined) return number === 20 ? undefined : `no tensor is of dtype ${number}`;
  const count = countOf(tensorShape);
  if (count === undefined) return "its value has a shape that no tensor has";
  if (tensorContent.length === 0 || isVarying(dtype)) return undefined;
  const size = count * DTYPES[dtype].itemsize;
  return tensorContent.length === size ? undefined : `${tensorContent.length} bytes where its shape takes ${size}`;
}

function countOf(shape: TensorProto["tensorShape"]): number | undefined {
  try {
    const sizes = shapeOf(shape) ?? [];
    const known = sizes.filter((size) => size !== null);
    return known.length < sizes.length ? undefined : checkedElementCount(known);
  } catch (error) {
    if (error instanceof ModelbytesError) return undefined;
    throw error;
  }
}
