import { NotFoundError } from "@modelbytes/bytes";
import type { Init, WireMessage } from "@modelbytes/tf-proto";
import type { SavedObject, SignatureDef } from "@modelbytes/tf-proto/messages";
import { sourceNode } from "../graph.ts";
import type { MetaGraph } from "../meta-graph.ts";
import { signatureTensor, tensorNames } from "../signature.ts";

/**
 * Signatures stand in two places: in `signature_def`, which serving and TF1 read, and as children of the object graph's node
 * `signatures`, which `tf.saved_model.load` reads. An edit of one alone gives a model that answers to different names.
 */

/**
 * Gives a signature another key. Nodes and functions keep their names. Throws a `NotFoundError` where there is no signature `from`, a
 * `RangeError` where there is one `to`.
 */
export function renameSignature(metaGraph: MetaGraph, from: string, to: string): void {
  checkSignature(metaGraph, from);
  if (metaGraph.signatures.has(to)) throw new RangeError(`there is a signature ${JSON.stringify(to)} already`);
  metaGraph.tree.renameEntry("signatureDef", from, to);
  const place = placeInObjects(metaGraph, from);
  place?.node.messages("children")[place.index]?.set("localName", to);
  metaGraph.edited();
}

/** Removes a signature; its function stays, and `dropUnreachable` removes it. Throws a `NotFoundError` where there is none. */
export function dropSignature(metaGraph: MetaGraph, key: string): void {
  checkSignature(metaGraph, key);
  metaGraph.tree.deleteEntry("signatureDef", key);
  const place = placeInObjects(metaGraph, key);
  place?.node.remove("children", place.index);
  metaGraph.edited();
}

/**
 * Adds a signature of tensors that the main graph has. `tf.saved_model.load` shows only signatures that are functions, so it will not
 * show this one; serving, the C++ and the TF1 loader will. Throws a `RangeError` where the key is taken or a tensor is nowhere.
 */
export function addSignature(metaGraph: MetaGraph, key: string, signature: Init<SignatureDef>): void {
  if (metaGraph.signatures.has(key)) throw new RangeError(`there is a signature ${JSON.stringify(key)} already`);
  metaGraph.tree.setEntry("signatureDef", key, signature);
  const added = metaGraph.tree.entries("signatureDef").get(key)?.decode();
  for (const info of [...(added?.inputs.values() ?? []), ...(added?.outputs.values() ?? [])]) {
    const missing = [...tensorNames(signatureTensor(info))].find((name) => !metaGraph.nodes.has(sourceNode(name)));
    if (missing === undefined) continue;
    metaGraph.tree.deleteEntry("signatureDef", key);
    throw new RangeError(
      `the signature ${JSON.stringify(key)} names ${JSON.stringify(missing)}, which the graph has not`,
    );
  }
  metaGraph.edited();
}

function checkSignature(metaGraph: MetaGraph, key: string): void {
  if (metaGraph.signatures.has(key)) return;
  const known = [...metaGraph.signatures.keys()].map((each) => JSON.stringify(each)).join(", ") || "none";
  throw new NotFoundError("no-signature", `no signature ${JSON.stringify(key)}; there are: ${known}`);
}

/** The node `signatures` of the object graph, and which of its children the signature is. */
function placeInObjects(
  metaGraph: MetaGraph,
  key: string,
): { node: WireMessage<SavedObject>; index: number } | undefined {
  const nodes = metaGraph.tree.message("objectGraphDef")?.messages("nodes") ?? [];
  const id = nodes[0]?.value("children").find(({ localName }) => localName === "signatures")?.nodeId;
  const node = id === undefined ? undefined : nodes[id];
  const index = node?.value("children").findIndex(({ localName }) => localName === key) ?? -1;
  return node === undefined || index < 0 ? undefined : { node, index };
}
