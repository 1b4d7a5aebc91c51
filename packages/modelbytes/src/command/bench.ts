import { execFile } from "node:child_process";
import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { byteLength } from "@modelbytes/tensor";
import type { Model } from "../open-model.ts";
import { EXIT, type ExitCode, UsageError } from "./failure.ts";
import { stringify } from "./json.ts";
import { openPath } from "./location.ts";
import { openingProblems } from "./problem.ts";
import { pythonProgram } from "./python-bench.ts";
import type { Shell } from "./shell.ts";
import { formatTable } from "./table.ts";
import { counted, durationText, printable } from "./text.ts";

export interface BenchOptions {
  readonly json?: true;
  readonly python?: true | string;
  readonly runs?: string;
}

/** One thing that was timed. */
interface Timed {
  readonly name: string;
  /** The median of the runs. */
  readonly milliseconds: number;
  /** Bytes that a run works on; absent where it is no matter of bytes. */
  readonly bytes?: number;
  readonly runs: number;
}

/** Something to time; gives the bytes that it works on, if it is a matter of bytes. */
interface Work {
  readonly name: string;
  run(): Promise<number | undefined>;
}

/** Unless it is said how often, each thing is done at least so often, and until so much time is gone for each. */
const LEAST_RUNS = 3;
const MOST_RUNS = 50;
const MILLISECONDS = 1500;

/** `modelbytes bench PATH`: how fast this machine reads this file, beside the raw read of the same bytes. */
export async function bench(
  path: string,
  { json, python, runs: runsText }: BenchOptions,
  shell: Shell,
): Promise<ExitCode> {
  const runs = runsOf(runsText);
  const { format, tensors, files, name } = await look(path, shell);
  const works: Work[] = [
    { name: "open", run: async () => await opened(path, shell, async () => undefined) },
    { name: "verify", run: async () => await opened(path, shell, verifyAll) },
    { name: "stream, new memory", run: async () => await opened(path, shell, streamAll) },
  ];
  if (files.length > 0) works.unshift({ name: "raw read, one buffer", run: async () => await readRaw(files) });
  shell.note(`timing: ${works.map(({ name }) => name).join("; ")}`);
  const rows = await timed(works, runs, shell);
  const byPython =
    python === undefined ? undefined : await timedByPython(name, format, python === true ? "python3" : python);
  if (byPython !== undefined && !(byPython instanceof UsageError)) rows.push(byPython);
  if (json === true) shell.print(stringify({ format, tensors, rows: rows.map(rowJson) }));
  else {
    shell.print(`${shell.style("bold", printable(path))}: ${format}, ${counted(tensors, "tensor")}\n`);
    const lines = rows.map((row) => cells(row, rows[0]));
    shell.print(formatTable(COLUMNS, lines, shell.columns).join("\n"));
  }
  if (byPython instanceof UsageError) throw byPython; // what was timed is not lost
  return EXIT.fine;
}

const COLUMNS = [
  { title: "", align: "left" },
  { title: "time", align: "right" },
  { title: "GB/s", align: "right" },
  { title: "to raw", align: "right" },
  { title: "runs", align: "right" },
] as const;

function cells(row: Timed, raw: Timed | undefined): string[] {
  const share = raw?.bytes === undefined || row.bytes === undefined ? undefined : speedOf(row) / speedOf(raw);
  return [
    row.name,
    row.milliseconds < 10 ? `${row.milliseconds.toPrecision(2)} ms` : durationText(row.milliseconds),
    row.bytes === undefined ? "" : (speedOf(row) / 1e9).toPrecision(3),
    share === undefined ? "" : `${Math.round(share * 100)} %`,
    String(row.runs),
  ];
}

function rowJson(row: Timed): Readonly<Record<string, unknown>> {
  return { ...row, bytes: row.bytes ?? null, bytesPerSecond: row.bytes === undefined ? null : speedOf(row) };
}

/** Bytes a second. */
function speedOf({ bytes = 0, milliseconds }: Timed): number {
  return bytes / (milliseconds / 1000);
}

