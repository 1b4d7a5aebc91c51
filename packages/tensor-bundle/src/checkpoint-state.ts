import type { Place } from "@modelbytes/bytes";
import {
  onlyTextValue,
  parseTextFormat,
  stringifyTextDouble,
  stringifyTextString,
  TextFormatError,
  textScalars,
  textToDouble,
  textToString,
} from "@modelbytes/tf-proto";

/**
 * The file `checkpoint` of a directory: which checkpoints are in it, the newest first of all. It is a `CheckpointState` message in
 * the text format of protocol buffers:
 *
 *     model_checkpoint_path: "ckpt-3"                          the newest
 *     all_model_checkpoint_paths: "ckpt-2"                     all that are kept, from the oldest on
 *     all_model_checkpoint_paths: "ckpt-3"
 *     all_model_checkpoint_timestamps: 1795197432.775886       when each was written, in seconds since 1970
 *     all_model_checkpoint_timestamps: 1795197432.7791035
 *     last_preserved_timestamp: 1795197431.73624
 *
 * Paths are relative to the directory or absolute.
 */
export interface CheckpointState {
  /** Empty where the file has none: TensorFlow calls such a file invalid. */
  readonly modelCheckpointPath: string;
  readonly allModelCheckpointPaths: readonly string[];
  /** In seconds since 1970. */
  readonly allModelCheckpointTimestamps: readonly number[];
  /** In seconds since 1970; 0 where the file has none. */
  readonly lastPreservedTimestamp: number;
}

/**
 * Reads a state file as Python's `text_format.Merge` does. Throws a `TextFormatError`, a `CorruptError` with line and column, for
 * what is no `CheckpointState`; an unknown field is one.
 */
export function parseCheckpointState(text: string, place: Place = {}): CheckpointState {
  let modelCheckpointPath = "";
  const allModelCheckpointPaths: string[] = [];
  const allModelCheckpointTimestamps: number[] = [];
  let lastPreservedTimestamp = 0;
  for (const field of parseTextFormat(text, place)) {
    switch (field.name) {
      case "model_checkpoint_path":
        modelCheckpointPath = textToString(onlyTextValue(field, place), place);
        break;
      case "all_model_checkpoint_paths":
        for (const value of textScalars(field, place)) allModelCheckpointPaths.push(textToString(value, place));
        break;
      case "all_model_checkpoint_timestamps":
        for (const value of textScalars(field, place)) allModelCheckpointTimestamps.push(textToDouble(value, place));
        break;
      case "last_preserved_timestamp":
        lastPreservedTimestamp = textToDouble(onlyTextValue(field, place), place);
        break;
      default:
        throw new TextFormatError(`CheckpointState has no field ${JSON.stringify(field.name)}`, field, place);
    }
  }
  return { modelCheckpointPath, allModelCheckpointPaths, allModelCheckpointTimestamps, lastPreservedTimestamp };
}

/** A state file, byte for byte as TensorFlow writes it. */
export function stringifyCheckpointState(state: CheckpointState): string {
  const { modelCheckpointPath: newest, lastPreservedTimestamp: preserved } = state;
  const lines = [
    ...(newest === "" ? [] : [`model_checkpoint_path: ${stringifyTextString(newest)}`]),
    ...state.allModelCheckpointPaths.map((path) => `all_model_checkpoint_paths: ${stringifyTextString(path)}`),
    ...state.allModelCheckpointTimestamps.map(
      (time) => `all_model_checkpoint_timestamps: ${stringifyTextDouble(time)}`,
    ),
    ...(Object.is(preserved, 0) ? [] : [`last_preserved_timestamp: ${stringifyTextDouble(preserved)}`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
