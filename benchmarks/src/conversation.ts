import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** Characters of what a process says on standard error that are kept for its error. */
const KEPT = 4000;

/** A process that answers each line on its standard input with a line. */
export class Conversation implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  #stderr = "";

  constructor([command, ...args]: readonly [string, ...string[]]) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdin.on("error", () => {}); // a process that is gone shows by its missing answer
    this.#child.stderr.on("data", (text: Buffer) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-KEPT);
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => {
      this.#child.on("close", () => resolve());
      this.#child.on("error", () => resolve());
    });
  }

  /** Its answer. Lines are answered in the order in which they are given. `what` is asked: for the error. */
  async ask(line: string, what: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done !== true) return value;
    await this.#ended;
    throw new Error(`${what}: the process ended without an answer\n${this.#stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}
