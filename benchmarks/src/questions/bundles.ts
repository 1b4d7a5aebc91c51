// What a bundler makes of a package for a page: the files that the page loads before the package can be used.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import type { Counts } from "../question.ts";

const HERE = fileURLToPath(new URL("../..", import.meta.url));

/** What is imported with `import()` is loaded when it is needed, if ever. */
const LATER: Plugin = {
  name: "later",
  setup: ({ onResolve }) => {
    onResolve({ filter: /./ }, ({ kind, path }) => (kind === "dynamic-import" ? { path, external: true } : undefined));
  },
};

/** Bundles and minifies `code` for browsers, as the file `path`. */
export async function bundleForBrowsers(code: string, path: string): Promise<void> {
  await build({
    stdin: { contents: code, resolveDir: HERE },
    outfile: path,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    external: ["node:*"],
    plugins: [LATER],
    logLevel: "silent",
  });
}

/** Bytes of a bundle. */
export async function bundleSizes(path: string): Promise<Counts> {
  const bytes = await readFile(path);
  return { "bytes minified": bytes.length, "bytes compressed": gzipSync(bytes, { level: 9 }).length };
}
