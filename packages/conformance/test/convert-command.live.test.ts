// The command on random trees of objects: Python writes them, `modelbytes convert` and `modelbytes salvage` make others of them, and
// Python restores those. MODELBYTES_SEEDS=20:100 takes other seeds.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OBJECT_GRAPH_KEY, openBundle } from "@modelbytes/tensor-bundle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "./command.ts";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_SEEDS = "0:12" } = process.env;
const [first = 0, end = 0] = MODELBYTES_SEEDS.split(":").map(Number);
const SEEDS = Array.from({ length: end - first }, (_, index) => first + index);

/** What converted_trees.py is to try. */
interface Attempt {
  readonly seed: number;
  readonly prefix: string;
  readonly saved: boolean;
  readonly complete: boolean;
  readonly cast: Readonly<Record<string, string>>;
  readonly renamed: Readonly<Record<string, string>>;
  readonly without: readonly string[];
}

interface Answer {
  readonly seed: number;
  readonly prefix: string;
  readonly compared?: number;
  readonly blank?: number;
  readonly problem?: string;
}

/** A line of random_trees.py, as far as it matters here. */
interface Tree {
  readonly seed: number;
  readonly saved: boolean;
  readonly keywords?: readonly (readonly [name: string, node: number])[];
}

/** Cuts bytes from the end of a file. */
function cutShort(file: string, bytes: number): void {
  truncateSync(file, statSync(file).size - bytes);
}

/** Changes a byte in the first half of a file. */
function damageByte(file: string, where: number): void {
  const bytes = readFileSync(file);
  const at = Math.floor((where * bytes.length) / 2);
  bytes[at] = 0xa5 ^ (bytes[at] ?? 0);
  writeFileSync(file, bytes);
}

const CAST = { float32: "float64", float16: "float32" };
const CASTING = Object.entries(CAST).flatMap(([from, to]) => ["--cast", `${from}=${to}`]);
const STRIPPING = ["--strip", "optimizer"];

