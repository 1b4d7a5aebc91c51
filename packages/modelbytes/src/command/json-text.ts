/**
 * The object that a JSON text of Keras holds, for display; `undefined` where it is none. Python writes NaN and Infinity too, which are
 * no JSON: such a text counts as none.
 */
export function jsonOf(text = ""): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The class of an object that Keras serialized somewhere in a JSON object, or its alias; `null` where there is none. */
export function classNameAt(json: object | undefined, ...path: readonly string[]): string | null {
  let value: unknown = json;
  for (const name of [...path, "class_name"]) {
    if (typeof value === "string") return value;
    if (typeof value !== "object" || value === null) return null;
    value = new Map(Object.entries(value)).get(name);
  }
  return typeof value === "string" ? value : null;
}
