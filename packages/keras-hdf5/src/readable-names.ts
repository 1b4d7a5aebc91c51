import type { Listed } from "./contents.ts";

/**
 * A readable name for each key; all are different, and none is the key of another tensor. A name that two tensors would have is given
 * to neither, as nobody could say which it means; the next one is tried then, and the key itself at last.
 */
export function readableNames(weights: readonly Listed[]): Map<string, string> {
  const keys = new Set(weights.map(({ key }) => key));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  let left = weights;
  for (let choice = 0; left.some(({ readable }) => choice < readable.length); choice++) {
    const counts = new Map<string, number>();
    for (const { readable } of left) {
      const name = readable[choice];
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const isFree = (name: string | undefined, key: string): name is string =>
      name !== undefined && counts.get(name) === 1 && !taken.has(name) && (name === key || !keys.has(name));
    for (const { key, readable } of left) {
      const name = readable[choice];
      if (!isFree(name, key)) continue;
      names.set(key, name);
      taken.add(name);
    }
    left = left.filter(({ key }) => !names.has(key));
  }
  return new Map(weights.map(({ key }) => [key, names.get(key) ?? key]));
}
