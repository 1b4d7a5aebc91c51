import { fileURLToPath } from "node:url";
import { Conversation } from "./conversation.ts";
import { rivalCommand } from "./python.ts";
import type { Input, Question, Row } from "./question.ts";
import type { Answer, Turn } from "./turn.ts";

const ROW_PROCESS = fileURLToPath(new URL("row-process.js", import.meta.url));

/** A row in its own process, from the main process' side. */
export class RowRunner implements AsyncDisposable {
  readonly #process: Conversation;

  constructor(question: Question, row: Row, input: Input) {
    const command: [string, ...string[]] =
      typeof row.work === "string"
        ? rivalCommand(row.work, JSON.stringify(input))
        : [process.execPath, ROW_PROCESS, question.name, row.name, JSON.stringify(input)];
    this.#process = new Conversation(`${question.name}, ${row.name}`, command);
  }

  async take(turn: Turn): Promise<Answer> {
    return JSON.parse(await this.#process.ask(JSON.stringify(turn)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
