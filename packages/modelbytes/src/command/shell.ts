import { styleText } from "node:util";
import type { HttpOptions } from "@modelbytes/bytes";
import type { Progress } from "@modelbytes/tensor";
import { ProgressLine } from "./progress.ts";
import { printable } from "./text.ts";

/** What a command needs of a stream of the process. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(): boolean;
}

/** Styles that are used, as `util.styleText` calls them. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Columns of a terminal that does not say how many it has. */
const COLUMNS = 80;

/** Where a command runs: what it prints to, what stops it and how it asks servers. Results go to `out`, everything else to `err`. */
export class Shell {
  readonly signal: AbortSignal;
  /** How servers are asked, if not by `fetch` alone. */
  fetch: HttpOptions["fetch"];
  /** Columns of the terminal that results go to, `undefined` where they go into a pipe or a file. */
  readonly columns: number | undefined;
  readonly #out: Output;
  readonly #err: Output;
  #progress: ProgressLine | undefined;

  constructor(out: Output, err: Output, signal: AbortSignal) {
    this.#out = out;
    this.#err = err;
    this.signal = signal;
    this.columns = out.isTTY === true ? (out.columns ?? COLUMNS) : undefined;
  }

  /** Prints a result. */
  print(text: string): void {
    this.#progress?.clear();
    this.#out.write(`${text}\n`);
  }

  /** Prints lines as a result: every byte of them, but to a terminal only what it can be trusted with. */
  text(text: string): void {
    this.#progress?.clear();
    this.#out.write(this.#out.isTTY === true ? text.split("\n").map(printable).join("\n") : text);
  }

  /** Prints one line that is no result. */
  note(message: string): void {
    this.#say(this.#err, "note:", "cyan", message);
  }

  /** A shell that says nothing, for work that is done more than once. */
  quietly(): Shell {
    const nowhere: Output = { write: () => undefined };
    const quiet = new Shell(nowhere, nowhere, this.signal);
    quiet.fetch = this.fetch;
    return quiet;
  }

  /** Prints one line about a problem, which need not be the last one. */
  error(message: string): void {
    this.#say(this.#err, "error:", "red", message);
  }

  /** Prints one line that says what to do about it. */
  hint(message: string): void {
    this.#say(this.#err, "hint:", "cyan", message);
  }

  /** Prints lines as they are to standard error. */
  raw(text: string): void {
    this.#progress?.clear();
    this.#err.write(text);
  }

  /** Text of a result, styled where it goes to a terminal that knows colours. NO_COLOR turns them off. */
  style(style: Style, text: string): string {
    return styled(this.#out, style, text);
  }

  /** What to hand to a long read as `onProgress`; nothing where nobody would see the line. */
  progress(): ((progress: Progress) => void) | undefined {
    if (this.#err.isTTY !== true) return undefined;
    const write = (text: string) => void this.#err.write(text);
    const line = new ProgressLine(write, this.#err.columns ?? COLUMNS, () => performance.now());
    this.#progress = line;
    return (progress) => line.update(progress);
  }

  /** Takes the progress line away. */
  finish(): void {
    this.#progress?.clear();
    this.#progress = undefined;
  }

  #say(to: Output, word: string, style: Style, message: string): void {
    this.#progress?.clear();
    to.write(`${styled(to, style, word)} ${printable(message)}\n`);
  }
}

function styled(to: Output, style: Style, text: string): string {
  return to.isTTY === true && to.hasColors?.() === true ? styleText(style, text, { validateStream: false }) : text;
}
