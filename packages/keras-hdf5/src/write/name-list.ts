import { encodeName } from "@modelbytes/bytes";
import { type CreateAttribute, fixedStringType, floatType, vlenStringType } from "@modelbytes/hdf5";

/** Bytes that Keras puts into one attribute; HDF5 takes a little less than 64 KiB. */
const MOST_BYTES = 64_512;
const NAMES = vlenStringType("ascii");
const NO_NAMES = floatType(8);

/**
 * A list of names as Keras stores it. Short ones are strings of any length, an empty one is an array of no floats. Where the list
 * would be too long if each name took as much as the longest, it is in pieces `name0`, `name1` and so on of that length, as many as
 * it takes, the first of them one name longer where they cannot be equal.
 *
 * Throws a `RangeError` for a name that is too long by itself, as Keras does.
 */
export function nameListAttributes(path: string, name: string, names: readonly string[]): CreateAttribute[] {
  const value = names.map(encodeName);
  const longest = value.reduce((most, { length }) => Math.max(most, length), 1);
  if (longest > MOST_BYTES) {
    const long = names.filter((_, index) => (value[index]?.length ?? 0) > MOST_BYTES);
    const shown = long.map((each) => `${each.slice(0, 40)}…`).join(", ");
    throw new RangeError(
      `The following attributes cannot be saved to HDF5 file because they are larger than ${MOST_BYTES} bytes: ${shown}`,
    );
  }
  const pieces = Math.max(1, Math.ceil(names.length / Math.floor(MOST_BYTES / longest)));
  if (pieces === 1) {
    const isEmpty = names.length === 0;
    const datatype = isEmpty ? NO_NAMES : NAMES;
    return [
      { kind: "attribute", path, name, datatype, shape: [names.length], value: isEmpty ? new Uint8Array(0) : value },
    ];
  }
  const datatype = fixedStringType(longest);
  return split(value, pieces).map((piece, index) => ({
    kind: "attribute",
    path,
    name: `${name}${index}`,
    datatype,
    shape: [piece.length],
    value: padded(piece, longest),
  }));
}

/** numpy's `array_split`. */
function split<T>(items: readonly T[], pieces: number): T[][] {
  const [size, larger] = [Math.floor(items.length / pieces), items.length % pieces];
  return Array.from({ length: pieces }, (_, index) => {
    const start = index * size + Math.min(index, larger);
    return items.slice(start, start + size + (index < larger ? 1 : 0));
  });
}

function padded(names: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(names.length * size);
  for (const [index, name] of names.entries()) bytes.set(name, index * size);
  return bytes;
}

/** An attribute that holds a text. */
export function textAttribute(path: string, name: string, text: string, charset: "ascii" | "utf-8"): CreateAttribute {
  return { kind: "attribute", path, name, datatype: TEXTS[charset], shape: [], value: [encodeName(text)] };
}

const TEXTS = { ascii: NAMES, "utf-8": vlenStringType("utf-8") };
