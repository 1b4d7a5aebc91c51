// Every example of the READMEs is compiled and run from the root of the repository.
//
// - A `ts` block is a module, compiled with the workspace's strict options. It fails where it does not compile or throws. A comment
//   behind a line that begins with console.log is a line of the output. `ts skip: REASON` is for what needs the network.
// - In a `console` block, lines that begin with "$ " are commands, and the lines below them are their output, exactly: a line
//   `…` stands for any lines, and a number before a unit of time or a rate for any number. A command succeeds, unless it ends in
//   a comment such as `# exits with 1`.
// - Other blocks, such as `sh`, are only read.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "./command.ts";
import { type Block, blocksOf, commandsOf, matches, withoutTimes } from "./documents.ts";
import { filesBelow, PACKAGES, ROOT } from "./workspace.ts";

const FILES = [
  "README.md",
  ...PACKAGES.flatMap(({ folder }) => filesBelow(`packages/${folder}`, ".md")),
  ...filesBelow("benchmarks", ".md"),
  "fixtures/README.md",
].filter((file) => !file.includes("/node_modules/"));
const BLOCKS = FILES.flatMap(blocksOf);
const MODULES = BLOCKS.filter(({ info }) => info === "ts").map((block) => ({ ...block, module: moduleName(block) }));
const CONSOLES = BLOCKS.filter(({ info }) => info === "console");

const GENERATED = `${ROOT}packages/conformance/.generated`;
mkdirSync(GENERATED, { recursive: true });
// Beside package.json and node_modules of this package, so that the examples may import every other.
const folder = mkdtempSync(`${GENERATED}/readme-`);

function moduleName({ file, line }: Block): string {
  return `${file.replace(/\.md$/, "").replaceAll("/", "-")}-${line}`;
}

const CONFIG = {
  extends: "../../../../tsconfig.base.json",
  compilerOptions: {
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    moduleDetection: "force",
    types: ["node"],
    rootDir: ".",
    outDir: "dist",
  },
  include: ["*.ts"],
};

/** What the compiler says of each module, in the words of the README: its lines are the lines of the module. */
const complaints = new Map<string, string[]>();

beforeAll(async () => {
  for (const { module, line, lines } of MODULES) {
    writeFileSync(`${folder}/${module}.ts`, `${"\n".repeat(line - 1)}${lines.join("\n")}\n`);
  }
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(CONFIG));
  const { stdout, stderr } = await run("tsc", ["--pretty", "false", "-p", folder]);
  let key = "";
  for (const text of `${stdout}${stderr}`.split("\n").filter((each) => each !== "")) {
    const place = /^(.*?)\.ts\((\d+),(\d+)\): (.*)$/.exec(text);
    const at = MODULES.find(({ module }) => `${relative(ROOT, folder)}/${module}` === place?.[1]);
    if (!text.startsWith(" ")) key = at?.module ?? ""; // an indented line goes on with what the line before it says
    const words = at === undefined ? text : `${at.file}:${place?.[2]}:${place?.[3]}: ${place?.[4]}`;
    complaints.set(key, [...(complaints.get(key) ?? []), words]);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the examples were compiled", () => expect(complaints.get("") ?? []).toEqual([]));

test.each(BLOCKS.filter(({ info }) => info.startsWith("ts ")))("$file:$line is skipped for a reason", ({ info }) => {
  expect(info).toMatch(/^ts skip: \w+/);
});

/** Comments behind a line that is a console.log and nothing more: they claim what is printed. */
function claims({ lines }: Block): string[] {
  return lines.flatMap((line) => /^console\.log\(.*\);?\s+\/\/ (.+)$/.exec(line)?.[1] ?? []);
}

describe.runIf(MODULES.length > 0)("examples in TypeScript", { timeout: 60_000 }, () => {
  const parallel = Math.max(1, availableParallelism());
  let free = parallel;
  const waiting: (() => void)[] = [];

  /** Runs at most as many programs at once as there are processors. */
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  }

  test.concurrent.each(MODULES)("$file:$line", async ({ module, ...block }) => {
    expect(complaints.get(module) ?? []).toEqual([]);
    const ended = await inTurn(() => run(process.execPath, ["--enable-source-maps", `${folder}/dist/${module}.js`]));
    const where = `${block.file}:${block.line}\n${ended.stdout}${ended.stderr}`;
    expect(ended.status, where).toBe(0);
    const output = withoutTimes(ended.stdout).split("\n");
    let from = 0;
    for (const claim of claims(block)) {
      const at = output.indexOf(withoutTimes(claim), from);
      expect(at, `it does not print ${JSON.stringify(claim)}: ${where}`).toBeGreaterThanOrEqual(from);
      from = at + 1;
    }
  });
});

describe.runIf(CONSOLES.length > 0)("examples of commands", { timeout: 60_000 }, () => {
  test.each(CONSOLES)("$file:$line", async (block) => {
    for (const { line, command, output } of commandsOf(block)) {
      const ended = await run("bash", ["-c", `exec 2>&1\n${command}`]);
      const printed = ended.stdout.split("\n").slice(0, ended.stdout.endsWith("\n") ? -1 : undefined);
      const status = Number(/# exits with (\d+)$/.exec(command)?.[1] ?? 0);
      const where = `${block.file}:${line}: $ ${command}`;
      if (!matches(printed, output)) expect(printed.map(withoutTimes), where).toEqual(output.map(withoutTimes));
      expect(ended.status, where).toBe(status);
    }
  });
});

describe("what is shown is compared with what happens", () => {
  test.each([
    [["a", "b"], ["a", "b"], true],
    [["a", "b"], ["a"], false],
    [["a"], ["a", "b"], false],
    [["a", "b", "c"], ["a", "…"], true],
    [["a", "b", "c"], ["…", "c"], true],
    [["a"], ["a", "…"], true],
    [["a", "b"], ["…", "a"], false],
    [["done (12 ms, 8.1 GB/s)"], ["done (7.5 ms, 10 GB/s)"], true],
    [["12 tensors"], ["13 tensors"], false],
    [["2 strings"], ["3 strings"], false],
  ])("%j shown as %j: %s", (lines, shown, expected) => expect(matches(lines, shown)).toBe(expected));
});