/** What is there, and the files whose bytes are read; none behind a URL. Throws what is wrong with the model: a damaged one is not timed. */
async function look(
  path: string,
  shell: Shell,
): Promise<{ format: string; tensors: number; files: readonly string[]; name: string }> {
  await using model = await openPath(path, shell);
  const [problem] = openingProblems(model);
  if (problem !== undefined) throw problem;
  const files = /^https?:/i.test(path) ? [] : await filesOf(model.path);
  return { format: model.format, tensors: model.weights.entries.size, files, name: model.path };
}

/** The files of a model: the one at its path, all in its directory, or those whose names begin with its prefix. */
async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return [path];
  if (found?.isDirectory() === true) {
    const all = await readdir(path, { recursive: true, withFileTypes: true });
    return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch((): string[] => []);
  return names.filter((name) => name.startsWith(prefix)).map((name) => join(dirname(path), name));
}

function runsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`--runs takes a number from 1 up, not ${JSON.stringify(text)}`);
}

/** Does each thing `runs` times, or else for some time. They take turns, so that a busy moment falls on all of them. */
async function timed(works: readonly Work[], runs: number | undefined, { signal }: Shell): Promise<Timed[]> {
  const times = works.map((): number[] => []);
  const bytes: (number | undefined)[] = [];
  const start = performance.now();
  const isEnough = (turns: number) => {
    if (runs !== undefined) return turns >= runs;
    if (turns < LEAST_RUNS) return false;
    return turns >= MOST_RUNS || performance.now() - start >= MILLISECONDS * works.length;
  };
  for (let turn = 0; !isEnough(turn); turn++) {
    for (const [at, work] of works.entries()) {
      signal.throwIfAborted();
      const before = performance.now();
      bytes[at] = await work.run();
      times[at]?.push(performance.now() - before);
    }
  }
  return works.map(({ name }, at) => {
    const own = (times[at] ?? []).sort((a, b) => a - b);
    const milliseconds = own[own.length >> 1] ?? Number.NaN;
    const size = bytes[at];
    return { name, milliseconds, runs: own.length, ...(size !== undefined && { bytes: size }) };
  });
}

const BUFFER_BYTES = 2 ** 22;

/** Reads all bytes of files into one buffer: what any reader has to do, and nothing more. */
async function readRaw(paths: readonly string[]): Promise<number> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let total = 0;
  for (const path of paths) {
    const file = await open(path);
    try {
      for (let read = -1; read !== 0; total += read) ({ bytesRead: read } = await file.read(buffer, 0, buffer.length));
    } finally {
      await file.close();
    }
  }
  return total;
}

async function opened(
  path: string,
  shell: Shell,
  use: (model: Model, signal: AbortSignal) => Promise<number | undefined>,
): Promise<number | undefined> {
  await using model = await openPath(path, shell.quietly());
  return await use(model, shell.signal);
}

async function verifyAll(model: Model, signal: AbortSignal): Promise<number> {
  let total = 0;
  const onProgress = ({ bytes }: { readonly bytes: number }) => {
    total = bytes;
  };
  for await (const problem of model.verify({ signal, onProgress })) throw problem;
  return total;
}

async function streamAll({ weights }: Model, signal: AbortSignal): Promise<number> {
  let total = 0;
  for await (const [name, tensor] of weights.stream({ signal })) {
    total += weights.entries.get(name)?.byteLength ?? byteLength(tensor);
  }
  return total;
}

/** The same by Python, whose own clock counts; or why it cannot be. `path` is what the model calls itself. */
async function timedByPython(path: string, format: string, python: string): Promise<Timed | UsageError> {
  const program = pythonProgram(format);
  if (program === undefined) return new UsageError(`Python is not timed for ${format}`, "leave --python out");
  const args = ["-c", program.code, program.file === undefined ? path : join(path, program.file)];
  try {
    const { stdout } = await promisify(execFile)(python, args, { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" } });
    const [seconds = Number.NaN, bytes = 0, runs = 0] = stdout.trim().split(" ").map(Number);
    return { name: program.name, milliseconds: seconds * 1000, bytes, runs };
  } catch (cause) {
    const reason = `${python} cannot time it: ${lastLine(cause)}`;
    return new UsageError(reason, `--python PROGRAM names a Python that has ${program.needs}`);
  }
}

function lastLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split("\n").at(-1) ?? "";
}
