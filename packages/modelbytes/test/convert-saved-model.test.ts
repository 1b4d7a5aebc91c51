import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { FIXTURES, fixtures, modelbytes, modelbytesHere, ROOT, SAVED_MODELS, temporaryDirectory } from "./command.ts";

const NAMES = readdirSync(join(ROOT, SAVED_MODELS)).filter((name) =>
  existsSync(join(ROOT, SAVED_MODELS, name, "expected.json")),
);
const WITH_VARIABLES = NAMES.filter((name) => existsSync(join(ROOT, pathOf(name), "variables/variables.index")));

function pathOf(name: string): string {
  return `${SAVED_MODELS}/${name}/model`;
}

/** The files below a directory, by path. */
function filesIn(directory: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(path.slice(directory.length + 1), readFileSync(path));
  }
  return files;
}

function expectSame(
  expect: (value: unknown, name?: string) => { toBe(value: unknown): void },
  a: string,
  b: string,
): void {
  const [first, second] = [filesIn(a), filesIn(b)];
  expect([...second.keys()].sort().join("\n")).toBe([...first.keys()].sort().join("\n"));
  for (const [path, bytes] of first) expect(second.get(path)?.equals(bytes), path).toBe(true);
}

async function hashes(path: string): Promise<Record<string, { dtype: string; shape: number[]; sha256: string }>> {
  const verified = await modelbytesHere("verify", path);
  if (verified.code !== 0) throw new Error(verified.stdout + verified.stderr);
  return JSON.parse((await modelbytesHere("hash", path, "--json")).stdout).tensors;
}

describe.concurrent("a SavedModel is converted", { timeout: 30_000 }, () => {
  test.for(NAMES)("to the same files: %s", async (name, { expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/copy`;
    const { code, stderr } = await modelbytesHere("convert", pathOf(name), `${out}/`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expectSame(expect, join(ROOT, pathOf(name)), out);
  });

  test.for(WITH_VARIABLES)("to a checkpoint of the same bytes: %s", async (name, { expect, onTestFinished }) => {
    const out = await temporaryDirectory(onTestFinished);
    const { code, stderr } = await modelbytesHere("convert", pathOf(name), `${out}/variables`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expectSame(expect, join(ROOT, pathOf(name), "variables"), out);
  });

  test.for(NAMES)("to a sound one without what only training needs: %s", async (name, { expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/slim`;
    const { code, stderr } = await modelbytesHere("convert", pathOf(name), `${out}/`, "--strip", "optimizer");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { problems } = JSON.parse((await modelbytesHere("verify", out, "--json")).stdout);
    expect(problems.filter(({ code: found }: { code: string }) => found !== "unused")).toEqual([]);
    expect(existsSync(`${out}/debug`)).toBe(false);
    const [before, after] = [await modelbytesHere("show", pathOf(name)), await modelbytesHere("show", out)];
    expect(after).toEqual(before);
  });

  test("onto itself", async ({ expect, onTestFinished }) => {
    const folder = join(await temporaryDirectory(onTestFinished), "model");
    await cp(join(ROOT, pathOf("keras-2-sequential")), folder, { recursive: true });
    const before = await hashes(folder);
    expect((await modelbytes("convert", folder, folder, "--to", "saved-model")).code).toBe(2);
    const { code, stdout } = await modelbytes("convert", folder, `${folder}/`, "--force", "--strip", "optimizer");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^wrote .*: saved-model, 1 MetaGraph, \d+ tensors, \d+ functions dropped\n$/);
    expect((await modelbytes("verify", folder, "--json")).stdout).not.toContain("fingerprint");
    expect(JSON.parse((await modelbytes("hash", folder, "--json")).stdout).tensors).toEqual(before);
  });

  test("with other names only as a checkpoint", async ({ expect, onTestFinished }) => {
    const out = await temporaryDirectory(onTestFinished);
    const refused = await modelbytes("convert", pathOf("nested"), `${out}/model/`, "--rename", "first=last");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("hint: --to tensor-bundle");
    const options = ["--only", "first/**", "--rename", "first=last", "--cast", "float32=float64"];
    expect((await modelbytes("convert", pathOf("nested"), `${out}/ckpt`, ...options)).code).toBe(0);
    const written = await hashes(`${out}/ckpt`);
    expect(Object.keys(written)).toEqual(["_CHECKPOINTABLE_OBJECT_GRAPH", "last/weight/.ATTRIBUTES/VARIABLE_VALUE"]);
    expect(written["last/weight/.ATTRIBUTES/VARIABLE_VALUE"]?.dtype).toBe("float64");
  });

  test("only where it has variables", async ({ expect, onTestFinished }) => {
    const out = await temporaryDirectory(onTestFinished);
    const { code, stderr } = await modelbytes("convert", pathOf("v1-no-variables"), `${out}/ckpt`);
    expect(code).toBe(3);
    expect(stderr).toContain("has no variables");
    expect(readdirSync(out)).toEqual([]);
  });
});

