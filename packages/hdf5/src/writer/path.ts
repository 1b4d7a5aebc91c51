/**
 * The names of a path from the root on. Slashes at the start, at the end and twice count for nothing, as in HDF5. Throws a `RangeError`
 * for `.`, which HDF5 takes for the group itself, and for a NUL, which ends a name.
 */
export function namesOfPath(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  for (const name of names) {
    if (name === "." || name.includes("\0"))
      throw new RangeError(`${JSON.stringify(name)} cannot be the name of a link`);
  }
  return names;
}
