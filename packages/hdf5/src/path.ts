/** The names of a path, from the root on. As in HDF5, `"."` and empty names stand for nothing, and `".."` is a name like any other. */
export function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** The path of what is called `name` in the group at `path`. Paths have no "/" in front; that of the root is "/". */
export function pathTo(path: string, name: string): string {
  return path === "/" || path === "" ? name : `${path}/${name}`;
}

/** A path as objects have it. */
export function normalPath(path: string): string {
  return namesOf(path).join("/") || "/";
}
