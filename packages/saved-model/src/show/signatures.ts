import { NotFoundError, sortNames } from "@modelbytes/bytes";
import { DataType, type TensorInfo } from "@modelbytes/tf-proto/messages";
import type { MetaGraph } from "../meta-graph.ts";

/** What `saved_model_cli show --tag_set T` prints: the keys of the signatures. */
export function showSignatureKeys(metaGraph: MetaGraph): string {
  const keys = sortNames(metaGraph.tree.value("signatureDef").keys());
  const lines = keys.map((key) => `SignatureDef key: "${key}"\n`);
  return `The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:\n${lines.join("")}`;
}

/**
 * What `saved_model_cli show --tag_set T --signature_def KEY` prints: the tensors that go in and come out. `indent` stands before
 * each line. Throws a `NotFoundError` that lists the keys there are.
 */
export function showSignature(metaGraph: MetaGraph, key: string, indent = ""): string {
  const signatures = metaGraph.tree.value("signatureDef");
  const signature = signatures.get(key);
  if (signature === undefined) {
    const keys = sortNames(signatures.keys()).join(", ");
    throw new NotFoundError("signature", `Could not find signature "${key}". Please choose from: ${keys}`);
  }
  const lines = [
    "The given SavedModel SignatureDef contains the following input(s):",
    ...tensorLines("inputs", signature.inputs),
    "The given SavedModel SignatureDef contains the following output(s):",
    ...tensorLines("outputs", signature.outputs),
    `Method name is: ${signature.methodName}`,
  ];
  return lines.map((line) => `${indent}${line}\n`).join("");
}

function tensorLines(kind: string, tensors: ReadonlyMap<string, TensorInfo>): string[] {
  return sortNames(tensors.keys()).flatMap((key) => {
    const { dtype = 0, tensorShape, name = "" } = tensors.get(key) ?? {};
    const sizes = tensorShape?.dim.map(({ size }) => `${size}`) ?? [];
    return [
      `  ${kind}['${key}'] tensor_info:`,
      `      dtype: ${DataType.names.get(dtype) ?? dtype}`,
      `      shape: ${tensorShape?.unknownRank ? "unknown_rank" : `(${sizes.join(", ")})`}`,
      `      name: ${name}`,
    ];
  });
}
