import type { TensorEntry } from "@modelbytes/tensor";
import type { ObjectGraph } from "@modelbytes/tensor-bundle";
import { printable, shapeText } from "./text.ts";
import { drawTree } from "./tree.ts";

/** The one attribute of a variable. */
const VARIABLE_VALUE = "VARIABLE_VALUE";

/** The lines of a checkpoint's object graph. */
export function checkpointTree({ nodes }: ObjectGraph, entries: ReadonlyMap<string, TensorEntry>): string[] {
  const values = new Values(entries);
  return drawTree(nodes, {
    detail: (id, path) => values.ofVariable(nodes[id]?.attributes ?? [], path),
    lines: (id) => values.ofOthers(nodes[id]?.attributes ?? []),
  });
}

type Attributes = ObjectGraph["nodes"][number]["attributes"];

/** What the values of objects are. */
class Values {
  readonly #entries: ReadonlyMap<string, TensorEntry>;
  #sortedKeys: readonly string[] | undefined;

  constructor(entries: ReadonlyMap<string, TensorEntry>) {
    this.#entries = entries;
  }

  /** What stands behind the name of a variable: what it is, and what it is called where its path does not say so. */
  ofVariable(attributes: Attributes, path: string): string {
    const [value] = attributes;
    if (value === undefined || !isVariable(attributes)) return "";
    const entry = this.#entries.get(value.checkpointKey);
    if (entry === undefined) return "  not in the checkpoint";
    const { fullName } = value;
    return `${described(entry)}${fullName === "" || fullName === path ? "" : `  ${printable(fullName)}`}`;
  }

  /** A line for each value of an object that is no variable. */
  ofOthers(attributes: Attributes): string[] {
    if (isVariable(attributes)) return [];
    return attributes.flatMap(({ name, checkpointKey }) => this.#attribute(printable(name), checkpointKey));
  }

  /** The value of an attribute. Tables and iterators have several, whose keys begin alike. */
  #attribute(name: string, key: string): string[] {
    const entry = this.#entries.get(key);
    const found = entry === undefined ? this.#keysFrom(key) : [key];
    if (found.length === 0) return [`${name}  not in the checkpoint`];
    return found.map((full) => `${name}${printable(full.slice(key.length))}${described(this.#entries.get(full))}`);
  }

  #keysFrom(beginning: string): string[] {
    this.#sortedKeys ??= [...this.#entries.keys()].sort();
    let low = 0;
    for (let high = this.#sortedKeys.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#sortedKeys[middle] ?? "") < beginning) low = middle + 1;
      else high = middle;
    }
    const found: string[] = [];
    for (let key = this.#sortedKeys[low]; key?.startsWith(beginning); key = this.#sortedKeys[++low]) found.push(key);
    return found;
  }
}

function isVariable(attributes: Attributes): boolean {
  return attributes.length === 1 && attributes[0]?.name === VARIABLE_VALUE;
}

function described(entry: TensorEntry | undefined): string {
  return entry === undefined ? "" : `  ${entry.dtype} ${shapeText(entry.shape)}`;
}
