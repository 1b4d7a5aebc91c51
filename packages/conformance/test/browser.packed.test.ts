// Every package in a browser: what a bundler makes of its entry, and how large that is.

import { resolve } from "node:path";
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
  { label: "opening a model of any format: `openModel`", code: 'export { openModel } from "modelbytes";' },
];

/** Bundles with code splitting: what is imported with `import()` becomes files of its own, which a page loads when it needs them. */
function bundle(code: string): Promise<BuildResult<{ metafile: true; write: false }>> {
  return build({
    stdin: { contents: code, resolveDir: `${ROOT}packages/conformance` },
    bundle: true,
    splitting: true,
    outdir: "bundled", // names the files; nothing is written
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

/** Bytes of files: minified, and with each of them compressed. */
interface Size {
  min: number;
  gzip: number;
}

/** What a page loads at first, which is the entry with its static imports, and what else it may load later. */
async function sizes(code: string): Promise<{ first: Size; later: Size }> {
  const { outputFiles, metafile } = await bundle(code);
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [resolve(path), output]));
  const first = new Set([...outputs].filter(([, { entryPoint }]) => entryPoint === "<stdin>").map(([path]) => path));
  for (const path of first) {
    for (const { path: imported, kind } of outputs.get(path)?.imports ?? []) {
      if (kind === "import-statement") first.add(resolve(imported));
    }
  }
  const size = { first: { min: 0, gzip: 0 }, later: { min: 0, gzip: 0 } };
  for (const { path, contents } of outputFiles) {
    const when = first.has(path) ? size.first : size.later;
    when.min += contents.length;
    when.gzip += gzipSync(contents, { level: 9 }).length;
  }
  return size;
}

test.each(BUNDLES)("$label needs nothing of Node", { timeout: 60_000 }, async ({ code }) => {
  const { warnings, metafile, outputFiles } = await bundle(code);
  expect(warnings).toEqual([]);
  const external = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter((each) => each.external));
  expect(external).toEqual([]);
  expect(outputFiles.map(({ text }) => text).join("")).not.toMatch(/["']node:/);
});

/** A number of the table stands while the truth is within 3 %: versions of Node compress a little differently. */
function standing(shown: string | undefined, bytes: number): string {
  if (bytes === 0) return "–";
  const kept = shown !== undefined && Math.abs(Number.parseFloat(shown) * 1000 - bytes) <= Math.max(100, 0.03 * bytes);
  return kept ? shown : `${(bytes / 1000).toFixed(1)} kB`;
}

// MODELBYTES_UPDATE=1 writes it.
test("the README has the table of sizes", { timeout: 120_000 }, async () => {
  const rows = new Map(
    block("README.md", "sizes")
      .inside.split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .map(([, label = "", ...cells]) => [label, cells]),
  );
  const table = [
    "| in a browser, with all it imports | at first, minified | gzip | later, minified | gzip |\n",
    "|---|---:|---:|---:|---:|\n",
  ];
  for (const { label, code } of BUNDLES) {
    const { first, later } = await sizes(code);
    expect(first.min).toBeGreaterThan(0);
    const shown = rows.get(label) ?? [];
    const cells = [first.min, first.gzip, later.min, later.gzip].map((bytes, at) => standing(shown[at], bytes));
    table.push(`| ${label} | ${cells.join(" | ")} |\n`);
    if (label.startsWith("reading checkpoints") && first.gzip > GOAL_KB * 1000) {
      console.warn(`${label} is ${(first.gzip / 1000).toFixed(1)} kB compressed; the goal is ${GOAL_KB} kB`);
    }
  }
  expectBlock("README.md", "sizes", table.join(""));
});
