import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = fileURLToPath(new URL("../python/", import.meta.url));
const ENVIRONMENTS = fileURLToPath(new URL("../../fixtures/environments/environment.py", import.meta.url));

const TENSORFLOW = "tensorflow-2.21";

/** Where the rivals of a file of `python/rivals/` are installed, if not beside TensorFlow. */
const ENVIRONMENT_OF: Readonly<Record<string, string>> = { arrays: "arrays", texts: "pyyaml-6.0" };

/** What a file of rivals takes from a second environment: safetensors, which TensorFlow's does not have. */
const ALSO_FROM: Readonly<Record<string, string>> = { conversion: "arrays" };

const interpreters = new Map<string, string>();

/** The interpreter of a pinned environment, which is made the first time: TensorFlow's downloads several hundred megabytes. */
export function python(environment: string = TENSORFLOW): string {
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const known = interpreters.get(environment);
  if (known !== undefined) return known;
  const found = execFileSync("python3", [ENVIRONMENTS, environment], { encoding: "utf8", stdio }).trim();
  interpreters.set(environment, found);
  return found;
}

/** The command that runs a file of `python/`. */
export function pythonCommand(file: string, ...args: readonly string[]): [string, ...string[]] {
  return [python(), HERE + file, ...args];
}

/** The command of a process that takes turns of a row: `"hdf5.read_fresh"` is a function of `python/rivals/hdf5.py`. */
export function rivalCommand(work: string): [string, ...string[]] {
  const [file = ""] = work.split(".");
  const also = ALSO_FROM[file];
  const others = also === undefined ? [] : [python(also)];
  return [python(ENVIRONMENT_OF[file]), `${HERE}row_process.py`, ...others];
}

/** Runs a file of `python/` in each environment and gives what they print. */
export async function runEverywhere(file: string): Promise<string[]> {
  const environments = [TENSORFLOW, ...Object.values(ENVIRONMENT_OF)];
  const runs = environments.map((environment) => promisify(execFile)(python(environment), [HERE + file]));
  return (await Promise.all(runs)).map(({ stdout }) => stdout);
}
