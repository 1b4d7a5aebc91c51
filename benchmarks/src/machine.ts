import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";
import { runEverywhere } from "./python.ts";
import { bytesText } from "./units.ts";

const PACKAGES = [
  "tinybench",
  "@node-rs/crc32",
  "hash-wasm",
  "h5wasm",
  "jsfive",
  "js-yaml",
  "protobufjs",
  "@bufbuild/protobuf",
  "snappyjs",
  "snappy",
];

/** Where and with what was measured, in one line: results with the same line may be compared. */
export async function setup(): Promise<string> {
  const machine = [
    `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? "an unknown processor"}`,
    bytesText(totalmem()),
    `${type()} ${release()}`,
  ];
  const pythons = await runEverywhere("versions.py");
  const versions: Record<string, string> = Object.assign(
    { Node: process.versions.node },
    ...pythons.map((text): unknown => JSON.parse(text)),
  );
  for (const name of PACKAGES) {
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
