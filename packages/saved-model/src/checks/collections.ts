import { type CorruptError, ModelbytesError } from "@modelbytes/bytes";
import { decodeMessage } from "@modelbytes/tf-proto";
import { type MetaGraphDef, VariableDef } from "@modelbytes/tf-proto/messages";
import { sourceNode } from "../graph.ts";
import { type CheckPlace, problem, quoted } from "./problem.ts";

/** The collections of TF1 that hold variables, as serialized `VariableDef`s. */
const VARIABLE_COLLECTIONS = [
  "variables",
  "trainable_variables",
  "local_variables",
  "model_variables",
  "moving_average_variables",
] as const;

/** Whether the variables that collections list are variables of the graph: a loader of TF1 makes them from these. */
export function* checkCollections(metaGraph: MetaGraphDef, where: string, place: CheckPlace): Generator<CorruptError> {
  const nodes = new Set(metaGraph.graphDef?.node.map(({ name }) => name));
  for (const collection of VARIABLE_COLLECTIONS) {
    for (const [index, bytes] of (metaGraph.collectionDef.get(collection)?.bytesList?.value ?? []).entries()) {
      const at = `${where}.collection_def[${quoted(collection)}].bytes_list.value[${index}]`;
      try {
        const { variableName, initializerName, snapshotName } = decodeMessage(VariableDef, bytes);
        const missing = [variableName, initializerName, snapshotName].find((name) => !nodes.has(sourceNode(name)));
        if (missing !== undefined) yield problem("no-node", at, `the graph has no node for ${quoted(missing)}`, place);
      } catch (error) {
        if (!(error instanceof ModelbytesError)) throw error;
        yield problem("protobuf", at, `no VariableDef: ${error.reason}`, place);
      }
    }
  }
}
