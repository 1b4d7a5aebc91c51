import { calm } from "./calm.ts";
import type { Input, Question, Row, Scale } from "./question.ts";
import { RowProcesses } from "./row-processes.ts";
import type { Answer, Length, Sample } from "./turn.ts";

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
  const { turns, milliseconds } = scale;
  const length: Length = { runs: 1, milliseconds };
  const samples = new Map<Row, Sample[]>();
  const processes = new Map<Row, RowProcesses>();
  let taken = 0;
  let disturbed = 0;
  try {
    for (const row of question.rows.filter(({ fresh }) => fresh !== true)) {
      progress(`${row.name}: warm-up`);
      const own = new RowProcesses();
      processes.set(row, own);
      if ("absent" in (await own.take(question, row, input, length))) continue;
      samples.set(row, []);
    }
    for (let index = 0; index < turns; index++) {
      for (const row of inTurn(question.rows, index)) {
        const own = processes.get(row);
        if (own !== undefined && !samples.has(row)) continue;
        progress(`${row.name}: ${index + 1} of ${turns}`);
        if (!(await calm(PATIENCE))) disturbed++;
        taken++;
        const answer = await (own?.take(question, row, input, length) ?? takeFirst(question, row, input));
        if (!("absent" in answer)) samples.set(row, [...(samples.get(row) ?? []), answer]);
      }
    }
  } finally {
    await Promise.all([...processes.values()].map((own) => own[Symbol.asyncDispose]()));
  }
  const rows = question.rows.map((row) => ({ row, samples: samples.get(row) ?? [] }));
  return { rows, disturbed: disturbed / taken };
}

/** Shows that every row runs: once, side by side in as many groups of processes as are given. */
export async function tryOnce(
  question: Question,
  input: Input,
  milliseconds: number,
  groups: readonly RowProcesses[],
): Promise<Measurement> {
  const left = question.rows.filter((row, index) => !isSeen(row, question.rows.slice(0, index)));
  const rows: Measured[] = [];
  const tryRows = async (processes: RowProcesses) => {
    for (let row = left.shift(); row !== undefined; row = left.shift()) {
      const answer = await processes.take(question, row, input, {
        runs: 1,
        milliseconds: row.fresh ? 0 : milliseconds,
      });
      rows.push({ row, samples: "absent" in answer ? [] : [answer] });
    }
  };
  await Promise.all(groups.map(tryRows));
  rows.sort((a, b) => question.rows.indexOf(a.row) - question.rows.indexOf(b.row));
  return { rows, disturbed: 0 };
}

/** A row that differs in nothing but its process shows nothing new. */
function isSeen({ work }: Row, before: readonly Row[]): boolean {
  return before.some((row) => row.work === work);
}

const FIRST: Length = { runs: 1, milliseconds: 0 };

/** The first time in a new process. */
async function takeFirst(question: Question, row: Row, input: Input): Promise<Answer> {
  await using processes = new RowProcesses();
  return await processes.take(question, row, input, FIRST);
}

/** Begins with another row at each turn, and goes the other way at every second. */
function inTurn(rows: readonly Row[], index: number): Row[] {
  const first = index % rows.length;
  const order = [...rows.slice(first), ...rows.slice(0, first)];
  return index % 2 === 0 ? order : order.reverse();
}
