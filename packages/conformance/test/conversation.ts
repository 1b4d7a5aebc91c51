// A program that answers each line on its standard input with a line.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { ROOT } from "./workspace.ts";

/** A running program, asked in JSON, one question after another. */
export class Conversation<Question, Answer> {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #complaints = "";

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.on("data", (text: Buffer) => {
      this.#complaints += text.toString();
    });
    this.#child.stdin.on("error", () => {}); // a program that has died is told by its missing answer
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(question: Question): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the program ended: ${this.#complaints}`);
    const answer: Answer = JSON.parse(value);
    return answer;
  }

  /** Lets the program come to its end. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode !== null) return;
    this.#child.stdin.end();
    await ended;
  }
}
