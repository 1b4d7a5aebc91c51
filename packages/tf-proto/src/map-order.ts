/**
 * The order in which the entries of a map are written. `"upb"` is that of today's Python TensorFlow: numbers descend; strings
 * ascend by their bytes, but of two that begin alike the longer one comes first: `x_1`, `x_2`, `x`. `"c++"` is that of TensorFlow
 * itself, of its fingerprints and of Python TensorFlow before it used upb: both ascend, the shorter string first. `"given"` leaves
 * the map as it is.
 */
export type MapOrder = "upb" | "c++" | "given";

/** Keys of a map: all of one type. */
export type MapKey = string | number | bigint | boolean;

/** Below zero, zero or above, as `a` is written before, with or after `b`. */
export function compareKeys(order: "upb" | "c++", a: MapKey, b: MapKey): number {
  if (typeof a === "string" && typeof b === "string") return compareStrings(order, a, b);
  const ascending = a < b ? -1 : a > b ? 1 : 0;
  return order === "upb" ? -ascending : ascending;
}

function compareStrings(order: "upb" | "c++", a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    const one = a.charCodeAt(at);
    const other = b.charCodeAt(at);
    if (one !== other) return rank(one) - rank(other);
  }
  return order === "upb" ? b.length - a.length : a.length - b.length;
}

/** Halves of a surrogate pair come after all other code units in the order of bytes: they stand for larger characters. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** The entries in the order in which they are written. */
export function inMapOrder<K extends MapKey, V>(map: ReadonlyMap<K, V>, order: MapOrder): Iterable<readonly [K, V]> {
  if (order === "given" || isInOrder(map, order)) return map;
  return [...map].sort(([a], [b]) => compareKeys(order, a, b));
}

/** Maps that were read mostly are. */
function isInOrder(map: ReadonlyMap<MapKey, unknown>, order: "upb" | "c++"): boolean {
  let before: MapKey | undefined;
  for (const key of map.keys()) {
    if (before !== undefined && compareKeys(order, before, key) > 0) return false;
    before = key;
  }
  return true;
}
