import type { Field } from "./schema.ts";

/**
 * Protocol buffers nest messages no deeper than this below the outermost one; an entry of a map counts as one, and so does a
 * group among the unknown fields.
 */
export const MAX_DEPTH = 100;

/** Steps at either end of a path that are worth reading. */
const MOST_STEPS = 12;

/** Where in a message one is, for errors: `meta_graphs[0].graph_def.node[7].attr["value"].tensor`. */
export class FieldPath {
  readonly #fields: Field[] = [];
  readonly #keys: unknown[] = [];

  /** Messages entered and not yet left. */
  get depth(): number {
    return this.#fields.length;
  }

  /** Goes to a field, or into its message. `key` is the index of a repeated field and the key of a map. */
  enter(field: Field, key?: unknown): void {
    this.#fields.push(field);
    this.#keys.push(key);
  }

  /** Goes back. */
  leave(): void {
    this.#fields.pop();
    this.#keys.pop();
  }

  /** With the field that one is about to enter, if that is known. */
  toString(last?: Field, key?: unknown): string {
    const steps = this.#fields.map((field, index) => step(field, this.#keys[index]));
    if (last !== undefined) steps.push(step(last, key));
    const middle = steps.length <= 2 * MOST_STEPS ? [] : ["…"];
    return [...steps.slice(0, MOST_STEPS), ...middle, ...steps.slice(MOST_STEPS).slice(-MOST_STEPS)].join(".");
  }
}

function step({ name }: Field, key: unknown): string {
  if (key === undefined) return name;
  return `${name}[${typeof key === "string" ? JSON.stringify(key) : key}]`;
}
