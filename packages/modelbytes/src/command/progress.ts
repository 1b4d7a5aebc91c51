import type { Progress } from "@modelbytes/tensor";
import { bytesText } from "./text.ts";

/** Work that takes less shows nothing. */
const QUIET_MILLISECONDS = 1000;
/** Often enough to look alive. */
const STEP_MILLISECONDS = 100;

const CLEAR_LINE = "\r\u001b[2K";

/** One line that says how far a long read has come: `1.2 GB of 5.0 GB, 2.3 GB/s, 2 s left`. It is rewritten in place. */
export class ProgressLine {
  readonly #write: (text: string) => void;
  readonly #columns: number;
  readonly #now: () => number;
  readonly #start: number;
  #last: number;
  #shown = false;

  /** `write` goes to a terminal of `columns` characters; `now` counts milliseconds. */
  constructor(write: (text: string) => void, columns: number, now: () => number) {
    this.#write = write;
    this.#columns = columns;
    this.#now = now;
    this.#start = now();
    this.#last = this.#start + QUIET_MILLISECONDS - STEP_MILLISECONDS;
  }

  update({ bytes, total }: Progress): void {
    const now = this.#now();
    if (now - this.#last < STEP_MILLISECONDS) return;
    this.#last = now;
    this.#shown = true;
    this.#write(`${CLEAR_LINE}${progressText(bytes, total, now - this.#start).slice(0, this.#columns - 1)}`);
  }

  /** Takes the line away, so that something else can be printed in its place. */
  clear(): void {
    if (this.#shown) this.#write(CLEAR_LINE);
    this.#shown = false;
  }
}

/** What the line says after so many milliseconds. A `total` of 0 is one that nobody knows yet. */
export function progressText(bytes: number, total: number, milliseconds: number): string {
  const done = total === 0 ? bytesText(bytes) : `${bytesText(bytes)} of ${bytesText(total)}`;
  const rate = (bytes / milliseconds) * 1000;
  if (!(rate > 0)) return done;
  if (total === 0) return `${done}, ${bytesText(rate)}/s`;
  return `${done}, ${bytesText(rate)}/s, ${secondsText((total - bytes) / rate)} left`;
}

/** Whole seconds, rounded up: `3 s`, `2 min 5 s`. */
function secondsText(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
