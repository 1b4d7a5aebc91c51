// What the main process and the process of a row say to each other: a line of JSON for each turn, a line of JSON back.

import type { Counts } from "./question.ts";

/** One turn: at least so many runs, and so many milliseconds. */
export interface Turn {
  readonly runs: number;
  readonly milliseconds: number;
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
