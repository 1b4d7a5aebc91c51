import { CorruptError, type Place } from "@modelbytes/bytes";

/** What checks need to say where something is wrong. */
export interface CheckPlace extends Place {
  /** The file with the graphs. */
  readonly file: string;
}

/** A problem of the graphs. `where` is the path of fields, which people find again in `saved_model.pbtxt`. */
export function problem(code: string, where: string, reason: string, place: CheckPlace): CorruptError {
  return new CorruptError(code, where === "" ? reason : `${where}: ${reason}`, place);
}

/** A name in an error message. */
export function quoted(name: string): string {
  return JSON.stringify(name);
}
