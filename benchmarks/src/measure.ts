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
  { turns, milliseconds, quick }: Scale,
  progress: (text: string) => void,
): Promise<Measurement> {
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
        if (!quick && !(await calm(PATIENCE))) disturbed++;
        taken++;
        const answer = await (runner === undefined ? takeFirst(question, row, input) : runner.take(turn));
        if (!("absent" in answer)) samples.set(row, [...(samples.get(row) ?? []), answer]);
      }
    }
  } finally {
    await Promise.all([...runners.values()].map((runner) => runner[Symbol.asyncDispose]()));
  }
  const rows = question.rows.map((row) => ({ row, samples: samples.get(row) ?? [] }));
  return { rows, disturbed: disturbed / taken };
}

/** The first time in a new process. */
async function takeFirst(question: Question, row: Row, input: Input): Promise<Answer> {
  await using runner = new RowRunner(question, row, input);
  return await runner.take({ runs: 1, milliseconds: 0 });
}

/** Begins with another row at each turn, and goes the other way at every second. */
function inTurn(rows: readonly Row[], index: number): Row[] {
  const first = index % rows.length;
  const order = [...rows.slice(first), ...rows.slice(0, first)];
  return index % 2 === 0 ? order : order.reverse();
}
