import { availableParallelism } from "node:os";
import { calm } from "./calm.ts";
import type { Input, Question, Row, Scale } from "./question.ts";
import { RowRunner } from "./row-runner.ts";
import type { Answer, Sample, Turn } from "./turn.ts";

/** The samples of a row, one for each turn; none where the row's rival is not installed. */
export interface Measured {
  readonly row: Row;
  readonly samples: readonly Sample[];
}

/** What was measured of one input. */
export interface Measurement {
  readonly rows: readonly Measured[];
  /** The part of the turns that began while the machine was busy with something else. */
  readonly disturbed: number;
}

/** Seconds that a turn waits for a busy machine. */
const PATIENCE = 20;

/** Asks a question about one input: every row takes its turns, each time in another order. */
export async function measure(
  question: Question,
  input: Input,
  scale: Scale,
  progress: (text: string) => void,
): Promise<Measurement> {
  if (scale.quick) return await tryOnce(question, input, scale);
  const { turns, milliseconds } = scale;
  const turn: Turn = { runs: 1, milliseconds };
  const samples = new Map<Row, Sample[]>();
  const runners = new Map<Row, RowRunner>();
  let taken = 0;
  let disturbed = 0;
  try {
    for (const row of question.rows.filter(({ fresh }) => fresh !== true)) {
      progress(`${row.name}: warm-up`);
      const runner = new RowRunner(question, row, input);
      runners.set(row, runner);
      if ("absent" in (await runner.take(turn))) continue;
      samples.set(row, []);
    }
    for (let index = 0; index < turns; index++) {
      for (const row of inTurn(question.rows, index)) {
        const runner = runners.get(row);
        if (runner !== undefined && !samples.has(row)) continue;
        progress(`${row.name}: ${index + 1} of ${turns}`);
        if (!(await calm(PATIENCE))) disturbed++;
        taken++;
        const answer = await (runner === undefined ? takeFirst(question, row, input, FIRST) : runner.take(turn));
        if (!("absent" in answer)) samples.set(row, [...(samples.get(row) ?? []), answer]);
      }
    }
  } finally {
    await Promise.all([...runners.values()].map((runner) => runner[Symbol.asyncDispose]()));
  }
  const rows = question.rows.map((row) => ({ row, samples: samples.get(row) ?? [] }));
  return { rows, disturbed: disturbed / taken };
}

/** Shows that every row runs: once, as many side by side as there are processors. */
async function tryOnce(question: Question, input: Input, { milliseconds }: Scale): Promise<Measurement> {
  const left = question.rows.filter((row, index) => !isSeen(row, question.rows.slice(0, index)));
  const rows: Measured[] = [];
  const tryRows = async () => {
    for (let row = left.shift(); row !== undefined; row = left.shift()) {
      const answer = await takeFirst(question, row, input, { runs: 1, milliseconds });
      rows.push({ row, samples: "absent" in answer ? [] : [answer] });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, tryRows));
  rows.sort((a, b) => question.rows.indexOf(a.row) - question.rows.indexOf(b.row));
  return { rows, disturbed: 0 };
}

/** Python takes seconds to start, and a row that differs in nothing but its process shows nothing new. */
function isSeen({ work }: Row, before: readonly Row[]): boolean {
  return before.some((row) => row.work === work);
}

const FIRST: Turn = { runs: 1, milliseconds: 0 };

/** The first time in a new process. */
async function takeFirst(question: Question, row: Row, input: Input, turn: Turn): Promise<Answer> {
  await using runner = new RowRunner(question, row, input);
  return await runner.take(turn);
}

/** Begins with another row at each turn, and goes the other way at every second. */
function inTurn(rows: readonly Row[], index: number): Row[] {
  const first = index % rows.length;
  const order = [...rows.slice(first), ...rows.slice(0, first)];
  return index % 2 === 0 ? order : order.reverse();
}
