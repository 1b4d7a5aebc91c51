// Every package in a browser: what a bundler makes of its entry, and how large that is.

import { gzipSync } from "node:zlib";
import { type BuildResult, build } from "esbuild";
import { expect, test } from "vitest";
import { block, expectBlock } from "./generated.ts";
import { PUBLIC_PACKAGES, ROOT } from "./workspace.ts";

/** The goal for reading checkpoints, compressed. Missing it is reported in the table, and is no failure. */
const GOAL_KB = 25;

interface Bundled {
  readonly label: string;
  readonly code: string;
}

const BUNDLES: readonly Bundled[] = [
  ...PUBLIC_PACKAGES.map(({ manifest: { name } }) => ({ label: `\`${name}\``, code: `export * from "${name}";` })),
  { label: "reading checkpoints: `openBundle`", code: 'export { openBundle } from "@modelbytes/tensor-bundle";' },
];

function bundle(code: string): Promise<BuildResult<{ metafile: true; write: false }>> {
  return build({
    stdin: { contents: code, resolveDir: `${ROOT}packages/conformance` },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    conditions: ["browser"],
    external: ["node:*"],
    logLevel: "silent",
  });
}

async function sizes(code: string): Promise<{ min: number; gzip: number }> {
  const { outputFiles } = await bundle(code);
  const bytes = outputFiles[0]?.contents ?? new Uint8Array();
  return { min: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
}

test.each(BUNDLES)("$label needs nothing of Node", async ({ code }) => {
  const { warnings, metafile, outputFiles } = await bundle(code);
  expect(warnings).toEqual([]);
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path))).toEqual([]);
  expect(outputFiles.map(({ text }) => text).join("")).not.toMatch(/["']node:/);
});

/** A number of the table stands while the truth is within 3 %: versions of Node compress a little differently. */
function standing(shown: string | undefined, bytes: number): string {
  const kept = shown !== undefined && Math.abs(Number.parseFloat(shown) * 1000 - bytes) <= Math.max(100, 0.03 * bytes);
  return kept ? shown : `${(bytes / 1000).toFixed(1)} kB`;
}

// MODELBYTES_UPDATE=1 writes it.
test("the README has the table of sizes", async () => {
  const rows = new Map(
    block("README.md", "sizes")
      .inside.split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .map(([, label = "", ...cells]) => [label, cells]),
  );
  const table = ["| in a browser, with all it imports | minified | gzip |\n", "|---|---:|---:|\n"];
  for (const { label, code } of BUNDLES) {
    const { min, gzip } = await sizes(code);
    const [shownMin, shownGzip] = rows.get(label) ?? [];
    table.push(`| ${label} | ${standing(shownMin, min)} | ${standing(shownGzip, gzip)} |\n`);
    if (label.startsWith("reading checkpoints") && gzip > GOAL_KB * 1000) {
      console.warn(`${label} is ${(gzip / 1000).toFixed(1)} kB compressed; the goal is ${GOAL_KB} kB`);
    }
  }
  expectBlock("README.md", "sizes", table.join(""));
});
