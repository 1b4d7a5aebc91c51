import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { FIXTURES, modelbytes, ROOT, temporaryDirectory } from "./command.ts";

const COMMANDS = [
  "inspect",
  "verify",
  "hash",
  "read",
  "diff",
  "convert",
  "salvage",
  "show",
  "scan",
  "bench",
  "latest",
] as const;

describe.concurrent("the command", { timeout: 30_000 }, () => {
  test.for(COMMANDS)("explains %s, with an example", async (name, { expect }) => {
    const { code, stdout, stderr } = await modelbytes(name, "-h");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Usage: modelbytes ${name} `);
    expect(stdout).toMatch(new RegExp(`\\nExample:\\n {2}\\$ modelbytes ${name} .*\\n$`));
  });

  test("explains itself", async ({ expect }) => {
    const { code, stdout } = await modelbytes("--help");
    expect(code).toBe(0);
    for (const name of COMMANDS) expect(stdout).toContain(`\n  ${name} `);
  });

  test("prints its version", async ({ expect }) => {
    const { version } = JSON.parse(await readFile(join(ROOT, "packages/modelbytes/package.json"), "utf8"));
    expect(await modelbytes("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test.for([
    ["no command", []],
    ["an unknown command", ["inspekt", "x"]],
    ["no path", ["verify"]],
    ["an empty path", ["verify", ""]],
    ["too many paths", ["hash", "a", "b"]],
    ["an unknown option", ["inspect", "a", "--yaml"]],
    ["an unknown choice", ["inspect", "a", "--names", "short"]],
    ["an option without its value", ["read", "a", "b", "--select"]],
    ["a URL that is none", ["inspect", "http://"]],
    ["no place to write to", ["convert", "a"]],
    ["an empty place to write to", ["convert", "a", ""]],
    ["a URL to write to", ["convert", "a", "https://example.com/a"]],
    ["a directory to write to", ["salvage", "a", "b/"]],
    ["a directory that is there", ["convert", "a", "packages"]],
    ["a file of a checkpoint to write to", ["salvage", "a", "b.data-00000-of-00001"]],
    ["a checkpoint to be salvaged to itself", ["salvage", "a", "./a", "--force"]],
    ["an unknown format", ["convert", "a", "b", "--to", "zip"]],
    ["an unknown part", ["convert", "a", "b", "--strip", "model"]],
    ["no pattern", ["convert", "a", "b", "--only", ""]],
    ["a renaming without TO", ["convert", "a", "b", "--rename", "c\\=d"]],
    ["a renaming without FROM", ["convert", "a", "b", "--rename", "=c"]],
    ["a renaming with other stars", ["convert", "a", "b", "--rename", "c*=d**"]],
    ["a cast without TO", ["convert", "a", "b", "--cast", "float32"]],
    ["a cast of what is no float", ["convert", "a", "b", "--cast", "int32=float32"]],
    ["two casts of one dtype", ["convert", "a", "b", "--cast", "float32=float16", "--cast", "float32=float64"]],
    ["a signature without its tags", ["show", "a", "--signature_def", "b"]],
    ["a URL to write a SavedModel to", ["convert", "a", "https://example.com/a/"]],
    ["a directory that is not empty", ["convert", "a", "packages/"]],
    ["a file to write a SavedModel to", ["convert", "a", "README.md", "--to", "saved-model"]],
    ["no place to write a SavedModel to", ["convert", "a", "", "--to", "saved-model"]],
    ["a number of shards that is none", ["convert", "a", "b", "--shards", "1.5"]],
    ["too many shards", ["convert", "a", "b", "--shards", "100000"]],
  ])("ends with 2 for %s", async ([, args = []], { expect }) => {
    const { code, stdout, stderr } = await modelbytes(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    if (args.length > 0) expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect(stderr).toMatch(args.length === 0 ? /^Usage: / : /^error: /);
  });

  test("shows where an error comes from with --debug only", async ({ expect }) => {
    const [quiet, loud] = await Promise.all([
      modelbytes("verify", "nowhere/x"),
      modelbytes("verify", "nowhere/x", "--debug"),
    ]);
    expect(quiet.stderr.split("\n")).toHaveLength(3);
    expect(loud.stderr).toMatch(/^NotFoundError: [^\n]*\n {4}at /);
    expect(loud.stderr).toContain(quiet.stderr);
    expect([quiet.code, loud.code]).toEqual([3, 3]);
  });

  test("takes names as they are", async ({ expect, onTestFinished }) => {
    const folder = join(await temporaryDirectory(onTestFinished), "a [1] *");
    await mkdir(folder);
    for (const end of [".index", ".data-00000-of-00001"]) {
      await writeFile(`${folder}/#%41${end}`, await readFile(join(ROOT, FIXTURES, `golden-one/model${end}`)));
    }
    expect((await modelbytes("verify", `${folder}/#%41`)).stdout).toMatch(/^ok: 1 tensor, 4 bytes/);
  });
});

describe.concurrent("latest", { timeout: 30_000 }, () => {
  test("prints the newest prefix", async ({ expect }) => {
    const [text, json] = await Promise.all([
      modelbytes("latest", `${FIXTURES}/demo`),
      modelbytes("latest", `${FIXTURES}/demo`, "--json"),
    ]);
    expect(text).toEqual({ code: 0, stdout: `${FIXTURES}/demo/ckpt-3\n`, stderr: "" });
    expect(JSON.parse(json.stdout)).toEqual({ path: `${FIXTURES}/demo/ckpt-3` });
  });

  test("ends with 3 where there is none", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    await writeFile(`${folder}/checkpoint`, 'model_checkpoint_path: "gone"\n');
    const outcomes = await Promise.all([
      modelbytes("latest", folder),
      modelbytes("latest", `${FIXTURES}/golden-one`),
      modelbytes("latest", `${folder}/nowhere`, "--json"),
    ]);
    for (const { code, stdout, stderr } of outcomes) {
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toContain("no newest checkpoint");
    }
  });
});
