import { CorruptError, type ModelbytesError, UnsupportedError, type WaitOptions } from "@modelbytes/bytes";
import { readChunkedFile } from "@modelbytes/tf-proto/chunked";
import { compareFingerprint } from "../compare-fingerprints.ts";
import { FINGERPRINT_FILE, INDEX, readOptional } from "../files.ts";
import { type ComputedFingerprint, computeFingerprint } from "../fingerprint.ts";
import { computeChunkedFingerprint } from "../fingerprint-chunked.ts";
import type { SavedModel } from "../saved-model.ts";

/** Whether the hashes of `fingerprint.pb` hold. A model of which TensorFlow makes no fingerprint is not judged. */
export async function checkFingerprint(model: SavedModel, options: WaitOptions): Promise<ModelbytesError[]> {
  const expected = await model.fingerprint(options);
  if (expected === undefined) return [];
  const index = await readOptional(model.folder, INDEX, options);
  try {
    const file = model.folder.file(FINGERPRINT_FILE).name;
    return compareFingerprint(expected, computed(model, index)).map(
      ({ reason }) => new CorruptError("fingerprint", reason, { file }),
    );
  } catch (error) {
    if (error instanceof UnsupportedError) return [];
    throw error;
  }
}

function computed(model: SavedModel, index: Uint8Array | undefined): ComputedFingerprint {
  const { encoding, stored, name, message, decompressors } = model.graphFile;
  const place = { file: name, offset: 0 };
  if (encoding !== "cpb") return computeFingerprint(message, index, place);
  return computeChunkedFingerprint(readChunkedFile(stored, decompressors, place), index, place);
}
