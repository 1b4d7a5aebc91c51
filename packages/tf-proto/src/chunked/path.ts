import type { FieldIndex, MapKey } from "../messages/chunk.ts";
import type { Field, Scalar } from "../schema.ts";

/**
 * A path leads from a message to where a chunk belongs: numbers of fields, behind each one an index if the field is repeated, or a
 * key if it is a map.
 *
 *     2 [0] 2 1 [7] 5 {"value"} 8 4        meta_graphs[0].graph_def.node[7].attr["value"].tensor.tensor_content
 */
export type ChunkPath = readonly FieldIndex[];

/** Which member of the oneof has the key, by the type of the map's keys. Splitters refuse the other types. */
const MEMBERS: ReadonlyMap<Scalar, Exclude<keyof MapKey, "$unknown">> = new Map([
  ["string", "s"],
  ["bool", "boolean"],
  ["uint32", "ui32"],
  ["uint64", "ui64"],
  ["int32", "i32"],
  ["int64", "i64"],
]);

/** The key that a step has for a map, as typed objects have it; `undefined` where it has none for such a map. */
export function keyOf({ mapKey }: FieldIndex, { key = "string" }: Field): unknown {
  const member = MEMBERS.get(key);
  return member === undefined ? undefined : mapKey?.[member];
}

/**
 * Below zero, zero or above, as the chunk for `a` is put in its place before, with or after that for `b`: by fields and indices,
 * and a message before what is in it, so that it is there by then.
 */
export function comparePaths(a: ChunkPath, b: ChunkPath): number {
  for (const [at, step] of a.entries()) {
    const other = b[at];
    const order = other === undefined ? 1 : compareSteps(step, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareSteps(a: FieldIndex, b: FieldIndex): number {
  if (a.field !== undefined && b.field !== undefined) return a.field - b.field;
  if (a.index !== undefined && b.index !== undefined) return Number(a.index > b.index) - Number(a.index < b.index);
  const one = keyText(a);
  const other = keyText(b);
  return Number(one > other) - Number(one < other);
}

/** The order of keys means nothing; what belongs to one key only has to be side by side. */
function keyText({ mapKey: { s, boolean, ui32, ui64, i32, i64 } = {} }: FieldIndex): string {
  return String(s ?? boolean ?? ui32 ?? ui64 ?? i32 ?? i64);
}
