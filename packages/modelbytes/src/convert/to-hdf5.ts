import type { SinkLike } from "@modelbytes/bytes";
import { type ShardedTarget, writeKerasH5, writeKerasWeights, writeShardedKerasWeights } from "@modelbytes/keras-hdf5";
import { h5Contents, type KerasParts, weightsContents } from "./keras-contents.ts";

/** Writes a `.h5`, whole or weights alone. Throws as `h5Contents` does. */
export async function toH5(to: SinkLike, parts: KerasParts, whole: boolean): Promise<void> {
  await writeKerasH5(to, await h5Contents(parts, whole), { signal: parts.signal });
}

/** Writes a `.weights.h5`. Throws as `weightsContents` does. */
export async function toWeights(to: SinkLike, parts: KerasParts): Promise<void> {
  await writeKerasWeights(to, await weightsContents(parts), { signal: parts.signal });
}

/** Writes the weights of a `.weights.h5` to several files. Throws as `weightsContents` does. */
export async function toShardedWeights(to: ShardedTarget, parts: KerasParts): Promise<void> {
  await writeShardedKerasWeights(to, await weightsContents(parts), { signal: parts.signal });
}
