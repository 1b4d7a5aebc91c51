// A process of rows: makes their work ready, and takes turns as the lines on standard input say.
//
//     node dist/row-process.js

import { createInterface } from "node:readline";
import { Bench } from "tinybench";
import { forgetPeak, peakBytes, residentBytes } from "./memory.ts";
import type { Work } from "./question.ts";
import { questionNamed } from "./questions.ts";
import type { Answer, Length, Turn } from "./turn.ts";

const idle = residentBytes();
const works = new Map<string, Promise<Work | undefined>>();

async function workOf({ question, row, input }: Turn): Promise<Work | undefined> {
  const found = (await questionNamed(question)).rows.find(({ name }) => name === row);
  if (found === undefined || typeof found.work === "string") throw new Error(`${question} has no row ${row} for Node`);
  const key = JSON.stringify([question, row, input]);
  const work = works.get(key) ?? found.work(input);
  works.set(key, work);
  return await work;
}

async function takeTurn(work: Work, { runs, milliseconds }: Length): Promise<Answer> {
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

for await (const line of createInterface({ input: process.stdin })) {
  const turn: Turn = JSON.parse(line);
  const work = await workOf(turn);
  say(work === undefined ? { absent: "not installed" } : await takeTurn(work, turn));
}
process.exit();
