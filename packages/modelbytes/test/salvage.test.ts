import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { copyOf, FIXTURES, modelbytes, ROOT, temporaryDirectory } from "./command.ts";

async function tensors(prefix: string): Promise<Record<string, unknown>> {
  return JSON.parse((await modelbytes("hash", prefix, "--json")).stdout).tensors;
}

describe.concurrent("salvage", { timeout: 30_000 }, () => {
  test("ends with 0 and writes the same bytes where nothing is lost", async ({ expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/new/model`;
    expect(await modelbytes("salvage", `${FIXTURES}/golden-mixed/model`, out)).toEqual({
      code: 0,
      stdout: `wrote ${out}: 6 tensors, 49 bytes; nothing is lost\n`,
      stderr: "",
    });
    for (const end of ["index", "data-00000-of-00001"]) {
      const original = await readFile(join(ROOT, FIXTURES, `golden-mixed/model.${end}`));
      expect((await readFile(`${out}.${end}`)).equals(original)).toBe(true);
    }
  });

  test("tells each loss and why, ends with 1, and what it wrote is sound", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("golden-mixed", onTestFinished);
    const before = await tensors(`${folder}/model`);
    const file = `${folder}/model.data-00000-of-00001`;
    await truncate(file, 41);
    const { code, stdout, stderr } = await modelbytes("salvage", `${folder}/model`, `${folder}/saved`);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toBe(`wrote ${folder}/saved: 5 tensors, 45 bytes; 1 tensor is lost`);
    expect(lines.slice(0, -1)).toEqual([
      expect.stringMatching(/^lost {2}z {2}.*, byte 41: the data file is cut short/),
    ]);
    const { z: _, ...rest } = before; // e0 and e1 lie behind the cut, and have no elements
    expect(await tensors(`${folder}/saved`)).toEqual(rest);
    expect((await modelbytes("verify", `${folder}/saved`)).code).toBe(0);
  });

  test("goes on around a block of the index that is damaged", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("small-blocks", onTestFinished);
    const index = await readFile(`${folder}/model.index`);
    index.fill(0xff, 1000, 1002);
    await writeFile(`${folder}/model.index`, index);
    const { code, stdout } = await modelbytes("salvage", `${folder}/model`, `${folder}/saved`);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^lost {2}keys behind "[^"]*" up to "[^"]*" {2}.*model\.index, byte \d+: /);
    expect(stdout).toMatch(/; tensors may be lost whose names nobody knows\n$/);
    expect((await modelbytes("verify", `${folder}/saved`)).code).toBe(0);
  });

  test("does without a data file", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("saver-sharded", onTestFinished);
    await rm(`${folder}/model.data-00001-of-00002`);
    const { code, stdout } = await modelbytes("salvage", `${folder}/model`, `${folder}/saved`);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^lost {2}.*missing/m);
    expect((await modelbytes("verify", `${folder}/saved`)).code).toBe(0);
  });

  test("replaces nothing without --force, and the damaged checkpoint never", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("golden-mixed", onTestFinished);
    const from = `${FIXTURES}/golden-one/model`;
    const refused = await modelbytes("salvage", from, `${folder}/model`);
    expect({ code: refused.code, tensors: Object.keys(await tensors(`${folder}/model`)).length }).toEqual({
      code: 2,
      tensors: 6,
    });
    expect((await modelbytes("salvage", from, `${folder}/model`, "--force")).code).toBe(0);
    expect(Object.keys(await tensors(`${folder}/model`))).toEqual(["x"]);
    const itself = await modelbytes("salvage", `${folder}/model`, `${folder}/model`, "--force");
    expect({ code: itself.code, stderr: itself.stderr }).toEqual({
      code: 2,
      stderr: "error: OUT is the damaged checkpoint itself\nhint: write to another place; it may yet be needed\n",
    });
  });

  test("leaves nothing behind where there is nothing to be saved", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    const absent = await modelbytes("salvage", `${folder}/x`, `${folder}/new/model`);
    expect(absent.code).toBe(3);
    expect(absent.stderr).toContain("\nhint: give the prefix of a checkpoint");
    const v1 = await modelbytes("salvage", `${FIXTURES}/v1-dtypes/model`, `${folder}/new/model`);
    expect({ code: v1.code, stdout: v1.stdout }).toEqual({ code: 4, stdout: "" });
    expect(await readdir(folder)).toEqual([]);
    await writeFile(`${folder}/noise.index`, "x".repeat(1000));
    const noise = await modelbytes("salvage", `${folder}/noise`, `${folder}/new/model`);
    expect(noise.code).toBe(1);
    expect(await readdir(folder)).toEqual(["noise.index"]);
  });
});
