// What Python makes of JSON and YAML: fixtures/keras-config/text_judge.py, asked in batches.

import { Conversation } from "./conversation.ts";
import { interpreter } from "./python.ts";

/** What Python refuses. */
export interface Refusal {
  readonly error: string;
}

/** What stands for any refusal: the classes of errors are not compared. */
export const REFUSED = "refused";

/** Whether Python refused. */
export function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === "object" && answer !== null && "error" in answer;
}

/** Python, ready to judge. */
export async function judge<Answer>(): Promise<
  Conversation<{ do: string; of: readonly unknown[] }, (Answer | Refusal)[]>
> {
  return new Conversation(await interpreter("pyyaml-6.0"), ["fixtures/keras-config/text_judge.py"], {
    PYTHONUTF8: "1",
  });
}
