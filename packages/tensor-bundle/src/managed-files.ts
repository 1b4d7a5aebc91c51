import type { WritableFolder } from "@modelbytes/bytes";

/**
 * Paths as a state file has them: relative to its directory, as a rule. A path that leads out of the directory is kept in the file,
 * and never deleted.
 */

/** The path inside the folder, where an absolute one leads there; any other as it is. */
export function insidePath({ name }: WritableFolder, path: string): string {
  return path.startsWith(`${name}/`) && name.startsWith("/") ? path.slice(name.length + 1) : path;
}

/** A relative path as Python's `os.path.relpath` writes it, without `.` and inner `..`. An absolute one as it is. */
export function relativePath(path: string): string {
  if (path.startsWith("/")) return path;
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === ".." && names.length > 0 && names.at(-1) !== "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names.join("/") || ".";
}

/** The files of a checkpoint, as TensorFlow deletes them: the index, then all data files of five digits, whatever their number. */
export async function* checkpointFiles(folder: WritableFolder, checkpoint: string): AsyncGenerator<string> {
  const path = relativePath(checkpoint);
  if (path.startsWith("/") || path === ".." || path.startsWith("../")) return;
  yield `${path}.index`;
  const data: string[] = [];
  for await (const file of folder.list({ recursive: path.includes("/") })) {
    if (file.startsWith(path) && /^\.data-[^/]{5}-of-[^/]{5}$/.test(file.slice(path.length))) data.push(file);
  }
  yield* data;
}
