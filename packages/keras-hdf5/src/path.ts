/** Paths of HDF5 objects as `@modelbytes/hdf5` has them: no "/" in front, and "/" for the root. */

/** Where a name of an attribute leads: from the group at `path`, or with a "/" in front from the root. Names may be paths themselves. */
export function pathIn(path: string, name: string): string {
  const from = name.startsWith("/") ? "" : path;
  return (
    `${from}/${name}`
      .split("/")
      .filter((each) => each !== "" && each !== ".")
      .join("/") || "/"
  );
}

/** The path of the group that an object is in; `""` for those in the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The last name of a path. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * Below zero, zero or above, as Keras numbers objects of one class: `dense`, `dense_1`, `dense_2`, `dense_10`; HDF5 lists these as
 * text. A group comes before what is in it.
 */
export function compareNumbered(a: string, b: string): number {
  const left = a.split("/");
  const right = b.split("/");
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = compareNames(left[index] ?? "", right[index] ?? "");
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

const NUMBERED = /^(|.*_)(\d{1,15})$/s;

function compareNames(a: string, b: string): number {
  const [left, leftNumber] = partsOf(a);
  const [right, rightNumber] = partsOf(b);
  if (left !== right) return left < right ? -1 : 1;
  return leftNumber - rightNumber;
}

/** `dense_10` as `dense_` and 10; what has no number as the one before all others: `dense` as `dense_` and -1. */
function partsOf(name: string): readonly [text: string, number: number] {
  const [, text, digits] = NUMBERED.exec(name) ?? [];
  return text === undefined ? [`${name}_`, -1] : [text, Number(digits)];
}
