import type { SinkLike } from "@modelbytes/bytes";
import { writeNpz } from "@modelbytes/npz";
import { writeSafetensors } from "@modelbytes/safetensors";
import { METADATA_KEYS } from "./architecture-text.ts";
import type { KerasParts } from "./keras-contents.ts";
import type { KerasTexts } from "./keras-texts.ts";

/** Writes the tensors as a safetensors file, with the architecture among its texts. */
export async function toSafetensors(to: SinkLike, parts: KerasParts): Promise<void> {
  const { texts, strip, signal } = parts;
  const metadata = strip.has("architecture") ? undefined : metadataOf(texts);
  await writeSafetensors(to, named(parts), { metadata, signal });
}

/** Writes the tensors as an archive of numpy's arrays. */
export async function toNpz(to: SinkLike, parts: KerasParts): Promise<void> {
  await writeNpz(to, named(parts), { signal: parts.signal });
}

function named({ tensors }: KerasParts) {
  return tensors.map((tensor) => [tensor.name, tensor] as const);
}

/** The architecture, where a safetensors file has room for texts. */
function metadataOf(texts: KerasTexts | undefined): Record<string, string> | undefined {
  if (texts === undefined) return undefined;
  const { config, training, kerasVersion } = texts;
  return {
    [METADATA_KEYS.config]: config,
    ...(training !== undefined && { [METADATA_KEYS.training]: training }),
    ...(kerasVersion !== undefined && { [METADATA_KEYS.kerasVersion]: kerasVersion }),
  };
}
