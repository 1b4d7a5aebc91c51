import { CorruptError } from "@modelbytes/bytes";
import { fromPlain, isPyDict, parseJson, stringifyJson } from "@modelbytes/keras-config";
import { METADATA } from "./layout.ts";

/** What an archive says of its making. */
export interface KerasArchiveMetadata {
  /** The version of Keras, such as `"3.15.1"`. */
  readonly kerasVersion?: string | undefined;
  /** Local time of whoever saved the model, as Keras writes it: `"2024-05-06@07:08:10"`. */
  readonly dateSaved?: string | undefined;
}

/** Reads metadata.json. Throws a `CorruptError` where it is no JSON, or none of Keras (`"metadata"`). */
export function parseMetadata(text: string, file: string): KerasArchiveMetadata {
  const value = parseJson(text, { file });
  if (!isPyDict(value)) throw new CorruptError("metadata", `${METADATA} holds no object`, { file });
  const kerasVersion = value.get("keras_version");
  const dateSaved = value.get("date_saved");
  if (!isText(kerasVersion) || !isText(dateSaved)) {
    throw new CorruptError("metadata", `${METADATA} has no texts for keras_version and date_saved`, { file });
  }
  return { kerasVersion, dateSaved };
}

function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

/** metadata.json as Keras writes it. */
export function stringifyMetadata({ kerasVersion, dateSaved }: KerasArchiveMetadata): string {
  return stringifyJson(
    fromPlain({
      ...(kerasVersion !== undefined && { keras_version: kerasVersion }),
      ...(dateSaved !== undefined && { date_saved: dateSaved }),
    }),
  );
}
