import { fileURLToPath } from "node:url";
import { Conversation } from "./conversation.ts";
import { rivalCommand } from "./python.ts";
import type { Input, Question, Row } from "./question.ts";
import type { Answer, Length, Turn } from "./turn.ts";

const ROW_PROCESS = fileURLToPath(new URL("row-process.js", import.meta.url));

/** Processes that take the turns of rows: one of Node and one of each Python, from when they are needed. A row that is measured has its own. */
export class RowProcesses implements AsyncDisposable {
  readonly #processes = new Map<string, Conversation>();

  async take(question: Question, row: Row, input: Input, length: Length): Promise<Answer> {
    const isPython = typeof row.work === "string";
    const command: [string, ...string[]] = isPython ? rivalCommand(row.work) : [process.execPath, ROW_PROCESS];
    const key = command.join(" ");
    const conversation = this.#processes.get(key) ?? new Conversation(command);
    this.#processes.set(key, conversation);
    const turn: Turn = {
      question: question.name,
      row: row.name,
      input,
      ...length,
      ...(isPython && { work: row.work }),
    };
    return JSON.parse(await conversation.ask(JSON.stringify(turn), `${question.name}, ${row.name}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((each) => each[Symbol.asyncDispose]()));
  }
}
