import { execFile } from "node:child_process";
import { delimiter } from "node:path";
import { ROOT } from "./workspace.ts";

/** How a program ended. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program from the root of the repository, with the workspace's programs on the path, no terminal and no colour. */
export function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { PATH = "", FORCE_COLOR: _, ...rest } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      {
        cwd: ROOT,
        env: { ...rest, PATH: `${ROOT}node_modules/.bin${delimiter}${PATH}`, NO_COLOR: "1", ...env },
        maxBuffer: 2 ** 28,
      },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ status, stdout, stderr: status === -1 && error !== null ? stderr + error.message : stderr });
      },
    );
    child.stdin?.end();
  });
}
