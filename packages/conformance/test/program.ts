// Programs of the system that tests run, in Debian's packages.

import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";

const { CI } = process.env;

/**
 * Whether there is a program, which is installed from Debian's package where it is missing and this process may do it. Without it
 * tests are skipped, except in CI, where they must not be.
 */
export async function hasProgram(path: string, debian: string): Promise<boolean> {
  if (existsSync(path)) return true;
  const complaint = process.getuid?.() === 0 ? await install(debian) : "only root can install it";
  if (existsSync(path)) return true;
  const reason = `there is no ${path} on this machine (Debian's package ${debian}): ${complaint}`;
  if (CI === "true" || CI === "1") throw new Error(reason);
  console.error(`\n${"*".repeat(100)}\nSKIPPED: ${reason}\n${"*".repeat(100)}\n`);
  return false;
}

/** Installs a package, after others that tests may be installing, and gives what there was to complain of. */
async function install(debian: string): Promise<string> {
  const apt = `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${debian}`;
  const lock = join(tmpdir(), "modelbytes-apt.lock");
  const { stderr } = await run("flock", [lock, "sh", "-c", apt], { DEBIAN_FRONTEND: "noninteractive" });
  return stderr.trim();
}
