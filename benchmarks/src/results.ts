// What was measured, as it stands in results.json: one record for each question and input.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Measured, Measurement } from "./measure.ts";
import type { Bar, Counts, Input, Kind, Question } from "./question.ts";
import { median, spread } from "./statistics.ts";
import { bytesText, countText, ratioText, secondsText } from "./units.ts";

/** A row that was measured. */
export interface RowRecord {
  readonly name: string;
  readonly kind: Kind;
  /** Whether each turn was the first in a new process. */
  readonly fresh: boolean;
  /** The median over the turns. */
  readonly seconds: number;
  /** The middle half of the turns, as a part of the median. */
  readonly spread: number;
  /** Turn by turn. */
  readonly samples: readonly number[];
  /** The most memory of all turns, in bytes above that of the idle process. */
  readonly memory?: number;
  readonly counts?: Counts;
}

/** A bar, and whether it holds. */
export interface BarRecord {
  readonly says: string;
  readonly found: string;
  readonly holds: boolean;
}

/** A question, asked about one input. */
export interface Result {
  readonly question: string;
  readonly input: Omit<Input, "path">;
  readonly date: string;
  readonly setup: string;
  /** `Scale.bytes`; results of older runs do not have it. */
  readonly size?: number;
  /** The part of the turns that began while the machine was busy with something else. */
  readonly disturbed: number;
  readonly rows: readonly RowRecord[];
  readonly bars: readonly BarRecord[];
}

/** Makes a record of what was measured; `others` are those of the same question in the same run. */
export function resultOf(
  question: Question,
  input: Input,
  { rows: measured, disturbed }: Measurement,
  { setup, size }: { readonly setup: string; readonly size: number },
  others: readonly Result[],
): Result {
  const { path: _, ...rest } = input;
  const rows = measured.flatMap((each) => (each.samples.length === 0 ? [] : [rowOf(each)]));
  const bars = input.judged ? question.bars.flatMap((bar) => judge(bar, rows, input, others) ?? []) : [];
  return {
    question: question.name,
    input: rest,
    date: new Date().toISOString().slice(0, 10),
    setup,
    size,
    disturbed,
    rows,
    bars,
  };
}

function rowOf({ row, samples }: Measured): RowRecord {
  const seconds = samples.map((sample) => sample.seconds);
  const memory = samples.flatMap((sample) => sample.memory ?? []);
  const counts = samples.at(-1)?.counts;
  return {
    name: row.name,
    kind: row.kind,
    fresh: row.fresh ?? false,
    seconds: median(seconds),
    spread: spread(seconds),
    samples: seconds,
    ...(memory.length > 0 && { memory: Math.max(...memory) }),
    ...(counts !== undefined && { counts }),
  };
}

/** How many times as fast a row is as another: the median over the turns, so that a busy minute counts for both. */
export function ratio(row: RowRecord, other: RowRecord): number {
  return median(row.samples.map((seconds, turn) => (other.samples[turn] ?? Number.NaN) / seconds));
}

/** The rival that a bar holds against a row, or else the first under the same conditions. */
export function rivalOf(row: RowRecord, rows: readonly RowRecord[], bars: readonly Bar[]): RowRecord | undefined {
  return barredOf(row, "rival", rows, bars) ?? rows.find(({ kind, fresh }) => kind === "rival" && fresh === row.fresh);
}

/** The floor that a bar holds against a row, or else the fastest, under the same conditions if there is one. */
export function floorOf(row: RowRecord, rows: readonly RowRecord[], bars: readonly Bar[]): RowRecord | undefined {
  const floors = rows.filter(({ kind }) => kind === "floor").sort((a, b) => a.seconds - b.seconds);
  return barredOf(row, "floor", rows, bars) ?? floors.find(({ fresh }) => fresh === row.fresh) ?? floors[0];
}

function barredOf(row: RowRecord, kind: Kind, rows: readonly RowRecord[], bars: readonly Bar[]): RowRecord | undefined {
  const against = bars.flatMap((bar) => (bar.row === row.name && "against" in bar ? bar.against : []));
  return rows.find((each) => each.kind === kind && against.includes(each.name));
}

/** Undefined where a row or an input of the bar was not measured. */
function judge(
  bar: Bar,
  rows: readonly RowRecord[],
  { bytes }: Input,
  others: readonly Result[],
): BarRecord | undefined {
  const row = rows.find(({ name }) => name === bar.row);
  if (row === undefined) return undefined;
  if ("against" in bar) {
    const against = rows.find(({ name }) => name === bar.against);
    if (against === undefined) return undefined;
    const found = ratio(row, against);
    const says = `${bar.row}: at least ${ratioText(bar.atLeast)} as fast as ${bar.against}`;
    return { says, found: ratioText(found), holds: found >= bar.atLeast };
  }
  if ("sameRateAs" in bar) {
    const other = others.find(({ input }) => input.bytes === bar.sameRateAs && input.bytes !== bytes);
    const otherRow = other?.rows.find(({ name }) => name === bar.row);
    if (otherRow === undefined) return undefined;
    const found = bytes / row.seconds / (bar.sameRateAs / otherRow.seconds);
    const says = `${bar.row}: at least ${ratioText(bar.atLeast)} the rate of ${bytesText(bar.sameRateAs)}`;
    return { says, found: ratioText(found), holds: found >= bar.atLeast };
  }
  if ("within" in bar) {
    const says = `${bar.row}: within ${secondsText(bar.within)}`;
    return { says, found: secondsText(row.seconds), holds: row.seconds <= bar.within };
  }
  if ("memoryBelow" in bar) {
    if (row.memory === undefined) return undefined;
    const says = `${bar.row}: less than ${countText(bar.memoryBelow / 1e6)} MB above idle`;
    return { says, found: `${countText(row.memory / 1e6)} MB`, holds: row.memory < bar.memoryBelow };
  }
  const count = row.counts?.[bar.count];
  if (count === undefined) return undefined;
  const text = (amount: number) => countsText({ [bar.count]: amount });
  return { says: `${bar.row}: at most ${text(bar.atMost)}`, found: text(count), holds: count <= bar.atMost };
}

/** What results.json holds; nothing before the first run. */
export function readResults(path: string): Result[] {
  if (!existsSync(path)) return [];
  const results: Result[] = JSON.parse(readFileSync(path, "utf8"));
  return results;
}

/**
 * The old results with the new ones in their places, sorted as the questions are. A question that was asked anew loses all that it had
 * found at the same size, also of inputs that it no longer has.
 */
export function merge(old: readonly Result[], found: readonly Result[], questions: readonly Question[]): Result[] {
  const isAsked = ({ question, size }: Result) =>
    found.some((result) => result.question === question && (size === undefined || result.size === size));
  const place = ({ question }: Result) => questions.findIndex(({ name }) => name === question);
  return [...old.filter((result) => !isAsked(result)), ...found]
    .filter((result) => place(result) >= 0)
    .sort((a, b) => place(a) - place(b) || a.input.bytes - b.input.bytes || b.input.items - a.input.items);
}

export function writeResults(path: string, results: readonly Result[]): void {
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`);
}

/** E.g. `"3 requests, 2.6 MiB"`. */
export function countsText(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => (name === "bytes" ? bytesText(Math.round(count)) : `${countText(count)} ${name}`))
    .join(", ");
}
