import { isPyDict, isPyList, isPyTuple, type PyDict, type PyKey, type PyValue } from "@modelbytes/keras-config";

/** A dict or a list of a config, and where it is: `config.layers[1]`; empty for all of it. */
export interface Visited {
  readonly path: string;
  /** What it holds, by key or index. */
  readonly entries: readonly (readonly [key: string, value: PyValue])[];
  /** The dict; absent for a list. */
  readonly dict?: PyDict;
}

/**
 * Every dict and list of a config once, each before those in it: in YAML one may stand in several places, or in itself. A path is
 * known from above, so no depth is too much.
 */
export function* everyContainer(root: PyValue): Generator<Visited, void, undefined> {
  const seen = new Set<PyValue>();
  const waiting: { readonly value: PyValue; readonly path: string }[] = [{ value: root, path: "" }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, path } = next;
    const visited = containerOf(value, path);
    if (visited === undefined || seen.has(value)) continue;
    seen.add(value);
    yield visited;
    for (const [key, each] of [...visited.entries].reverse()) {
      if (typeof each !== "object" || each === null) continue;
      waiting.push({ value: each, path: visited.dict === undefined ? `${path}[${key}]` : within(path, key) });
    }
  }
}

/** The path of a member of a dict. */
export function within(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function containerOf(value: PyValue, path: string): Visited | undefined {
  if (isPyDict(value)) return { path, dict: value, entries: [...value].map(([key, each]) => [keyText(key), each]) };
  const items = isPyTuple(value) ? value.items : isPyList(value) ? value : undefined;
  return items && { path, entries: items.map((item, index) => [String(index), item]) };
}

function keyText(key: PyKey): string {
  return typeof key === "object" && key !== null && !("text" in key) ? "?" : String(key);
}
