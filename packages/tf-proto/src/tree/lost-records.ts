import { type Item, isOwn, type Names, type NewRecord } from "./item.ts";

/** Own records that edits of a repeated field have taken out, to be put back when their value is. */
export class LostRecords {
  /** By record, the number of the last removal that it was part of. */
  readonly #removals = new Map<number, number>();
  #lastRemoval = 0;
  readonly #byName = new Map<string, Set<number>>();
  /** Records that are not in `#byName` yet: most are never put back, and to find their names they have to be decoded. */
  #unnamed: number[] = [];

  /** Takes note of records that are taken out together. */
  add(items: readonly Item[]): void {
    this.#lastRemoval++;
    for (const item of items.filter(isOwn)) {
      if (!this.#removals.has(item)) this.#unnamed.push(item);
      this.#removals.set(item, this.#lastRemoval);
    }
  }

  /**
   * The record from between two others that has the value of `record`. Of several the one that was taken out last, as is undone
   * first; of several that were taken out together the first. What has been put back is no longer between its neighbours.
   */
  find(record: NewRecord, before: number, after: number, namesOf: Names): number | undefined {
    if (this.#lastRemoval === 0) return undefined;
    for (const lost of this.#unnamed) for (const name of namesOf(lost)) this.#called(name).add(lost);
    this.#unnamed = [];
    let found: number | undefined;
    for (const name of namesOf(record)) {
      for (const lost of this.#byName.get(name) ?? []) {
        if (lost > before && lost < after && (found === undefined || this.#isBefore(lost, found))) found = lost;
      }
    }
    return found;
  }

  #isBefore(one: number, other: number): boolean {
    const later = (this.#removals.get(one) ?? 0) - (this.#removals.get(other) ?? 0);
    return later > 0 || (later === 0 && one < other);
  }

  #called(name: string): Set<number> {
    const records = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, records);
    return records;
  }
}
