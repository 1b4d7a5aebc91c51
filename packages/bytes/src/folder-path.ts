import { encodeName } from "./name.ts";

/**
 * The names along a path inside a folder: `"a/./b"` is `["a", "b"]`. Throws a `RangeError` for a path that leads out of the folder
 * (one with `..` or a leading `/`) and for one that names nothing. The same for every kind of folder, so that a hostile file name
 * does no more harm on a disk than in memory.
 */
export function namesOf(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  if (path.startsWith("/") || names.length === 0 || names.includes("..")) {
    throw new RangeError(`no path inside a folder: ${JSON.stringify(path)}`);
  }
  return names;
}

/** The names as a relative URL. A `#`, `?`, `%` or `:` is part of a name; bytes that are no UTF-8 are escaped as they are. */
export function toUrlPath(names: readonly string[]): string {
  return names.map((name) => (name.isWellFormed() ? encodeURIComponent(name) : escapeBytes(name))).join("/");
}

function escapeBytes(name: string): string {
  return [...encodeName(name)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
