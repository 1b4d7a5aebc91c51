import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { pythonCommand } from "./python.ts";
import type { Input, Question, Row } from "./question.ts";
import type { Answer, Turn } from "./turn.ts";

const ROW_PROCESS = fileURLToPath(new URL("row-process.js", import.meta.url));

/** Characters of what a process says on standard error that are kept for its error. */
const KEPT = 4000;

/** A row in its own process, from the main process' side. */
export class RowRunner implements AsyncDisposable {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  #stderr = "";

  constructor(question: Question, row: Row, input: Input) {
    this.#name = `${question.name}, ${row.name}`;
    const [command, ...args] =
      typeof row.work === "string"
        ? pythonCommand("rivals.py", row.work, JSON.stringify(input))
        : [process.execPath, ROW_PROCESS, question.name, row.name, JSON.stringify(input)];
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

  async take(turn: Turn): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(turn)}\n`);
    const { value, done } = await this.#answers.next();
    if (done !== true) return JSON.parse(value);
    await this.#ended;
    throw new Error(`${this.#name}: the process ended without an answer\n${this.#stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}
