/**
 * Decoding is synchronous, and says what it needs. A reading is a generator that yields the ranges without which it cannot go on; who
 * runs it fills them in and resumes it. Many readings side by side (`all`) ask for their ranges together: that makes one round of
 * few requests of what would be many, and none at all of what is in memory.
 */
export type Reading<T> = Iterable<readonly Wanted[], T, undefined>;

/** A range of the file that a reading waits for. */
export interface Wanted {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
  /** Filled in before the reading goes on. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
}

const NOTHING: readonly Wanted[] = [];

/** A reading that wants nothing, as all is at hand: most are, and this is far cheaper than a generator. */
export class AtHand<T> implements Reading<T>, IteratorReturnResult<T> {
  readonly done = true;
  readonly value: T;

  constructor(value: T) {
    this.value = value;
  }

  [Symbol.iterator](): Iterator<readonly Wanted[], T, undefined> {
    return this;
  }

  next(): IteratorReturnResult<T> {
    return this;
  }
}

/** Runs readings side by side, and gives their results in their order. The first error ends them all. */
export function* all<T>(readings: Iterable<Reading<T>>): Reading<T[]> {
  const results: T[] = [];
  let waiting: { readonly steps: Iterator<readonly Wanted[], T, undefined>; readonly index: number }[] = [];
  let wanted: Wanted[] = [];
  let index = 0;
  for (const reading of readings) {
    const steps = reading[Symbol.iterator]();
    const step = steps.next();
    if (step.done === true) results[index] = step.value;
    else {
      wanted.push(...step.value);
      waiting.push({ steps, index });
    }
    index++;
  }
  while (waiting.length > 0) {
    yield wanted;
    wanted = [];
    const left: typeof waiting = [];
    for (const one of waiting) {
      const step = one.steps.next();
      if (step.done === true) results[one.index] = step.value;
      else {
        wanted.push(...step.value);
        left.push(one);
      }
    }
    waiting = left;
  }
  return results;
}

/** Runs two readings of different things side by side. */
export function* both<A, B>(one: Reading<A>, other: Reading<B>): Reading<[A, B]> {
  const first = one[Symbol.iterator]();
  const second = other[Symbol.iterator]();
  let a = first.next();
  let b = second.next();
  while (a.done !== true || b.done !== true) {
    yield [...(a.done === true ? NOTHING : a.value), ...(b.done === true ? NOTHING : b.value)];
    if (a.done !== true) a = first.next();
    if (b.done !== true) b = second.next();
  }
  return [a.value, b.value];
}

/** What readings side by side share is read by the first that asks for it; the others wait for that. */
export class Shared<K, T> {
  readonly #found = new Map<K, { readonly value: T } | { readonly error: unknown } | undefined>();

  /** What is known by a key, or what `read` gives, or its error. */
  *of(key: K, read: () => Reading<T>): Reading<T> {
    while (this.#found.has(key)) {
      const found = this.#found.get(key);
      if (found === undefined) yield NOTHING;
      else if ("error" in found) throw found.error;
      else return found.value;
    }
    this.#found.set(key, undefined);
    try {
      const value = yield* read();
      this.#found.set(key, { value });
      return value;
    } catch (error) {
      this.#found.set(key, { error });
      throw error;
    }
  }
}
