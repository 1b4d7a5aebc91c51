import type { NpzModel } from "../models/npz-model.ts";
import type { SafetensorsModel } from "../models/safetensors-model.ts";
import type { Facts } from "./facts.ts";
import { counted, printable } from "./text.ts";

/** What a safetensors file says of itself. */
export function safetensorsFacts({ format, weights }: SafetensorsModel): Facts {
  const { metadata, shards } = weights;
  const pairs = [...(metadata ?? [])];
  return {
    json: { metadata: metadata ?? null, shards: shards.map(({ source }) => source.name) },
    headline: [format, shards.length === 1 ? "" : counted(shards.length, "shard")].filter((fact) => fact !== ""),
    lines: pairs.map(([key, value]) => `${printable(key)}: ${shortened(printable(value))}`),
    problems: [],
  };
}

/** Characters of a value that are shown. */
const SHOWN = 100;

function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** What NumPy's arrays say of themselves. */
export function npzFacts({ weights }: NpzModel): Facts {
  const arrays = [...weights.entries].map(
    ([name, { descr, fortranOrder }]) => [name, { descr, fortranOrder }] as const,
  );
  return {
    json: { arrays: new Map(arrays) },
    headline: weights.format === "npy" ? ["npz", "a single array, .npy"] : ["npz"],
    lines: [],
    problems: [],
  };
}
