import { ASSETS_FOLDER } from "./files.ts";

/**
 * Names of assets come from the file and TensorFlow joins them to the directory unchecked, so that `../../x` leads out of it. A name
 * that TensorFlow itself writes is a plain file name.
 */

/** The path of an asset below the SavedModel's directory; `undefined` for a name that is no plain file name. */
export function assetPath(filename: string): string | undefined {
  const plain =
    filename !== "" &&
    filename !== "." &&
    filename !== ".." &&
    !/[/\\\0]/.test(filename) &&
    !/^[A-Za-z]:/.test(filename);
  return plain ? `${ASSETS_FOLDER}/${filename}` : undefined;
}
