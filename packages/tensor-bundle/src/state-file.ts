import { CorruptError, type Place, type Source, type WaitOptions } from "@modelbytes/bytes";
import { TextFormatError } from "@modelbytes/tf-proto";
import { type CheckpointState, parseCheckpointState } from "./checkpoint-state.ts";
import { isAbsence } from "./existing.ts";
import type { Spot } from "./spot.ts";

/** How a directory's state file is called, unless a training run named it otherwise. */
export const STATE_FILE = "checkpoint";

/** A state file of a hundred thousand checkpoints; a larger file is something else. */
const LARGEST_STATE_BYTES = 2 ** 24;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Where the state file of a directory leads to, whatever is there. `undefined` where there is no state file, and, as in
 * TensorFlow, where it is not in the text format or has unknown fields. Throws a `CorruptError` for one that names no checkpoint.
 */
export async function newestOf(directory: Spot, name: string, options: WaitOptions): Promise<Spot | undefined> {
  const source = directory.file(`/${name}`);
  const state = await readState(source, options);
  if (state === undefined) return undefined;
  if (state.modelCheckpointPath !== "") return directory.resolve(state.modelCheckpointPath);
  throw new CorruptError("checkpoint-state", "the state file names no checkpoint", { file: source.name });
}

/** What a state file says; `undefined` where there is none, and where TensorFlow ignores it. */
export async function readState(source: Source, options: WaitOptions): Promise<CheckpointState | undefined> {
  const place = { file: source.name };
  try {
    const size = await source.size(options);
    if (size > LARGEST_STATE_BYTES) {
      throw new CorruptError("checkpoint-state", `a file of ${size} bytes is no state file`, place);
    }
    return parseCheckpointState(decodeText(await source.read(0, size, options), place), place);
  } catch (error) {
    if (error instanceof TextFormatError || isAbsence(error)) return undefined;
    throw error;
  } finally {
    await source.close?.();
  }
}

function decodeText(bytes: Uint8Array, place: Place): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new CorruptError("checkpoint-state", "the state file is not valid UTF-8", { ...place, cause });
  }
}
