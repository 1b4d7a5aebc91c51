// The command on random SavedModels: Python writes them, `modelbytes show` says what saved_model_cli does, and Python loads what
// `modelbytes convert` makes of them. MODELBYTES_SEEDS=20:100 takes other seeds.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "./command.ts";
import { hasPython, interpreter, runPython } from "./python.ts";
import { ROOT } from "./workspace.ts";

const { MODELBYTES_SEEDS = "0:5" } = process.env;
const [first = 0, end = 0] = MODELBYTES_SEEDS.split(":").map(Number);
const SEEDS = Array.from({ length: end - first }, (_, index) => first + index);

/** A line of random_model.py. */
interface Written {
  readonly seed: number;
  readonly tags: readonly string[];
  readonly signatures: Readonly<Record<string, unknown>>;
}

interface Hashed {
  readonly sha256: string;
}

function hashesIn(tensors: Readonly<Record<string, Hashed>>): string[] {
  return Object.values(tensors)
    .map(({ sha256 }) => sha256)
    .sort();
}

interface Loaded {
  readonly error?: string;
  readonly variables?: Readonly<Record<string, Hashed>>;
  readonly signatures?: Readonly<Record<string, { readonly outputs?: unknown }>>;
}

/** What judge.py says of a model. */
interface Judged {
  readonly metaGraphs: readonly { readonly python: Loaded; readonly v1: Loaded; readonly c: Loaded }[];
  readonly cli: readonly { readonly status: number; readonly stdout: string }[];
}

/** Sets come in any order in Python, and the ways to call a function too. */
function inOneOrder(text: string): string[] {
  const sets = text.replace(/\{('[^{}\n]*')\}/g, (_, items: string) => `{${items.split(", ").sort().join(", ")}}`);
  return sets
    .replace(/Option #\d+/g, "Option")
    .trimEnd()
    .split("\n")
    .sort();
}

/** Asks judge.py about several models at once. */
function judge(python: string, requests: readonly object[]): Promise<Judged[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, ["fixtures/saved-model/judge.py", "--requests"], {
      cwd: ROOT,
      env: { ...process.env, PYTHONHASHSEED: "0", PYTHONDONTWRITEBYTECODE: "1" },
      stdio: ["pipe", "pipe", "ignore"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    child.on("error", reject);
    child.on("close", () =>
      resolve(
        text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
      ),
    );
    child.stdin.end(requests.map((request) => `${JSON.stringify(request)}\n`).join(""));
  });
}

describe.runIf(hasPython())("the command on random SavedModels", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-saved-model-"));
  const models: Written[] = [];
  let python = "";
  const original = (seed: number) => join(folder, `${seed}/model`);

  beforeAll(async () => {
    python = await interpreter("tensorflow-2.21");
    const lines = await runPython(python, "fixtures/saved-model/random_model.py", "--seeds", MODELBYTES_SEEDS, folder);
    for (const line of lines.trimEnd().split("\n")) models.push(JSON.parse(line));
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("there are all of them", () => expect(models.map(({ seed }) => seed)).toEqual(SEEDS));

  test("show says what saved_model_cli does", { timeout: 600_000 }, async () => {
    const forms = models.map(({ tags, signatures }) => {
      const tagSet = ["--tag_set", tags.join(",")];
      const keys = Object.keys(signatures).map((key) => [...tagSet, "--signature_def", key]);
      return [[], ["--all"], ["--list_ops"], tagSet, [...tagSet, "--list_ops"], ...keys];
    });
    const requests = models.map(({ seed }, at) => ({
      ...{ folder: original(seed), loaders: [] },
      cli: forms[at]?.map((form) => ["show", "--dir", "DIR", ...form]),
    }));
    const judged = await judge(python, requests);
    for (const [at, { seed }] of models.entries()) {
      for (const [number, form] of (forms[at] ?? []).entries()) {
        const printed = judged[at]?.cli[number];
        const { status, stdout } = await run("modelbytes", ["show", original(seed), ...form]);
        expect([seed, form, status]).toEqual([seed, form, printed?.status]);
        expect({ seed, form, lines: inOneOrder(stdout) }).toEqual({
          seed,
          form,
          lines: inOneOrder(printed?.stdout ?? ""),
        });
      }
    }
  });

  test("Python loads what convert makes of them", { timeout: 600_000 }, async () => {
    const kinds = ["model", "copy", "slim", "variables"] as const;
    for (const { seed } of models) {
      const at = (name: string) => join(folder, String(seed), name);
      const commands = [
        ["convert", at("model"), `${at("copy")}/`],
        ["convert", at("model"), `${at("slim")}/`, "--strip", "optimizer"],
        ["convert", at("model"), at("ckpt/variables")],
        ["convert", at("ckpt/variables"), `${at("variables")}/`],
        ["verify", at("variables")],
      ];
      for (const command of commands) {
        const { status, stderr } = await run("modelbytes", command);
        expect([command, status, stderr.replace(/^note: left out, .*\n/, "")]).toEqual([command, 0, ""]);
      }
    }
    const folders = models.flatMap(({ seed }) => kinds.map((kind) => join(folder, String(seed), kind)));
    const judged = await judge(
      python,
      folders.map((each) => ({ folder: each })),
    );
    let compared = 0;
    for (const [at, { seed }] of models.entries()) {
      const [old, copy, slim, variables] = judged.slice(4 * at, 4 * at + 4).map(({ metaGraphs }) => metaGraphs[0]);
      expect([seed, copy]).toEqual([seed, old]);
      expect([seed, slim?.v1, slim?.c]).toEqual([seed, old?.v1, old?.c]);
      expect([seed, slim?.python.signatures]).toEqual([seed, old?.python.signatures]);
      expect([seed, variables?.python.error, variables?.c.error]).toEqual([seed, undefined, undefined]);
      const wanted = old?.python.variables ?? {};
      expect([seed, variables?.python.variables]).toEqual([seed, wanted]);
      compared += Object.keys(wanted).length;
    }
    expect(compared).toBeGreaterThan(models.length);
  });

  test("Python loads what convert makes of checkpoints", { timeout: 600_000 }, async () => {
    const prefixes = [
      "demo/ckpt-3",
      "objects-slots/ckpt-1",
      "keras-2-adam-slots/ckpt-1",
      "objects-keras-3-model/model",
    ];
    prefixes.push(
      "saver/model.ckpt-1200",
      "v1-saver/model.ckpt-7",
      "golden-mixed/model",
      "objects-root-variable/model",
    );
    const folders = prefixes.map((prefix) => join(folder, prefix));
    for (const [at, prefix] of prefixes.entries()) {
      const { status } = await run("modelbytes", ["convert", `fixtures/tensor-bundle/${prefix}`, `${folders[at]}/`]);
      expect([prefix, status]).toEqual([prefix, 0]);
    }
    const judged = await judge(
      python,
      folders.map((each) => ({ folder: each })),
    );
    for (const [at, prefix] of prefixes.entries()) {
      const { tensors }: { tensors: Record<string, Hashed> } = JSON.parse(
        (await run("modelbytes", ["hash", folders[at] ?? "", "--json"])).stdout,
      );
      const { _CHECKPOINTABLE_OBJECT_GRAPH: _, ...values } = tensors;
      const [loaded] = judged[at]?.metaGraphs ?? [];
      for (const { variables } of [loaded?.python, loaded?.v1].map((each) => each ?? {})) {
        expect([prefix, hashesIn(variables ?? {})]).toEqual([prefix, hashesIn(values)]);
      }
      expect([prefix, loaded?.c.error]).toEqual([prefix, undefined]);
    }
  });
});
