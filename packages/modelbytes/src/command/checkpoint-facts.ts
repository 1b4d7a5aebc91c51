import { ModelbytesError } from "@modelbytes/bytes";
import { OBJECT_GRAPH_KEY, type ObjectGraph } from "@modelbytes/tensor-bundle";
import type { CheckpointModel } from "../models/checkpoint-model.ts";
import type { Facts, FactsOptions } from "./facts.ts";
import type { Shell } from "./shell.ts";
import { counted } from "./text.ts";

/** What a checkpoint says of itself. */
export async function checkpointFacts(model: CheckpointModel, { json }: FactsOptions, shell: Shell): Promise<Facts> {
  const { header, shards, headline } = description(model);
  const objectGraph = json ? await graphIfSound(model, shell) : null;
  return { json: { header, shards, objectGraph }, headline, lines: [], problems: [] };
}

function description({ format, path, weights }: CheckpointModel) {
  const saver = saverOf(weights.entries);
  if (weights.format !== "tensor-bundle") return { header: null, shards: [], headline: [format, saver] };
  const { numShards, bigEndian, version } = weights.header;
  const endianness = bigEndian ? "big" : "little";
  const shards = Array.from({ length: numShards }, (_, id) => `${path}.data-${five(id)}-of-${five(numShards)}`);
  const age = version === undefined ? "no version (before September 2016)" : `version ${version.producer}`;
  const headline = [format, counted(numShards, "shard"), `${endianness}-endian`, age, saver];
  return { header: { numShards, endianness, version: version ?? null }, shards, headline };
}

function five(number: number): string {
  return String(number).padStart(5, "0");
}

/** What saved the checkpoint, as far as its keys show. */
function saverOf(entries: ReadonlyMap<string, unknown>): string {
  if (!entries.has(OBJECT_GRAPH_KEY)) return "saved by names";
  const keys = [...entries.keys()];
  if (keys.some((key) => /\/_operations\/|(?:^|\/)_trainable_variables\//.test(key)))
    return "saved as objects of Keras 3";
  if (keys.some((key) => /(?:^|\/)layer(?:_with_weights)?-\d+\//.test(key))) return "saved as objects of Keras 2";
  return "saved as objects";
}

/** The object graph lies in a data file, which need not be there to see what the index says. */
async function graphIfSound(model: CheckpointModel, shell: Shell): Promise<ObjectGraph | null> {
  try {
    return (await model.objectGraph(shell)) ?? null;
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    shell.note(`the object graph cannot be read: ${error.message}`);
    return null;
  }
}