describe.runIf(hasPython())("the command on random trees", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-convert-"));
  const trees: Tree[] = [];
  const attempts: Attempt[] = [];
  let python = "";

  beforeAll(async () => {
    python = await interpreter("tensorflow-2.21");
    const lines = await runPython(
      ...([python, "fixtures/tensor-bundle/random_trees.py"] as const),
      ...["write", "--seeds", MODELBYTES_SEEDS, folder],
    );
    for (const line of lines.trimEnd().split("\n")) trees.push(JSON.parse(line));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function nameOf({ saved }: Tree): string {
    return saved ? "model-1" : "model";
  }

  function original(tree: Tree): string {
    return join(folder, `${tree.seed}/python`, nameOf(tree));
  }

  /** The keys of a checkpoint, the object graph's left out. */
  async function keysOf(prefix: string): Promise<string[]> {
    await using bundle = await openBundle(prefix);
    for await (const problem of bundle.verify()) expect.fail(problem.message);
    return [...bundle.entries.keys()].filter((key) => key !== OBJECT_GRAPH_KEY);
  }

  /** Converts a tree; `undefined` where the command says that nothing would be left. */
  async function convert(
    tree: Tree,
    kind: string,
    options: readonly string[],
    expected: Partial<Attempt> = {},
  ): Promise<string[] | undefined> {
    const prefix = `${tree.seed}/${kind}/${nameOf(tree)}`;
    const ended = await run("modelbytes", ["convert", original(tree), join(folder, prefix), ...options]);
    if (ended.status === 2) {
      expect(ended.stderr).toMatch(/^error: nothing would be left/);
      expect(readdirSync(join(folder, String(tree.seed)))).not.toContain(kind);
      return undefined;
    }
    expect([ended.status, ended.stderr.replace(/^note: .*\n/gm, "")]).toEqual([0, ""]);
    attempts.push({
      ...{ seed: tree.seed, prefix, saved: tree.saved, complete: true, cast: {}, renamed: {}, without: [] },
      ...expected,
    });
    return await keysOf(join(folder, prefix));
  }

  /** Salvages a copy of a tree that is damaged first. */
  async function salvage(tree: Tree, kind: string, damage: (prefix: string) => void, complete: boolean): Promise<void> {
    const name = nameOf(tree);
    const damaged = join(folder, `${tree.seed}/${kind}-damaged`);
    cpSync(join(folder, `${tree.seed}/python`), damaged, { recursive: true });
    damage(join(damaged, name));
    const prefix = `${tree.seed}/${kind}/${name}`;
    const { status, stdout } = await run("modelbytes", ["salvage", join(damaged, name), join(folder, prefix)]);
    expect(stdout).toMatch(/^wrote /m);
    expect(status).toBe(stdout.includes("nothing is lost") ? 0 : 1);
    if (complete) expect(status).toBe(0);
    const left = await keysOf(join(folder, prefix));
    await using bundle = await openBundle(join(folder, prefix));
    if (!bundle.entries.has(OBJECT_GRAPH_KEY)) return; // a name-based checkpoint now
    expect(left.length).toBeLessThanOrEqual((await keysOf(original(tree))).length);
    attempts.push({
      ...{ seed: tree.seed, prefix, saved: tree.saved, complete, cast: {}, renamed: {}, without: [] },
    });
  }

  describe.each(SEEDS)("seed %i", (seed) => {
    const tree = (): Tree => trees.find((each) => each.seed === seed) ?? expect.fail(`no tree ${seed}`);

    test("convert", { timeout: 60_000 }, async () => {
      const keys = await keysOf(original(tree()));
      expect(await convert(tree(), "shards", ["--shards", "3"])).toEqual(keys);

      const kept = keys.filter((key) => !/(^|\/)optimizer\//.test(key));
      const stripped = await convert(tree(), "strip", STRIPPING, { without: ["optimizer"] });
      expect(stripped ?? []).toEqual(kept);

      const casting = [...STRIPPING, ...CASTING, "--shards", "2"];
      await convert(tree(), "cast", casting, { without: ["optimizer"], cast: CAST });

      const [top = ""] = keys.map((key) => key.split("/")[0] ?? "").filter((name) => name !== "");
      const only = await convert(tree(), "only", ["--only", `${top}/**`], { complete: false });
      expect(only).toEqual(keys.filter((key) => key.startsWith(`${top}/`)));
    });

    test("convert with other names", { timeout: 60_000 }, async () => {
      const { keywords } = tree();
      if (keywords === undefined) return; // the names are those of a class
      const keys = await keysOf(original(tree()));
      const own = keywords.map(([name]) => name).filter((name) => keys.some((key) => key.startsWith(`${name}/`)));
      const renamed = Object.fromEntries(own.map((name) => [name, `new_${name}`]));
      const renaming = Object.entries(renamed).flatMap(([from, to]) => ["--rename", `${from}=${to}`]);
      const found = await convert(tree(), "rename", renaming, { renamed });
      expect(found).toHaveLength(keys.length);
      const { optimizer: _, ...rest } = renamed;
      const all = Object.entries(rest).flatMap(([from, to]) => ["--rename", `${from}=${to}`]);
      if (all.length === 0) return;
      const options = [...all, ...STRIPPING, ...CASTING, "--shards", "4", "--only", "**"];
      await convert(tree(), "all", options, { renamed: rest, cast: CAST, without: ["optimizer"] });
    });

    test("salvage", { timeout: 60_000 }, async () => {
      await salvage(tree(), "index", (prefix) => cutShort(`${prefix}.index`, 48), true);
      await salvage(tree(), "byte", (prefix) => damageByte(`${prefix}.data-00000-of-00001`, seed / end), false);
    });
  });

  test("Python restores them all", { timeout: 600_000 }, async () => {
    writeFileSync(join(folder, "plan.json"), JSON.stringify(attempts));
    const lines = await runPython(python, "fixtures/tensor-bundle/converted_trees.py", folder);
    const answers: Answer[] = lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(answers).toHaveLength(attempts.length);
    const sum = (kind: "compared" | "blank") => answers.reduce((total, each) => total + (each[kind] ?? 0), 0);
    expect(sum("compared")).toBeGreaterThan(attempts.length);
    expect(sum("blank")).toBeGreaterThan(0);
  });
});
