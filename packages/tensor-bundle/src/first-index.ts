/**
 * The first of `count` indexes for which `is` holds, searched by halves: from there on it holds for all. `count` where there is none.
 */
export function firstIndex(count: number, is: (index: number) => boolean): number {
  let low = 0;
  for (let high = count; low < high; ) {
    const middle = Math.floor((low + high) / 2);
    if (is(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
