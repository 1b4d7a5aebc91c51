import { spawn } from "node:child_process";
import { cp, mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { onTestFinished } from "vitest";
import { report } from "../src/command/failure.ts";
import { run } from "../src/command/program.ts";
import { type Output, Shell } from "../src/command/shell.ts";

/** The built command. */
export const BIN: string = fileURLToPath(new URL("../bin/modelbytes.js", import.meta.url));

/** The root of the repository: where commands run, so that paths are as a person types them. */
export const ROOT: string = fileURLToPath(new URL("../../../", import.meta.url));

/** The fixtures of checkpoints, relative to the root. */
export const FIXTURES = "fixtures/tensor-bundle";

/** The fixtures of SavedModels, each in `NAME/model`. */
export const SAVED_MODELS = "fixtures/saved-model";

/** What a command did. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command, in pipes and from the root of the repository. */
export function modelbytes(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs the command inside this process, which is a hundred times quicker: for what is asked of every fixture. */
export async function modelbytesHere(...args: readonly string[]): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const out: Output = { write: (text) => (stdout += text) };
  const err: Output = { write: (text) => (stderr += text) };
  const shell = new Shell(out, err, new AbortController().signal);
  const here = args.map((arg) => (arg.startsWith("fixtures/") ? join(ROOT, arg) : arg));
  const code = await run(here, shell).catch((error: unknown) => report(error, shell, false));
  return { code, stdout, stderr };
}

/** A directory of the test's own, gone after it. */
export async function temporaryDirectory(finished: typeof onTestFinished): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "modelbytes-command-"));
  finished(async () => await rm(path, { recursive: true, force: true }));
  return path;
}

/** A copy of a fixture's folder that may be damaged. */
export async function copyOf(fixture: string, finished: typeof onTestFinished): Promise<string> {
  const path = await temporaryDirectory(finished);
  await cp(join(ROOT, FIXTURES, fixture), path, { recursive: true });
  return path;
}

/** Turns bits of one byte of a file around; by default all. */
export async function damageByte(path: string, offset: number, bits = 0xff): Promise<void> {
  const file = await open(path, "r+");
  const { buffer } = await file.read(new Uint8Array(1), 0, 1, offset);
  await file.write(
    buffer.map((byte) => byte ^ bits),
    0,
    1,
    offset,
  );
  await file.close();
}

/** What Python TensorFlow says of a fixture. */
export interface Expected {
  readonly format: string;
  readonly prefix: string;
  readonly tensors: Readonly<Record<string, { dtype: string; shape: readonly number[]; sha256?: string }>>;
}

/** The fixtures of bundles and V1 checkpoints, by the name of their folder. */
export async function fixtures(): Promise<[name: string, expected: Expected][]> {
  const found: [string, Expected][] = [];
  for (const name of await readdir(join(ROOT, FIXTURES))) {
    const text = await readFile(join(ROOT, FIXTURES, name, "expected.json"), "utf8").catch(() => undefined);
    const expected: Expected | undefined = text === undefined ? undefined : JSON.parse(text);
    if (expected?.format?.startsWith("tensor-bundle") === true) found.push([name, expected]);
  }
  return found;
}
