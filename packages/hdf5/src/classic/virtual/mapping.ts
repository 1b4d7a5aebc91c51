import { decodeName } from "@modelbytes/bytes";
import { verifyChecksum } from "../checksum.ts";
import type { MetadataReader } from "../metadata-reader.ts";
import { decodeSelection, type Selection } from "./selection.ts";

/** Elements of a virtual dataset, and whose they are. */
export interface Mapping {
  /** The name of the file as it is written; `undefined` is the file itself. */
  readonly file: string | undefined;
  readonly path: string;
  readonly source: Selection;
  readonly target: Selection;
}

/**
 * The mappings of a virtual dataset, which are an object of a global heap:
 *
 *     00, L mappings, each: file name NUL, dataset name NUL, selection of the source, selection of the virtual dataset; checksum
 *
 * Throws an `UnsupportedError` (`"virtual"`) for names with a number in them (`%b`), which stand for as many datasets as there are.
 */
export function decodeMappings(reader: MetadataReader): Mapping[] {
  verifyChecksum(reader, "the mappings of a virtual dataset");
  reader.version("the mappings of a virtual dataset", 0);
  const count = reader.length();
  const mappings: Mapping[] = [];
  for (let left = count; left > 0; left--) {
    const file = decodeSourceName(reader);
    const path = decodeSourceName(reader);
    const source = decodeSelection(reader);
    mappings.push({ file: file === "." ? undefined : file, path, source, target: decodeSelection(reader) });
  }
  return mappings;
}

/** A name, in which `%%` stands for a `%`. */
function decodeSourceName(reader: MetadataReader): string {
  const name = decodeName(reader.untilNul());
  if (/^(?:[^%]|%%)*$/.test(name)) return name.replaceAll("%%", "%");
  throw reader.unsupported("virtual", `a virtual dataset whose sources are numbered, ${JSON.stringify(name)}`);
}
