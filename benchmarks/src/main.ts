// The benchmarks: asks all questions, or those that are named.
//
//     pnpm bench [NAME …] [--size 256MiB|1GiB|8GiB]       writes results.json and what shows it: results.md, pictures, the README's table
//     pnpm bench --redraw                                 writes what shows results.json, and measures nothing
//     pnpm bench:quick                                    tiny, two minutes at most; judges no clock and writes nothing

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Server } from "./file-server.ts";
import { setup } from "./machine.ts";
import { measure, tryOnce } from "./measure.ts";
import type { Inputs, Question, Scale } from "./question.ts";
import { allQuestions, questionNamed } from "./questions.ts";
import { Refusal } from "./refusal.ts";
import { rowTable } from "./report.ts";
import { merge, type Result, readResults, resultOf, writeResults } from "./results.ts";
import { RowProcesses } from "./row-processes.ts";
import { Scratch } from "./scratch.ts";
import { PICTURES, shown } from "./shown.ts";
import { parseBytes } from "./units.ts";

const FULL: Scale = { bytes: 2 ** 30, tensors: 50_000, turns: 7, milliseconds: 200, quick: false };
const QUICK: Scale = { bytes: 2 ** 24, tensors: 2000, turns: 1, milliseconds: 10, quick: true };

const RESULTS_JSON = fileURLToPath(new URL("../results.json", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const QUESTIONS = await allQuestions();

const USAGE = `usage: pnpm bench [NAME …] [--size SIZE] [--turns NUMBER]
       pnpm bench --redraw
       pnpm bench:quick [NAME …]

${QUESTIONS.map(({ name, title }) => `  ${name.padEnd(18)}${title}`).join("\n")}

SIZE is that of the large files: 256MiB, 1GiB (the default), 8GiB. They are made in TMPDIR and deleted afterwards.
`;

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** `groups` of processes try each row once where the clock is not judged. */
async function ask(
  question: Question,
  inputs: Inputs,
  setup: string,
  groups: readonly RowProcesses[],
): Promise<Result[]> {
  note(`${question.name}: making the inputs`);
  const results: Result[] = [];
  for (const input of await question.inputs(inputs)) {
    const progress = (text: string) => note(`${question.name}, ${input.label}: ${text}`);
    const measured = await (inputs.scale.quick
      ? tryOnce(question, input, inputs.scale.milliseconds, groups)
      : measure(question, input, inputs.scale, progress));
    for (const { row, samples } of measured.rows) if (samples.length === 0) note(`${row.name} is not installed`);
    const result = resultOf(question, input, measured, { setup, size: inputs.scale.bytes }, results);
    const bars = result.bars.map(({ says, found, holds }) => `${holds ? "holds" : "MISSED"}: ${says}: ${found}\n`);
    console.log(
      `\n${question.title}: ${input.label}\n${rowTable(question, result)}\n${inputs.scale.quick ? "" : bars.join("")}`,
    );
    results.push(result);
  }
  return results;
}

/** Writes what was found over what was known: after each question, so that a run that is cut short has not been in vain. */
function publish(found: readonly Result[]): void {
  const results = merge(readResults(RESULTS_JSON), found, QUESTIONS);
  writeResults(RESULTS_JSON, results);
  show(results);
}

/** Writes all that shows the results. */
function show(results: readonly Result[]): void {
  rmSync(ROOT + PICTURES, { recursive: true, force: true });
  mkdirSync(ROOT + PICTURES);
  const readme = readFileSync(`${ROOT}README.md`, "utf8");
  for (const [path, text] of shown(results, QUESTIONS, readme)) writeFileSync(ROOT + path, text);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: "string" },
      turns: { type: "string" },
      redraw: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (values.redraw) return show(readResults(RESULTS_JSON));
  const questions = positionals.length === 0 ? QUESTIONS : await Promise.all(positionals.map(questionNamed));
  const base = values.quick ? QUICK : FULL;
  const scale: Scale = {
    ...base,
    bytes: values.size === undefined ? base.bytes : parseBytes(values.size),
    turns: values.turns === undefined ? base.turns : Number(values.turns),
  };
  await using scratch = await Scratch.make();
  await using server = new Server(scratch.folder);
  const machine = await setup();
  const results: Result[] = [];
  const groups = Array.from({ length: availableParallelism() }, () => new RowProcesses());
  for (const question of questions) {
    const found = await ask(question, { scale, scratch, server }, machine, groups);
    if (!scale.quick) publish(found);
    results.push(...found);
  }
  await Promise.all(groups.map((group) => group[Symbol.asyncDispose]()));
  const isMissed = results.some(({ bars }) => bars.some(({ holds }) => !holds));
  if (isMissed && !scale.quick) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  note(error.message);
  process.exitCode = 2;
}
