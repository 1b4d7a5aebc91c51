import type { DType } from "@modelbytes/tensor";
import { OBJECT_GRAPH_KEY } from "@modelbytes/tensor-bundle";
import type { CheckpointModel } from "../checkpoint-model.ts";
import type { Model } from "../model.ts";
import { unreadableTensors } from "./checkpoint.ts";
import { counted } from "./text.ts";

/** A tensor, as `--json` has it. What nobody knows of a tensor that cannot be read is null. */
export interface TensorRow {
  readonly name: string;
  /** Where `name` is the readable name. */
  readonly key?: string;
  readonly dtype: DType | null;
  readonly shape: readonly number[] | null;
  /** Bytes in the file, where they are known without reading it. */
  readonly byteLength: number | null;
  /** Why the tensor cannot be read. */
  readonly unreadable?: string;
}

/** The tensors in the order of the file; behind them those that cannot be read. */
export function tensorRows(model: Model, full: ReadonlyMap<string, string> | undefined): TensorRow[] {
  const rows: TensorRow[] = [];
  for (const [key, { dtype, shape, byteLength }] of model.weights.entries) {
    const name = full?.get(key);
    rows.push({
      name: name ?? key,
      ...(name === undefined ? {} : { key }),
      dtype,
      shape,
      byteLength: byteLength ?? null,
    });
  }
  for (const [name, { reason }] of unreadableTensors(model)) {
    rows.push({ name, dtype: null, shape: null, byteLength: null, unreadable: reason });
  }
  return rows;
}

/** What a checkpoint says of itself. */
export interface Description {
  /** The header, as `--json` has it. */
  readonly header: Readonly<Record<string, unknown>> | null;
  /** The names of the data files. */
  readonly shards: readonly string[];
  /** For people. */
  readonly facts: readonly string[];
}

export function description({ format, path, weights }: CheckpointModel): Description {
  const saver = saverOf(weights.entries);
  if (weights.format !== "tensor-bundle") return { header: null, shards: [], facts: [format, saver] };
  const { numShards, bigEndian, version } = weights.header;
  const endianness = bigEndian ? "big" : "little";
  const shards = Array.from({ length: numShards }, (_, id) => `${path}.data-${five(id)}-of-${five(numShards)}`);
  const age = version === undefined ? "no version (before September 2016)" : `version ${version.producer}`;
  const facts = [format, counted(numShards, "shard"), `${endianness}-endian`, age, saver];
  return { header: { numShards, endianness, version: version ?? null }, shards, facts };
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
