import type { TensorFile } from "@modelbytes/tensor";

/** The names of a format whose keys are readable names already. */
export function ownNames({ entries }: TensorFile): () => Promise<ReadonlyMap<string, string>> {
  return async () => new Map([...entries.keys()].map((key) => [key, key]));
}
