import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { copyOf, FIXTURES, fixtures, modelbytes, modelbytesHere, ROOT, temporaryDirectory } from "./command.ts";

const DEMO = `${FIXTURES}/demo/ckpt-3`;
const MIXED = `${FIXTURES}/golden-mixed/model`;
const END = "/.ATTRIBUTES/VARIABLE_VALUE";

/** What TensorFlow never writes, so that a copy has the same tensors in other bytes. */
const REWRITTEN: readonly string[] = [
  ...["gaps", "sign-extended", "small-blocks", "blocks-of-1000", "long-restarts", "snappy", "snappy-blocks"],
  "whole-slice",
];

const all = (await fixtures()).filter(([name]) => name !== "partitioned-bad");

/** The files of a bundle, by what comes behind its prefix. */
async function filesOf(prefix: string): Promise<Map<string, Buffer>> {
  const directory = join(ROOT, prefix, "..");
  const absolute = prefix.startsWith("/") ? join(prefix, "..") : directory;
  const base = `${prefix.split("/").at(-1)}.`;
  const files = new Map<string, Buffer>();
  for (const name of (await readdir(absolute)).sort()) {
    if (name.startsWith(base)) files.set(name.slice(base.length), await readFile(join(absolute, name)));
  }
  return files;
}

/** What `hash` says of each tensor. It has to be sound. */
async function hashes(prefix: string): Promise<Record<string, { dtype: string; shape: number[]; sha256: string }>> {
  const verified = await modelbytesHere("verify", prefix);
  if (verified.code !== 0) throw new Error(verified.stdout + verified.stderr);
  return JSON.parse((await modelbytesHere("hash", prefix, "--json")).stdout).tensors;
}

async function names(prefix: string): Promise<string[]> {
  return Object.keys(await hashes(prefix)).map((name) => name.replace(END, ""));
}

