import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = fileURLToPath(new URL("../python/", import.meta.url));
const ENVIRONMENTS = fileURLToPath(new URL("../../fixtures/environments/environment.py", import.meta.url));

let interpreter: string | undefined;

/** The interpreter with the pinned TensorFlow. Makes its environment the first time, which downloads several hundred megabytes. */
export function python(): string {
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  interpreter ??= execFileSync("python3", [ENVIRONMENTS, "tensorflow-2.21"], { encoding: "utf8", stdio }).trim();
  return interpreter;
}

/** The command that runs a file of `python/`. */
export function pythonCommand(file: string, ...args: readonly string[]): [string, ...string[]] {
  return [python(), HERE + file, ...args];
}

/** Runs a file of `python/` and gives what it prints. */
export async function runPython(file: string, ...args: readonly string[]): Promise<string> {
  const [command, ...rest] = pythonCommand(file, ...args);
  const { stdout } = await promisify(execFile)(command, rest, { encoding: "utf8" });
  return stdout;
}
