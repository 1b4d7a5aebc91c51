import type { CorruptError } from "@modelbytes/bytes";
import type { MetaGraphDef, SavedObjectGraph, SignatureDef, TensorInfo } from "@modelbytes/tf-proto/messages";
import { sourceNode } from "../graph.ts";
import { signatureTensor, tensorNames } from "../signature.ts";
import { type CheckPlace, problem, quoted } from "./problem.ts";

/** Signatures that are operations of the graph rather than functions of the model, so that the object graph has none of them. */
const OPERATIONS: ReadonlySet<string> = new Set(["__saved_model_init_op", "__saved_model_train_op"]);

/** Whether signatures, the saver and assets name tensors of the main graph, and whether the object graph has the same signatures. */
export function* checkSignatures(metaGraph: MetaGraphDef, where: string, place: CheckPlace): Generator<CorruptError> {
  const nodes = new Set(metaGraph.graphDef?.node.map(({ name }) => name));
  for (const [key, signature] of metaGraph.signatureDef) {
    yield* checkSignature(signature, nodes, `${where}.signature_def[${quoted(key)}]`, place);
  }
  yield* checkObjectSignatures(metaGraph, where, place);
  const { saverDef } = metaGraph;
  if (saverDef === undefined) return;
  const { filenameTensorName, saveTensorName, restoreOpName } = saverDef;
  for (const name of [filenameTensorName, saveTensorName, restoreOpName]) {
    if (name === "" || nodes.has(sourceNode(name))) continue;
    yield problem("no-node", `${where}.saver_def`, `the graph has no node for ${quoted(name)}`, place);
  }
}

function* checkSignature(
  { inputs, outputs, defaults }: SignatureDef,
  nodes: ReadonlySet<string>,
  where: string,
  place: CheckPlace,
): Generator<CorruptError> {
  for (const [part, infos] of [["inputs", inputs] as const, ["outputs", outputs] as const]) {
    for (const [name, info] of infos) yield* checkTensor(info, nodes, `${where}.${part}[${quoted(name)}]`, place);
  }
  for (const name of defaults.keys()) {
    if (!inputs.has(name)) yield problem("no-input", `${where}.defaults`, `there is no input ${quoted(name)}`, place);
  }
}

function* checkTensor(
  info: TensorInfo,
  nodes: ReadonlySet<string>,
  where: string,
  place: CheckPlace,
): Generator<CorruptError> {
  for (const name of tensorNames(signatureTensor(info, place))) {
    if (nodes.has(sourceNode(name))) continue;
    yield problem("no-node", where, `the graph has no node for ${quoted(name)}`, place);
  }
}

/** `signature_def` and the node `signatures` of the object graph are two tables of the same thing. Loaders read one or the other. */
function* checkObjectSignatures(
  { signatureDef, objectGraphDef }: MetaGraphDef,
  where: string,
  place: CheckPlace,
): Generator<CorruptError> {
  const known = objectGraphDef && signatureNames(objectGraphDef);
  if (known === undefined || signatureDef.size === 0) return; // a model for tf.saved_model.load alone has no main graph
  for (const key of signatureDef.keys()) {
    if (OPERATIONS.has(key) || known.has(key)) continue;
    const reason = `the object graph has no signature ${quoted(key)}; tf.saved_model.load will not show it`;
    yield problem("signature-one-sided", `${where}.signature_def`, reason, place);
  }
  for (const key of known) {
    if (signatureDef.has(key)) continue;
    const reason = `the object graph has a signature ${quoted(key)} that signature_def has not; only tf.saved_model.load will show it`;
    yield problem("signature-one-sided", `${where}.object_graph_def`, reason, place);
  }
}

/** The keys that the object graph has under `signatures`; `undefined` where it has no such child. */
function signatureNames(graph: SavedObjectGraph): Set<string> | undefined {
  const child = graph.nodes[0]?.children.find(({ localName }) => localName === "signatures");
  const node = child && graph.nodes[child.nodeId];
  return node?.userObject?.identifier === "signature_map"
    ? new Set(node.children.map(({ localName }) => localName))
    : undefined;
}
