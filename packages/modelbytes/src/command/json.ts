/**
 * A value as JSON that people can read and `grep` can search: outer levels take a line for each member, from the third level on a
 * member is one line. A `Map` is an object in the order of the map: a name such as "0" or "__proto__" would lose its place in one.
 */
export function stringify(value: unknown, indent = "", levels = 2): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const members = isList
    ? value.map((member) => stringify(member, `${indent}  `, levels - 1))
    : membersOf(value, indent, levels);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (members.length === 0) return `${open}${close}`;
  if (levels <= 0) return isList ? `[${members.join(", ")}]` : `{ ${members.join(", ")} }`;
  return `${open}\n${members.map((member) => `${indent}  ${member}`).join(",\n")}\n${indent}${close}`;
}

function membersOf(value: object, indent: string, levels: number): string[] {
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  return [...entries]
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}: ${stringify(member, `${indent}  `, levels - 1)}`);
}
