// Python TensorFlow, the judge of the live tests, in the pinned environments of fixtures/environments.

import { spawnSync } from "node:child_process";
import { run } from "./command.ts";

const { CI } = process.env;

/** Whether there is a Python to make environments with. Without one live tests are skipped, except in CI, where they must not be. */
export function hasPython(): boolean {
  if (spawnSync("python3", ["--version"]).status === 0) return true;
  const reason = "there is no python3 on this machine, so nothing was compared with Python TensorFlow";
  if (CI === "true" || CI === "1") throw new Error(reason);
  console.error(`\n${"*".repeat(100)}\nSKIPPED: ${reason}\n${"*".repeat(100)}\n`);
  return false;
}

/** The interpreter of a pinned environment. Making it downloads several hundred megabytes the first time. */
export async function interpreter(environment: string): Promise<string> {
  const { status, stdout, stderr } = await run("python3", ["fixtures/environments/environment.py", environment]);
  if (status !== 0) throw new Error(`python3 fixtures/environments/environment.py ${environment} failed: ${stderr}`);
  return stdout.trim();
}

/** Runs a script below the root with an interpreter and gives what it prints. */
export async function runPython(python: string, script: string, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(python, [script, ...args], {
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONHASHSEED: "0",
    TF_CPP_MIN_LOG_LEVEL: "2",
  });
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  return stdout;
}