describe.concurrent("convert without options", { timeout: 30_000 }, () => {
  const bundles = all.filter(([, { format }]) => format === "tensor-bundle");
  const same = bundles.filter(([name]) => !REWRITTEN.includes(name));

  test.for(same)("writes the same bytes: %s", async ([name, { prefix }], { expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/${prefix}`;
    const { code, stderr } = await modelbytesHere("convert", `${FIXTURES}/${name}/${prefix}`, out);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [index, ...data] = [...(await filesOf(out))].reverse();
    const original = await filesOf(`${FIXTURES}/${name}/${prefix}`);
    expect(index?.[0]).toBe("index");
    for (const [file, bytes] of [index, ...data].filter((found) => found !== undefined)) {
      expect([file, original.get(file)?.equals(bytes)]).toEqual([file, true]);
    }
  });

  const rest = all.filter(([name, { format }]) => format !== "tensor-bundle" || REWRITTEN.includes(name));

  test.for(rest)("writes the same tensors: %s", async ([name, { prefix }], { expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/${prefix}`;
    const from = `${FIXTURES}/${name}/${prefix}`;
    const { code, stderr } = await modelbytesHere("convert", from, out);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await hashes(out)).toEqual(await hashes(from));
  });

  test("makes directories, and says what it wrote", async ({ expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/a/b/model`;
    expect(await modelbytes("convert", DEMO, out)).toEqual({
      code: 0,
      stdout: `wrote ${out}: 27 tensors, 65,231 bytes, 1 shard\n`,
      stderr: "",
    });
  });
});

describe.concurrent("convert", { timeout: 30_000 }, () => {
  test("leaves the optimizer out", async ({ expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/model`;
    const { stdout } = await modelbytesHere("convert", DEMO, out, "--strip", "optimizer");
    expect(stdout).toBe(`wrote ${out}: 11 tensors, 22,529 bytes, 1 shard\n`);
    const kernel = `model/_functional/_operations/3/_kernel${END}`;
    const before = await hashes(DEMO);
    expect((await hashes(out))[kernel]).toEqual(before[`optimizer/_trainable_variables/1${END}`]);
    const { stdout: tree } = await modelbytesHere("inspect", out, "--tree");
    expect(tree).toContain("_kernel  float32 [16, 64]  classifier/hidden/kernel");
    expect(tree).not.toContain("not in the checkpoint");
  });

  test.for([
    ["readable names", ["--only", "classifier/*/kernel"], ["trainable_variables/1", "trainable_variables/5"]],
    ["keys without their end", ["--only", "**/moving_*"], ["4/moving_mean", "4/moving_variance"]],
    ["keys", ["--only", `save_counter${END}`], ["save_counter"]],
    ["several patterns", ["--only", "save_*", "--only", "**/hidden/bias"], ["variables/2", "save_counter"]],
  ] as const)("keeps tensors by %s", async ([, options, ends], { expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/model`;
    const { code, stderr } = await modelbytesHere("convert", DEMO, out, ...options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [graph, ...kept] = await names(out);
    expect(graph).toBe("_CHECKPOINTABLE_OBJECT_GRAPH");
    expect(kept).toEqual(ends.map((end) => expect.stringMatching(new RegExp(`${end}$`))));
    expect((await modelbytesHere("inspect", out, "--tree")).stdout).not.toContain("not in the checkpoint");
  });

  test("renames object-based and name-based checkpoints alike", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    const keras = `${FIXTURES}/objects-keras-3-model/model`;
    const renaming = ["--rename", "model/_operations/1=model/_operations/hidden", "--rename", "**/bias=**/b"];
    await modelbytesHere("convert", keras, `${folder}/objects`, ...renaming);
    const before = await hashes(keras);
    const after = await hashes(`${folder}/objects`);
    const path = "model/_operations";
    expect(after[`${path}/hidden/_kernel${END}`]).toEqual(before[`${path}/1/_kernel${END}`]);
    expect(after[`${path}/3/b${END}`]).toEqual(before[`${path}/3/bias${END}`]);
    expect(Object.keys(after)).toHaveLength(Object.keys(before).length);
    const { stdout: tree } = await modelbytesHere("inspect", `${folder}/objects`, "--tree");
    expect(tree).toMatch(/─ hidden\n/);
    expect(tree).not.toContain("not in the checkpoint");

    const swap = ["--rename", "a=b", "--rename", "b=a", "--rename", "sub/=top/deep", "--rename", "e*=empty_*"];
    await modelbytesHere("convert", MIXED, `${folder}/names`, ...swap);
    const { a, b, "sub/c": c, e0, e1, z } = await hashes(MIXED);
    const expected = { a: b, b: a, empty_0: e0, empty_1: e1, "top/deep/c": c, z };
    expect(await hashes(`${folder}/names`)).toEqual(expected);
  });

  test("renames slot variables with their variable and their optimizer", async ({ expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/model`;
    const renaming = ["--rename", "model/first=model/last", "--rename", "zoo=trainer"];
    await modelbytesHere("convert", `${FIXTURES}/objects-slots/ckpt-1`, out, ...renaming);
    const renamed = await names(out);
    expect(renamed).toContain("model/last/bias/.OPTIMIZER_SLOT/trainer/m");
    expect(renamed).toContain("model/last/weight/.OPTIMIZER_SLOT/optimizers/0/momentum");
    expect(renamed).toContain("model/second/weight/.OPTIMIZER_SLOT/trainer/v");
    expect(renamed).toContain("trainer/beta1_power");
    const { stdout: tree } = await modelbytesHere("inspect", out, "--tree");
    expect(tree).toContain("m (slot of trainer)");
    expect(tree).not.toContain("not in the checkpoint");
  });

  test("casts, and there and back again", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    await modelbytesHere("convert", MIXED, `${folder}/small`, "--cast", "float32=bfloat16");
    await modelbytesHere("convert", `${folder}/small`, `${folder}/back`, "--cast", "bfloat16=float32");
    const { b, a } = await hashes(`${folder}/small`);
    expect([b?.dtype, a?.dtype]).toEqual(["bfloat16", "int64"]);
    expect(await hashes(`${folder}/back`)).toEqual(await hashes(MIXED)); // small whole numbers
  });

  test("distributes tensors over data files", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    const { stdout } = await modelbytesHere("convert", DEMO, `${folder}/model`, "--shards", "3");
    expect(stdout).toBe(`wrote ${folder}/model: 27 tensors, 65,231 bytes, 3 shards\n`);
    const data = [0, 1, 2].map((shard) => `data-0000${shard}-of-00003`);
    expect([...(await filesOf(`${folder}/model`)).keys()]).toEqual([...data, "index"]);
    expect(await hashes(`${folder}/model`)).toEqual(await hashes(DEMO));
    await modelbytesHere("convert", `${FIXTURES}/saver-sharded/model`, `${folder}/one`, "--shards", "1");
    expect(await hashes(`${folder}/one`)).toEqual(await hashes(`${FIXTURES}/saver-sharded/model`));
  });

  test("does all of it at once", async ({ expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/model`;
    const { code, stdout, stderr } = await modelbytes(
      ...["convert", DEMO, out, "--strip", "optimizer", "--only", "classifier/**", "--cast", "float32=float16"],
      ...["--rename", "model/_functional/_operations/*=model/layers/*", "--shards", "2", "--to", "tensor-bundle"],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/: 10 tensors, [\d,]+ bytes, 2 shards\n$/);
    const { _CHECKPOINTABLE_OBJECT_GRAPH: _, ...tensors } = await hashes(out);
    expect(new Set(Object.values(tensors).map(({ dtype }) => dtype))).toEqual(new Set(["float16"]));
    expect(Object.keys(tensors)).toContain(`model/layers/3/_kernel${END}`);
    const read = await modelbytesHere("read", out, "classifier/hidden/kernel", "--select", "0,:2");
    expect(read.stdout).toBe("float16 [2]\n[   0.0, 0.0801]\n");
  });

  test.for(all)("strips, casts and distributes %s", async ([name, { prefix, format }], { expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/${prefix}`;
    const from = `${FIXTURES}/${name}/${prefix}`;
    const options = ["--strip", "optimizer", "--cast", "float32=float64", "--shards", "2"];
    const { code, stderr } = await modelbytesHere("convert", from, out, ...options);
    if (code === 2) {
      expect(stderr).toBe("error: nothing would be left without the optimizer\n");
      return;
    }
    expect(code).toBe(0);
    const tensors = await hashes(out);
    expect(Object.values(tensors).filter(({ dtype }) => dtype === "float32")).toEqual([]);
    const before = await hashes(from);
    if (format === "tensor-bundle-v1") expect(Object.keys(tensors)).toEqual(Object.keys(before));
    expect(Object.keys(before).length).toBeGreaterThanOrEqual(Object.keys(tensors).length);
  });
});

describe.concurrent("convert replaces a checkpoint", { timeout: 30_000 }, () => {
  test("with --force only", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("saver-sharded", onTestFinished);
    const before = await filesOf(`${folder}/model`);
    expect(await modelbytes("convert", MIXED, `${folder}/model`)).toEqual({
      code: 2,
      stdout: "",
      stderr:
        `error: there is a checkpoint already: ${folder}/model\n` +
        "hint: --force replaces it, once the new one is whole\n",
    });
    expect(await filesOf(`${folder}/model`)).toEqual(before);
    expect((await modelbytes("convert", MIXED, `${folder}/model`, "--force")).code).toBe(0);
    expect(await filesOf(`${folder}/model`)).toEqual(await filesOf(MIXED));
  });

  test("and also itself", async ({ expect, onTestFinished }) => {
    const folder = await copyOf("saver-sharded", onTestFinished);
    const before = await hashes(`${folder}/model`);
    const { code } = await modelbytes("convert", `${folder}/model`, `${folder}/model`, "--force", "--shards", "3");
    expect(code).toBe(0);
    expect([...(await filesOf(`${folder}/model`)).keys()]).toEqual([
      ...[0, 1, 2].map((shard) => `data-0000${shard}-of-00003`),
      "index",
    ]);
    expect(await hashes(`${folder}/model`)).toEqual(before);
  });

  test("but not with one that is damaged", async ({ expect, onTestFinished }) => {
    const [folder, damaged] = await Promise.all([
      copyOf("saver-sharded", onTestFinished),
      copyOf("golden-mixed", onTestFinished),
    ]);
    const before = await filesOf(`${folder}/model`);
    await truncate(`${damaged}/model.data-00000-of-00001`, 40);
    const cut = await modelbytes("convert", `${damaged}/model`, `${folder}/model`, "--force");
    expect({ code: cut.code, stdout: cut.stdout }).toEqual({ code: 1, stdout: "" });
    expect(cut.stderr).toContain(`\nhint: nothing was written; \`modelbytes salvage ${damaged}/model OUT\` `);
    await rm(`${damaged}/model.data-00000-of-00001`);
    const gone = await modelbytes("convert", `${damaged}/model`, `${damaged}/new/model`);
    expect(gone.code).toBe(3);
    expect(gone.stderr).toContain("modelbytes salvage");
    expect(await filesOf(`${folder}/model`)).toEqual(before);
    expect(await readdir(damaged)).not.toContain("new"); // the directory goes again
  });
});

