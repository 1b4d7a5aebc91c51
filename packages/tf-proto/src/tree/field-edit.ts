import { type Item, isOwn, type Names, type NewRecord } from "./item.ts";
import { LostRecords } from "./lost-records.ts";

/** What edits have made of the records of one field, or of the fields of a oneof. Own records stay in their order. */
export class FieldEdit {
  /** What was there: the message's own records, ascending. */
  readonly originals: readonly number[];
  items: Item[];
  readonly #lost = new LostRecords();

  constructor(originals: readonly number[]) {
    this.originals = originals;
    this.items = [...originals];
  }

  /** Whether nothing is left of the edits. */
  get undone(): boolean {
    const { items, originals } = this;
    return items.length === originals.length && items.every((item, index) => item === originals[index]);
  }

  /** Takes out the record at `index` and gives it. Throws a `RangeError` if there is none. */
  remove(index: number): Item[] {
    checkIndex(index, this.items.length - 1);
    const gone = this.items.splice(index, 1);
    this.#lost.add(gone);
    return gone;
  }

  /**
   * Puts a record before the one at `index`, or at the end; but if an original of the same value was taken out there, that
   * original. Throws a `RangeError` for any other index.
   */
  insert(index: number, record: NewRecord, namesOf: Names): void {
    checkIndex(index, this.items.length);
    const before = this.#own(index - 1, -1) ?? -1;
    const after = this.#own(index, 1) ?? Number.POSITIVE_INFINITY;
    this.items.splice(index, 0, this.#lost.find(record, before, after, namesOf) ?? record);
  }

  /** The original at an index, if it has the value of a record. */
  originalLike(index: number, record: NewRecord, namesOf: Names): number | undefined {
    const original = this.originals[index];
    if (original === undefined) return undefined;
    const names = namesOf(original);
    return namesOf(record).some((name) => names.includes(name)) ? original : undefined;
  }

  /** Puts records in the place of all, which it gives. */
  replaceAll(items: readonly Item[]): Item[] {
    const gone = this.items;
    this.items = [...items];
    this.#lost.add(gone);
    return gone;
  }

  /** Takes out all records and gives them. */
  clear(): Item[] {
    return this.replaceAll([]);
  }

  /** The first own record from `index` on, in steps of one or minus one. */
  #own(index: number, step: 1 | -1): number | undefined {
    for (let item = this.items[index]; item !== undefined; item = this.items[index]) {
      if (isOwn(item)) return item;
      index += step;
    }
    return undefined;
  }
}

function checkIndex(index: number, last: number): void {
  if (!Number.isInteger(index) || index < 0 || index > last) {
    throw new RangeError(`the index ${index} is not from 0 to ${last}`);
  }
}
