// results.json as text: results.md, and the table of the README.

import type { Picture } from "./pictures.ts";
import type { Question } from "./question.ts";
import { countsText, floorOf, type Result, type RowRecord, ratio, rivalOf } from "./results.ts";
import { countText, rateText, ratioText, secondsText } from "./units.ts";

/** A question with more inputs than this is shown as one table of rates. */
const MOST_TABLES = 3;

const LEGEND = `The time is the median of the turns; the spread is the middle half of them, as a part of the median. Ratios are
speeds, as the median of the ratios of each turn. Memory is the most above that of the idle process.`;

/** All of results.md, with the pictures that there are. */
export function resultsPage(
  results: readonly Result[],
  questions: readonly Question[],
  drawn: readonly Picture[],
): string {
  const newest = results.toSorted((a, b) => a.date.localeCompare(b.date)).at(-1);
  const intro = ["# Results", `${newest?.date}: ${newest?.setup}.`, LEGEND];
  const sections = questions.flatMap((question) => {
    const own = results.filter((result) => result.question === question.name);
    const picture = drawn.find(({ name }) => name === question.name);
    return own.length === 0 ? [] : section(question, own, newest, picture);
  });
  return `${[...intro, ...sections].join("\n\n")}\n`;
}

function section(
  question: Question,
  results: readonly Result[],
  newest: Result | undefined,
  picture: Picture | undefined,
): string[] {
  const shown =
    results.length > MOST_TABLES ? results.filter(({ input }) => input.judged && input.unshown !== true) : results;
  const parts = [`## ${question.title}`];
  if (results.length > MOST_TABLES) parts.push(matrix(question, results));
  if (picture !== undefined) parts.push(`![Growth curve: ${picture.title}](pictures/${picture.name}.svg)`);
  for (const result of shown) {
    const older =
      result.date === newest?.date && result.setup === newest.setup ? "" : ` (${result.date}: ${result.setup})`;
    const busy = Math.round(result.disturbed * 100);
    const noise = busy === 0 ? "" : ` The machine was busy at ${busy} % of the turns.`;
    parts.push(`**${result.input.label}**${older}.${noise}`, rowTable(question, result));
    if (result.bars.length > 0) parts.push(result.bars.map(barLine).join("\n"));
  }
  return parts;
}

function barLine({ says, found, holds }: Result["bars"][number]): string {
  return `- ${holds ? "holds" : "**missed**"}: ${says}: ${found}`;
}

/** The rates of all rows by input. */
function matrix(question: Question, results: readonly Result[]): string {
  const names = question.rows.map(({ name }) => name);
  const lines = results.map((result) => {
    const rates = names.map((name) => {
      const row = result.rows.find((each) => each.name === name);
      return row === undefined ? "" : rate(question, result, row);
    });
    return [result.input.label, ...rates];
  });
  return table(["", ...names], lines);
}

/** The rows of one input. */
export function rowTable(question: Question, result: Result): string {
  const { rows } = result;
  const others = question.unrelated ? [] : rows;
  const lines = rows.map((row) => {
    const rival = rivalOf(row, others, question.bars);
    const floor = floorOf(row, others, question.bars);
    return [
      row.name,
      secondsText(row.seconds),
      `${Math.round(row.spread * 100)} %`,
      rate(question, result, row),
      rival === undefined || rival === row ? "" : ratioText(ratio(row, rival)),
      floor === undefined || floor === row ? "" : ratioText(ratio(row, floor)),
      row.memory === undefined ? "" : `${countText(Math.round(row.memory / 1e6))} MB`,
      row.counts === undefined ? "" : countsText(row.counts),
    ];
  });
  const columns = ["", "time", "spread", "rate", "to the rival", "to the floor", "memory", "counted"];
  const used = columns.map((_, column) => column === 0 || lines.some((line) => line[column] !== ""));
  const kept = (line: readonly string[]) => line.filter((_, column) => used[column]);
  return table(kept(columns), lines.map(kept));
}

function rate({ unit }: Question, { input }: Result, { seconds }: RowRecord): string {
  const amount = { bytes: input.bytes, tensors: input.items, strings: input.items, times: 1 }[unit];
  return rateText(amount / seconds, unit);
}

/** The table of the README: the rows that bars are about, beside their rivals and floors. */
export function readmeTable(results: readonly Result[], questions: readonly Question[]): string {
  const lines = questions.flatMap((question) => {
    const names = new Set(question.bars.flatMap((bar) => ("memoryBelow" in bar ? [] : bar.row)));
    const judged = results.filter(
      ({ question: name, input }) => name === question.name && input.judged && input.unshown !== true,
    );
    return judged.flatMap((result) =>
      result.rows
        .filter(({ name }) => names.has(name))
        .map((row) => readmeLine(question, result, row, names.size > 1 ? `, ${row.name}` : "")),
    );
  });
  const newest = results.toSorted((a, b) => a.date.localeCompare(b.date)).at(-1);
  const head = ["", "modelbytes", "rival", "speed to the rival", "speed to the floor", "peak memory"];
  return `${table(head, lines)}\n\n${newest?.date}, ${newest?.setup}. [All results](benchmarks/results.md).`;
}

/**
 * Where only what is counted matters, rivals and floors say nothing. A floor says something where the work is to move bytes. `which` tells
 * the row from others of its question.
 */
function readmeLine(question: Question, result: Result, row: RowRecord, which: string): string[] {
  const bytes = question.unit === "bytes";
  const rival = row.counts === undefined ? rivalOf(row, result.rows, question.bars) : undefined;
  const floor = bytes ? floorOf(row, result.rows, question.bars) : undefined;
  const facts = [
    secondsText(row.seconds),
    ...(bytes ? [rate(question, result, row)] : []),
    ...(row.counts === undefined ? [] : [countsText(row.counts)]),
  ];
  return [
    `${question.title}: ${result.input.label}${which}`,
    facts.join(", "),
    rival === undefined ? "" : `${secondsText(rival.seconds)}, ${rival.name}`,
    rival === undefined ? "" : ratioText(ratio(row, rival)),
    floor === undefined ? "" : `${Math.round(ratio(row, floor) * 100)} % of ${floor.name}`,
    row.memory === undefined ? "" : `${countText(Math.round(row.memory / 1e6))} MB`,
  ];
}

/** `text` with `table` between the markers of benchmarks; `text` itself where there are none. */
export function withReadmeTable(text: string, table: string): string {
  const [, before, after] =
    /^([\s\S]*<!-- benchmarks\b[^\n]*-->\n)[\s\S]*?(<!-- (?:end of |\/)benchmarks -->[\s\S]*)$/.exec(text) ?? [];
  return before === undefined || after === undefined ? text : `${before}${table}${after}`;
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = `|---|${"---:|".repeat(head.length - 1)}`;
  return [line(head), rule, ...lines.map(line)].join("\n");
}
