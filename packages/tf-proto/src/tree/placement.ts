import type { FieldEdit } from "./field-edit.ts";
import { type Item, isOwn, type NewRecord } from "./item.ts";
import type { Records } from "./records.ts";

/**
 * The records of an edited message in the order in which they are written. Own records that are still there are where they were.
 * New ones take the places of those that were taken out next to them, so that a value which is set keeps its place; those left
 * over stand beside their neighbours. A field that the message did not have goes behind the last one with a smaller number that
 * the schema knows, so before the unknown ones that protocol buffers write last.
 */
export function place(records: Records, edits: Iterable<FieldEdit>, isKnown: (number: number) => boolean): Item[] {
  const instead: (Item[] | undefined)[] = new Array(records.count);
  /** By the record that they stand behind; −1 is the beginning. */
  const behind = new Map<number, NewRecord[]>();
  for (const edit of edits) {
    for (const original of edit.originals) instead[original] = [];
    const places = placesOf(edit, records);
    const homeless: NewRecord[] = [];
    for (const [index, item] of edit.items.entries()) {
      const at = places[index];
      if (at !== undefined) instead[at]?.push(item);
      else if (!isOwn(item)) homeless.push(item);
    }
    const [first] = homeless;
    if (first === undefined) continue;
    const last = lastBelow(records, numberOf(first), isKnown);
    behind.set(last, [...(behind.get(last) ?? []), ...homeless]);
  }
  const order: Item[] = [];
  for (let record = -1; record < records.count; record++) {
    if (record >= 0) for (const item of instead[record] ?? [record]) order.push(item);
    for (const item of inOrder(behind.get(record))) order.push(item);
  }
  return order;
}

/** For each item of an edit the original that stood there, its own or another's; undefined if its field had none. */
function placesOf({ originals, items }: FieldEdit, records: Records): (number | undefined)[] {
  const own = items.filter(isOwn);
  let nextOwn = 0;
  let nextOriginal = 0;
  let beside: number | undefined;
  return items.map((item) => {
    if (isOwn(item)) {
      nextOwn++;
      while ((originals[nextOriginal] ?? Number.POSITIVE_INFINITY) <= item) nextOriginal++;
      beside = item;
      return item;
    }
    const isFree = () => nextOriginal < originals.length && originals[nextOriginal] !== own[nextOwn];
    while (isFree() && records.tag(originals[nextOriginal] ?? 0) >>> 3 !== numberOf(item)) nextOriginal++;
    if (isFree()) beside = originals[nextOriginal++];
    else beside ??= own[nextOwn];
    return beside;
  });
}

function numberOf({ tag }: NewRecord): number {
  return tag >>> 3;
}

/** The last record of a known field with at most this number. */
function lastBelow(records: Records, number: number, isKnown: (number: number) => boolean): number {
  let record = records.count - 1;
  for (; record >= 0; record--) {
    const other = records.tag(record) >>> 3;
    if (other <= number && isKnown(other)) break;
  }
  return record;
}

function inOrder(news: readonly NewRecord[] = []): readonly NewRecord[] {
  return [...news].sort((a, b) => numberOf(a) - numberOf(b));
}
