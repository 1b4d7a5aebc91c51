/** Paths of HDF5 objects as `@modelbytes/hdf5` has them: no "/" in front, and "/" for the root. */

/** Where a name of an attribute leads: from the group at `path`, or with a "/" in front from the root. Names may be paths themselves. */
export function pathIn(path: string, name: string): string {
  const whole = path === "" || path === "/" || name.startsWith("/") ? name : `${path}/${name}`;
  if (!NOTHING.test(whole)) return whole; // most are
  const names = whole.split("/").filter((each) => each !== "" && each !== ".");
  return names.join("/") || "/";
}

/** A name in a path that stands for nothing. */
const NOTHING = /(?:^|\/)\.?(?:\/|$)/;

/** The path of the group that an object is in; `""` for those in the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The last name of a path. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * Paths as Keras numbers objects of one class: `dense`, `dense_1`, `dense_2`, `dense_10`; HDF5 lists these as text. A group comes
 * before what is in it.
 */
export function sortNumbered(paths: Iterable<string>): string[] {
  const keyed = Array.from(paths, (path) => ({ path, parts: path.split("/").map(numbered) }));
  return keyed.sort((a, b) => compareParts(a.parts, b.parts)).map(({ path }) => path);
}

/** `dense_10` is `dense_` and 10; what has no number is the one before all others: `dense` is `dense_` and -1. */
interface Numbered {
  readonly text: string;
  readonly number: number;
}

const NUMBER = /(?:^|_)(\d{1,15})$/;

function numbered(name: string): Numbered {
  const [, digits] = NUMBER.exec(name) ?? [];
  if (digits === undefined) return { text: `${name}_`, number: -1 };
  return { text: name.slice(0, name.length - digits.length), number: Number(digits) };
}

function compareParts(a: readonly Numbered[], b: readonly Numbered[]): number {
  for (let index = 0; index < a.length; index++) {
    const left = a[index];
    const right = b[index];
    if (left === undefined || right === undefined) break;
    if (left.text !== right.text) return left.text < right.text ? -1 : 1;
    if (left.number !== right.number) return left.number - right.number;
  }
  return a.length - b.length;
}
