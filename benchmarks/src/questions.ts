import type { Question } from "./question.ts";
import { copy } from "./questions/copy.ts";
import { crc32c } from "./questions/crc32c.ts";
import { memory } from "./questions/memory.ts";
import { openList } from "./questions/open-list.ts";
import { remoteOne } from "./questions/remote-one.ts";
import { savedModel } from "./questions/saved-model.ts";
import { stream } from "./questions/stream.ts";
import { verify } from "./questions/verify.ts";
import { write, writeMany } from "./questions/write.ts";

/** All of them, in the order in which they are asked and shown. */
export const QUESTIONS: readonly Question[] = [
  verify,
  stream,
  openList,
  remoteOne,
  write,
  writeMany,
  copy,
  savedModel,
  crc32c,
  memory,
];

/** The question of this name. Throws where there is none. */
export function questionNamed(name: string): Question {
  const question = QUESTIONS.find((each) => each.name === name);
  if (question !== undefined) return question;
  throw new Error(`no benchmark is called ${name}; there are ${QUESTIONS.map((each) => each.name).join(", ")}`);
}
