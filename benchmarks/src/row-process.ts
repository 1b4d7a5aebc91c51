// The process of one row: makes its work ready, then takes turns as the lines on standard input say.
//
//     node dist/row-process.js QUESTION ROW INPUT

import { createInterface } from "node:readline";
import { Bench } from "tinybench";
import { forgetPeak, peakBytes, residentBytes } from "./memory.ts";
import type { Input, Work } from "./question.ts";
import { questionNamed } from "./questions.ts";
import type { Answer, Turn } from "./turn.ts";

async function takeTurn(work: Work, { runs, milliseconds }: Turn, idle: number | undefined): Promise<Answer> {
  forgetPeak();
  const bench = new Bench({ time: milliseconds, iterations: runs, warmup: false, throws: true });
  bench.add("turn", work.run, { async: true });
  const [task] = await bench.run();
  const peak = peakBytes();
  if (task?.result.state !== "completed") throw new Error("the turn was not completed");
  const seconds = task.result.latency.p50 / 1000 / (work.repeats ?? 1);
  const counts = await work.counts?.();
  const unknown = peak === undefined || idle === undefined || work.elsewhere === true;
  const memory = unknown ? undefined : Math.max(0, peak - idle);
  return { seconds, ...(memory !== undefined && { memory }), ...(counts !== undefined && { counts }) };
}

function say(answer: Answer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

const [, , questionName = "", rowName = "", inputText = ""] = process.argv;
const row = questionNamed(questionName).rows.find(({ name }) => name === rowName);
if (row === undefined || typeof row.work === "string")
  throw new Error(`${questionName} has no row ${rowName} for Node`);
const input: Input = JSON.parse(inputText);
const idle = residentBytes();
const work = await row.work(input);
for await (const line of createInterface({ input: process.stdin })) {
  const turn: Turn = JSON.parse(line);
  say(work === undefined ? { absent: "not installed" } : await takeTurn(work, turn, idle));
}
process.exit();
