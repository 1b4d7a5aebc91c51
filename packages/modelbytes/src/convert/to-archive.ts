import { type SinkLike, UnsupportedError } from "@modelbytes/bytes";
import { type KerasArchiveFile, writeKerasArchive } from "@modelbytes/keras-archive";
import type { ConvertOptions } from "./convert.ts";
import { type KerasParts, weightsContents } from "./keras-contents.ts";
import { archiveText } from "./keras-texts.ts";

/** The Keras whose archives these are. */
const KERAS_VERSION = "3.15.1";

/**
 * Writes a `.keras` archive, and gives what changed. Throws an `UnsupportedError` (`"needs-architecture"`) for weights without an
 * architecture, and one (`"loss"`) for the optimizer of another Keras, whose variables are others.
 */
export async function toArchive(to: SinkLike, parts: KerasParts, options: ConvertOptions): Promise<readonly string[]> {
  const { model, tensors, texts, strip, signal } = parts;
  if (texts === undefined) {
    const reason = "a .keras archive begins with an architecture: give it";
    throw new UnsupportedError("needs-architecture", reason, { file: model.path });
  }
  if (model.format === "keras-archive" && isUnchanged(parts, options)) {
    await writeKerasArchive(to, model.weights, { signal });
    return [];
  }
  const isOld = texts.architecture.grammar !== "keras-3";
  const hasOptimizer = tensors.some(({ role }) => role === "optimizer");
  if (isOld && hasOptimizer) {
    const reason = "the optimizer of an older Keras has other variables, which would be lost: strip optimizer";
    throw new UnsupportedError("loss", reason, { file: model.path });
  }
  const { config, architecture, notes } = archiveText(texts, !strip.has("optimizer"));
  const target = isOld || model.format !== "keras-archive" ? architecture : undefined;
  const weights = await weightsContents(parts, target);
  const assets: KerasArchiveFile[] = [];
  if (model.format === "keras-archive") {
    for (const path of model.weights.assets)
      assets.push({ path, data: await model.weights.readAsset(path, { signal }) });
  }
  const dateSaved = options.dateSaved ?? "1980-01-01@00:00:00";
  await writeKerasArchive(
    to,
    { config, metadata: { kerasVersion: KERAS_VERSION, dateSaved }, weights, assets },
    { signal },
  );
  return notes;
}

/** Whether an archive is to be written as it is: then it has its own dates, and the same bytes. */
function isUnchanged({ model, tensors }: KerasParts, { strip = [], only, cast, rename }: ConvertOptions): boolean {
  const isWhole = tensors.length === model.weights.entries.size;
  return isWhole && [...strip].length === 0 && only === undefined && rename === undefined && (cast?.size ?? 0) === 0;
}