describe.concurrent("convert refuses", { timeout: 30_000 }, () => {
  test.for([
    [
      "a pattern that matches nothing",
      ["--only", "sub/d"],
      3,
      "no tensor matches --only sub/d\nhint: did you mean sub/c?",
    ],
    [
      "a renaming that matches nothing",
      ["--rename", "sub/d=x"],
      3,
      "no tensor matches --rename sub/d=x\nhint: did you",
    ],
    ["two tensors of one name", ["--rename", "a=b"], 2, 'both "a" and "b" would be called "b"'],
    ["a tensor without a name", ["--rename", "a="], 2, '"a" would have no name'],
    ["a format that is only read", ["--to", "tensor-bundle-v1"], 4, "tensor-bundle-v1 is not written"],
  ] as const)("%s", async ([, options, code, message], { expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    const outcome = await modelbytesHere("convert", MIXED, `${folder}/new/model`, ...options);
    expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout: "" });
    expect(outcome.stderr).toContain(message);
    expect(await readdir(folder)).toEqual([]);
  });

  test("to leave nothing", async ({ expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/model`;
    const { code, stderr } = await modelbytesHere(
      ...["convert", DEMO, out, "--strip", "optimizer", "--only", "adam/iteration"],
    );
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "error: nothing would be left: all that --only names is the optimizer's\n",
    });
  });

  test("names of other formats, unless --to says what is meant", async ({ expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/model.onnx`;
    const refused = await modelbytes("convert", MIXED, out);
    expect(refused).toMatchObject({ code: 4, stdout: "" });
    expect(refused.stderr).toMatch(
      /the name asks for a \.onnx file, which is not written\nhint: --to FORMAT writes another/,
    );
    expect((await modelbytes("convert", MIXED, out, "--to", "tensor-bundle")).code).toBe(0);
  });

  test("what is not there, and places where nothing can be written", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    const absent = await modelbytes("convert", `${folder}/x`, `${folder}/new/model`);
    expect(absent.code).toBe(3);
    await writeFile(`${folder}/file`, "");
    const blocked = await modelbytes("convert", MIXED, `${folder}/file/model`);
    expect(blocked.code).toBe(5);
    expect(blocked.stderr).toMatch(/^error: .*: the file cannot be written \(\w+\)\nhint: /);
    await mkdir(`${folder}/model.index/x`, { recursive: true });
    const directory = await modelbytes("convert", MIXED, `${folder}/model`, "--force");
    expect(directory.code).toBe(5);
    expect((await readdir(folder)).sort()).toEqual(["file", "model.index"]);
  });

  test("says so where there was nothing to do", async ({ expect, onTestFinished }) => {
    const out = `${await temporaryDirectory(onTestFinished)}/model`;
    const { code, stderr } = await modelbytesHere(
      ...["convert", MIXED, out, "--strip", "optimizer", "--cast", "float64=float32"],
    );
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "note: there is nothing to strip: no optimizer was found\nnote: no tensor is float64\n",
    });
    expect(await hashes(out)).toEqual(await hashes(MIXED));
  });
});
