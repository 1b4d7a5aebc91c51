// What the main process and the processes of rows say to each other: a line of JSON for each turn, a line of JSON back.

import type { Counts, Input } from "./question.ts";

/** How long a turn takes: at least so many runs, and so many milliseconds. */
export interface Length {
  readonly runs: number;
  readonly milliseconds: number;
}

/** One turn of one row. */
export interface Turn extends Length {
  readonly question: string;
  readonly row: string;
  /** The function, where the row is one of Python. */
  readonly work?: string;
  readonly input: Input;
}

/** What came of it. */
export interface Sample {
  /** The median time of doing it once. */
  readonly seconds: number;
  /** The most memory during the turn, in bytes above that of the process before it had done anything; absent where no one can tell. */
  readonly memory?: number;
  readonly counts?: Counts;
}

/** What a process says when it cannot take turns, and why. */
export interface Absence {
  readonly absent: string;
}

export type Answer = Sample | Absence;
