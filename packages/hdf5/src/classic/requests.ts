/** Pages from the first to the last of a request. */
export type PageRun = readonly [first: number, last: number];

/** How pages become requests, all in pages. */
export interface RequestRules {
  /** The widest gap between wanted pages that is cheaper read than asked around. */
  readonly gap: number;
  /** What a round reads before and behind the wanted pages, each shared by its requests: who looks something up wants more there. */
  readonly before: number;
  readonly behind: number;
  /** The most of one request. */
  readonly most: number;
  /** How many pages may still be read that nobody asked for. */
  readonly spare: number;
  /** Whether a page is at hand, so that nobody needs it again. */
  isKnown(page: number): boolean;
}

/**
 * The requests that bring the wanted pages of a file of `end` pages. The narrowest gaps are closed first, so that with
 * few pages to spare as many requests as possible become one.
 */
export function planRequests(wanted: readonly number[], end: number, rules: RequestRules): PageRun[] {
  const runs = runsOf([...wanted].sort((a, b) => a - b));
  let { spare } = rules;
  const closed = new Set<number>();
  const gaps = runs.slice(1).map(([first], index) => ({ index, pages: first - (runs[index]?.[1] ?? 0) - 1 }));
  for (const { index, pages } of gaps.sort((a, b) => a.pages - b.pages)) {
    if (pages > Math.min(rules.gap, spare)) break;
    spare -= pages;
    closed.add(index);
  }
  const joined: [first: number, last: number][] = [];
  for (const [index, [first, last]] of runs.entries()) {
    const before = joined.at(-1);
    if (before !== undefined && closed.has(index - 1)) before[1] = last;
    else joined.push([first, last]);
  }
  const share = Math.min(1, spare / (rules.before + rules.behind)) / joined.length;
  const before = Math.floor(rules.before * share);
  const behind = Math.floor(rules.behind * share);
  let free = 0; // the first page that no request has yet
  return joined.flatMap(([wantedFirst, wantedLast], index) => {
    const limit = joined[index + 1]?.[0] ?? end;
    let [first, last] = [wantedFirst, wantedLast];
    while (wantedFirst - first < before && first > free && !rules.isKnown(first - 1)) first--;
    while (last - wantedLast < behind && last + 1 < limit && !rules.isKnown(last + 1)) last++;
    free = last + 1;
    return split([first, last], rules.most);
  });
}

function runsOf(numbers: readonly number[]): PageRun[] {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && number === run[1] + 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

function split([first, last]: PageRun, most: number): PageRun[] {
  const runs: PageRun[] = [];
  for (let start = first; start <= last; start += most) runs.push([start, Math.min(last, start + most - 1)]);
  return runs;
}
