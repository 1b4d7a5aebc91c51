import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";
import { runPython } from "./python.ts";
import { bytesText } from "./units.ts";

/** Where and with what was measured, in one line: results with the same line may be compared. */
export async function setup(): Promise<string> {
  const machine = [
    `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? "an unknown processor"}`,
    bytesText(totalmem()),
    `${type()} ${release()}`,
  ];
  const versions: Record<string, string> = {
    Node: process.versions.node,
    ...JSON.parse(await runPython("versions.py")),
  };
  for (const name of ["tinybench", "@node-rs/crc32", "hash-wasm"]) {
    const version = installedVersion(name);
    if (version !== undefined) versions[name] = version;
  }
  const tools = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${machine.join(", ")}; ${tools.join(", ")}`;
}

function installedVersion(name: string): string | undefined {
  try {
    const path = fileURLToPath(new URL(`../node_modules/${name}/package.json`, import.meta.url));
    const { version }: { version: string } = JSON.parse(readFileSync(path, "utf8"));
    return version;
  } catch {
    return undefined;
  }
}
