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
