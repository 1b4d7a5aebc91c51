import { type Bundle, type OpenBundleOptions, openFiles } from "./bundle.ts";
import { type BundleLike, isV1, locateCheckpoint } from "./files.ts";
import { CheckpointV1 } from "./v1/checkpoint-v1.ts";

/**
 * Opens a checkpoint of either format: a tensor bundle, or a V1 checkpoint of TensorFlow before 2016, told apart by their files.
 *
 * Throws what `openBundle` throws.
 */
export async function openCheckpoint(
  from: BundleLike,
  options: OpenBundleOptions = {},
): Promise<Bundle | CheckpointV1> {
  const files = await locateCheckpoint(from, options);
  return isV1(files) ? await CheckpointV1.open(files, options) : await openFiles(files, options);
}
