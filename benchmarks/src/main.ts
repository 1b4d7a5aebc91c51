// The benchmarks: asks all questions, or those that are named.
//
//     pnpm bench [NAME …] [--size 256MiB|1GiB|8GiB]       writes results.json, results.md and the table of the README
//     pnpm bench:quick                                    tiny, two minutes at most; judges no clock and writes nothing

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Server } from "./file-server.ts";
import { setup } from "./machine.ts";
import { measure } from "./measure.ts";
import type { Inputs, Question, Scale } from "./question.ts";
import { QUESTIONS, questionNamed } from "./questions.ts";
import { readmeTable, resultsPage, rowTable, withReadmeTable } from "./report.ts";
import { merge, type Result, readResults, resultOf, writeResults } from "./results.ts";
import { Scratch } from "./scratch.ts";
import { parseBytes } from "./units.ts";

const FULL: Scale = { bytes: 2 ** 30, tensors: 50_000, turns: 7, milliseconds: 200, quick: false };
const QUICK: Scale = { bytes: 2 ** 24, tensors: 2000, turns: 1, milliseconds: 10, quick: true };

const RESULTS_JSON = fileURLToPath(new URL("../results.json", import.meta.url));
const RESULTS_MD = fileURLToPath(new URL("../results.md", import.meta.url));
const README = fileURLToPath(new URL("../../README.md", import.meta.url));

const USAGE = `usage: pnpm bench [NAME …] [--size SIZE] [--turns NUMBER]
       pnpm bench:quick [NAME …]

${QUESTIONS.map(({ name, title }) => `  ${name.padEnd(18)}${title}`).join("\n")}

SIZE is that of the large files: 256MiB, 1GiB (the default), 8GiB. They are made in TMPDIR and deleted afterwards.
`;

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function ask(question: Question, inputs: Inputs, setup: string): Promise<Result[]> {
  note(`${question.name}: making the inputs`);
  const results: Result[] = [];
  for (const input of await question.inputs(inputs)) {
    const measured = await measure(question, input, inputs.scale, (text) =>
      note(`${question.name}, ${input.label}: ${text}`),
    );
    for (const { row, samples } of measured.rows) if (samples.length === 0) note(`${row.name} is not installed`);
    const result = resultOf(question, input, measured, { setup, size: inputs.scale.bytes });
    const bars = result.bars.map(({ says, found, holds }) => `${holds ? "holds" : "MISSED"}: ${says}: ${found}\n`);
    console.log(
      `\n${question.title}: ${input.label}\n${rowTable(question, result)}\n${inputs.scale.quick ? "" : bars.join("")}`,
    );
    results.push(result);
  }
  return results;
}

/** Writes what was found over what was known. */
function publish(found: readonly Result[]): void {
  const results = merge(readResults(RESULTS_JSON), found, QUESTIONS);
  writeResults(RESULTS_JSON, results);
  writeFileSync(RESULTS_MD, resultsPage(results, QUESTIONS));
  const readme = readFileSync(README, "utf8");
  const filled = withReadmeTable(readme, readmeTable(results, QUESTIONS));
  if (filled !== readme) writeFileSync(README, filled);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: "string" },
      turns: { type: "string" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const questions = positionals.length === 0 ? QUESTIONS : positionals.map(questionNamed);
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
  for (const question of questions) results.push(...(await ask(question, { scale, scratch, server }, machine)));
  if (scale.quick) return;
  publish(results);
  if (results.some(({ bars }) => bars.some(({ holds }) => !holds))) process.exitCode = 1;
}

await main();
