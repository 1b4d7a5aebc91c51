// Puts the command into a few files, dist/bundle: they start in a third of the time that the hundreds of modules in dist take.
// The packages of others go with it, and their licenses. `pnpm build` runs this, and vitest before its tests.

import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const MAIN = fileURLToPath(new URL("dist/command/main.js", import.meta.url));
const BUNDLE = fileURLToPath(new URL("dist/bundle/", import.meta.url));

/** What seven commands and formats share is one file, which all of them read. */
const groups = [{ name: "shared", minShareCount: 7 }];

/** The files of the bundle by their names. */
async function filesOfBundle() {
  const build = await rolldown({ input: MAIN, platform: "node" });
  const { output } = await build.generate({
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    codeSplitting: { groups },
    minify: true,
  });
  const modules = output.flatMap(({ moduleIds = [] }) => moduleIds);
  return new Map([
    ["LICENSES.md", licenses(modules)],
    ...output.map(({ fileName, code }) => [fileName, code]).reverse(), // main.js is the last to be written
  ]);
}

/** The licenses of the packages of others that modules are from. */
function licenses(modules) {
  const folders = modules.flatMap((id) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id) ?? []);
  const texts = [...new Set(folders)].map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined) throw new Error(`${folder} has no license`);
    return `# ${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return texts.sort().join("\n");
}

/** Writes what has changed, and removes what is no longer of the bundle. */
async function bundle() {
  const files = await filesOfBundle();
  mkdirSync(BUNDLE, { recursive: true });
  for (const [name, text] of files) {
    const path = join(BUNDLE, name);
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
  }
  for (const name of readdirSync(BUNDLE)) if (!files.has(name)) rmSync(join(BUNDLE, name));
}

/** Before tests: the command that they run is what tsc has built last. What cannot be bundled runs as it is. */
export async function setup() {
  try {
    await bundle();
  } catch (error) {
    rmSync(BUNDLE, { recursive: true, force: true });
    console.error("the command cannot be bundled:", error);
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await bundle();
