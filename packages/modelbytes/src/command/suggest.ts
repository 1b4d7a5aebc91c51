const MOST = 3;

/** Names further away than this share of their length are no help. */
const FURTHEST = 0.5;

/** Up to three of `names` that are most like what was asked for: those that contain it first, then those spelt most like it. */
export function suggestions(wanted: string, names: Iterable<string>): string[] {
  const needle = wanted.toLowerCase();
  const scored: { readonly name: string; readonly score: number }[] = [];
  for (const name of new Set(names)) {
    const candidate = name.toLowerCase();
    const length = Math.max(candidate.length, needle.length);
    const score = candidate.includes(needle) ? (length - needle.length) / 1e6 : distance(needle, candidate) / length;
    if (score <= FURTHEST) scored.push({ name, score });
  }
  return scored
    .sort((a, b) => a.score - b.score)
    .slice(0, MOST)
    .map(({ name }) => name);
}

/** Insertions, deletions and replacements that lead from `a` to `b` (Levenshtein), in two rows of the table. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let at = 1; at <= b.length; at++) {
      const replaced = (previous[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[at] ?? 0) + 1, (current[at - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
