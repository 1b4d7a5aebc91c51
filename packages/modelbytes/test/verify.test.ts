import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { copyOf, damageByte, FIXTURES, fixtures, modelbytes, modelbytesHere, temporaryDirectory } from "./command.ts";

const all = await fixtures();

describe.concurrent("verify", { timeout: 30_000 }, () => {
  test.for(all.filter(([name]) => name !== "partitioned-bad"))(
    "finds nothing in %s",
    async ([name, expected], { expect }) => {
      const { code, stdout, stderr } = await modelbytesHere(
        "verify",
        `${FIXTURES}/${name}/${expected.prefix}`,
        "--json",
      );
      const { bytes, ...rest } = JSON.parse(stdout);
      const tensors = Object.keys(expected.tensors).length;
      expect(rest).toEqual({ ok: true, format: expected.format, tensors, problems: [] });
      expect({ code, stderr, type: typeof bytes }).toEqual({ code: 0, stderr: "", type: "number" });
    },
  );

  test("prints one line for a sound checkpoint", async ({ expect }) => {
    expect(await modelbytes("verify", `${FIXTURES}/demo/ckpt-3`)).toEqual({
      code: 0,
      stdout: "ok: 27 tensors, 65,231 bytes, every checksum holds\n",
      stderr: "",
    });
  });

  test("tells the place of a flipped byte, and which tensor is damaged", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("golden-mixed", onTestFinished);
    const file = `${folder}/model.data-00000-of-00001`;
    await damageByte(file, 3);
    const { code, stdout } = await modelbytes("verify", `${folder}/model`, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      format: "tensor-bundle",
      tensors: 6,
      bytes: 49,
      problems: [{ file, offset: 0, tensor: "b" }],
    });
    const text = await modelbytes("verify", `${folder}/model`);
    const [problem = "", last] = text.stdout.split("\n");
    const [{ code: name = "", message = "" } = {}] = JSON.parse(stdout).problems;
    expect({ code: text.code, problem, last }).toEqual({ code: 1, problem: `${name}  ${message}`, last: "1 problem" });
    expect(message).toContain(`${file}, byte 0, tensor "b": `);
    const hint = `hint: \`modelbytes salvage ${folder}/model OUT\` saves what is whole to a new checkpoint\n`;
    expect(text.stderr).toBe(hint);
  });

  test("goes on after each problem", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("golden-mixed", onTestFinished);
    await truncate(`${folder}/model.data-00000-of-00001`, 20);
    const { code, stdout } = await modelbytes("verify", `${folder}/model`, "--json");
    const problems: readonly { tensor: string }[] = JSON.parse(stdout).problems;
    expect({ code, tensors: problems.map(({ tensor }) => tensor) }).toEqual({
      code: 1,
      tensors: ["b", "a", "sub/c", "z", "e1"],
    });
  });

  test("counts a missing data file as damage", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("saver-sharded", onTestFinished);
    await rm(`${folder}/model.data-00001-of-00002`);
    const { code, stdout } = await modelbytes("verify", `${folder}/model`);
    expect(code).toBe(1);
    expect(stdout).toContain("shard-missing  ");
    expect(stdout).toMatch(/\n1 problem\n$/);
  });

  test("finds parts that leave a gap or overlap", async ({ expect }) => {
    const { code, stdout } = await modelbytes("verify", `${FIXTURES}/partitioned-bad/model`, "--json");
    const problems: readonly { tensor: string }[] = JSON.parse(stdout).problems;
    expect(code).toBe(1);
    expect(new Set(problems.map(({ tensor }) => tensor))).toEqual(new Set(["gap", "overlap"]));
  });

  test("takes an index that cannot be opened for one problem", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("golden-one", onTestFinished);
    await truncate(`${folder}/model.index`, 60);
    const { code, stdout, stderr } = await modelbytes("verify", `${folder}/model`, "--json");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      format: null,
      tensors: 0,
      bytes: 0,
      problems: [{ file: `${folder}/model.index`, tensor: null }],
    });
  });

  test("does not take absence, or another format, for damage", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    const absent = await modelbytes("verify", `${folder}/model`, "--json");
    expect({ code: absent.code, stdout: absent.stdout }).toEqual({ code: 3, stdout: "" });
  });

  test.for([
    ["x.tflite", "\u001c\u0000\u0000\u0000TFL3", "a TFLite flatbuffer"],
    ["x.png", "\u0089PNG\r\n\u001a\n", "a PNG picture"],
    ["x.pkl", "\u0080\u0004\u0095", "a pickle, which runs code when it is loaded"],
    ["x.h5", "<!DOCTYPE html>", "a page of HTML"],
    ["x.json", '{"modelTopology": {}}', "a TensorFlow.js model.json"],
    ["package.json", '{"name": "x"}', "a JSON text, but none of a model"],
  ])("says what %s is, which is no model", async ([name = "", content = "", what], { expect, onTestFinished }) => {
    const path = join(await temporaryDirectory(onTestFinished), name);
    await writeFile(path, content, "latin1");
    expect(await modelbytes("verify", path)).toEqual({
      code: 4,
      stdout: "",
      stderr: `error: ${path}: this is ${what}\n`,
    });
  });

  test("says what is left of a damaged index, as inspect and hash do", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("small-blocks", onTestFinished);
    await damageByte(`${folder}/model.index`, 1000);
    const path = `${folder}/model`;
    const [verified, inspected, hashed] = await Promise.all([
      modelbytes("verify", path, "--json"),
      modelbytes("inspect", path, "--json"),
      modelbytes("hash", path, "--json"),
    ]);
    const [problem] = JSON.parse(verified.stdout).problems;
    expect(JSON.parse(inspected.stdout).problems).toEqual([problem]);
    for (const { stderr } of [inspected, hashed]) expect(stderr).toBe(`error: ${problem.message}\n`);
    expect([verified.code, inspected.code, hashed.code]).toEqual([1, 1, 1]);
    const left = Object.keys(JSON.parse(hashed.stdout).tensors).length;
    expect(left).toBeLessThan(100);
    expect(left).toBeGreaterThan(50);
    const [name = ""] = Object.keys(JSON.parse(hashed.stdout).tensors);
    const { code, stderr } = await modelbytes("read", path, name);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "note: the tensor is whole, but the checkpoint has 1 problem: run verify\n",
    });
  });
});