/** Checkpoints with names that are not UTF-8, which no SavedModel has. */
const BYTES: readonly string[] = ["names-bytes"];

const CHECKPOINTS = (await fixtures()).filter(([name]) => name !== "partitioned-bad");

describe.concurrent("a checkpoint becomes a SavedModel", { timeout: 30_000 }, () => {
  test.for(CHECKPOINTS)(
    "that is sound and has its variables: %s",
    async ([name, { prefix }], { expect, onTestFinished }) => {
      const out = `${await temporaryDirectory(onTestFinished)}/model`;
      const from = `${FIXTURES}/${name}/${prefix}`;
      const { code, stderr } = await modelbytesHere("convert", from, `${out}/`);
      if (BYTES.includes(name)) {
        expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining("UTF-8") });
        expect(existsSync(out)).toBe(false);
        return;
      }
      expect(code).toBe(0);
      const [old, written] = [await hashes(from), await hashes(out)];
      const { _CHECKPOINTABLE_OBJECT_GRAPH: graph, ...tensors } = old;
      const sorted = (found: typeof old) =>
        Object.values(found)
          .map(({ sha256 }) => sha256)
          .sort();
      const { _CHECKPOINTABLE_OBJECT_GRAPH: _, ...variables } = written;
      const plain = Object.entries(tensors).filter(([, { dtype }]) => dtype !== "variant");
      if (graph === undefined) expect(sorted(variables)).toEqual(sorted(Object.fromEntries(plain)));
      else for (const [key, tensor] of Object.entries(variables)) expect(tensors[key]).toEqual(tensor);
      const lost = Object.keys(tensors).length - Object.keys(variables).length;
      expect(lost > 0, stderr).toBe(stderr.includes("left out, being no variables"));
    },
  );

  test("with changes", async ({ expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/model`;
    const options = ["--to", "saved-model", "--strip", "optimizer", "--cast", "float32=bfloat16", "--shards", "2"];
    expect(await modelbytes("convert", `${FIXTURES}/demo/ckpt-3`, out, ...options)).toEqual({
      code: 0,
      stdout: `wrote ${out}: saved-model, 11 tensors, 12,141 bytes, 2 shards\n`,
      stderr: "",
    });
    expect(readdirSync(`${out}/variables`)).toHaveLength(3);
    expect(Object.values(await hashes(out)).map(({ dtype }) => dtype)).toContain("bfloat16");
  });

  test("in the place of another only when it may", async ({ expect, onTestFinished }) => {
    const out = join(await temporaryDirectory(onTestFinished), "model");
    await cp(join(ROOT, pathOf("sharded")), out, { recursive: true });
    const from = `${FIXTURES}/golden-one/model`;
    expect((await modelbytes("convert", from, `${out}/`)).code).toBe(2);
    expect((await modelbytes("convert", from, `${out}/`, "--force")).code).toBe(0);
    expect([...filesIn(out).keys()].sort()).toEqual([
      "saved_model.pb",
      "variables/variables.data-00000-of-00001",
      "variables/variables.index",
    ]);
    expect(Object.keys(await hashes(out))).toEqual(["_CHECKPOINTABLE_OBJECT_GRAPH", "x/.ATTRIBUTES/VARIABLE_VALUE"]);
  });
});

test("the variables of a damaged SavedModel are salvaged", async ({ expect, onTestFinished }) => {
  const directory = await temporaryDirectory(onTestFinished);
  await cp(join(ROOT, pathOf("nested")), `${directory}/model`, { recursive: true });
  await truncate(`${directory}/model/variables/variables.data-00000-of-00001`, 1700);
  const refused = await modelbytes("convert", `${directory}/model`, `${directory}/new`);
  expect(refused.code).toBe(1);
  await rm(`${directory}/new.index`, { force: true });
  const { code, stdout, stderr } = await modelbytes("salvage", `${directory}/model`, `${directory}/saved`);
  expect(code).toBe(1);
  expect(stdout).toMatch(/ tensors, .*lost\n$/);
  expect(stderr).toContain("note: this is a SavedModel, of which the variables are salvaged");
  expect((await modelbytes("verify", `${directory}/saved`)).code).toBe(0);
});
