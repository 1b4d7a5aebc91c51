import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NotFoundError, UnsupportedError } from "@modelbytes/bytes";
import { openBundle, openCheckpoint } from "@modelbytes/tensor-bundle";
import { afterAll, describe, expect, test } from "vitest";
import { filesOf } from "./damage.ts";
import { FIXTURES } from "./fixtures.ts";

const scratch = mkdtempSync(join(tmpdir(), "modelbytes-locate-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A folder with a copy of the golden bundle under another prefix, and a state file if `state` says what is in it. */
function folder(name: string, prefix: string, state?: string): string {
  const path = join(scratch, name);
  mkdirSync(path, { recursive: true });
  for (const end of [".index", ".data-00000-of-00001"]) {
    copyFileSync(`${FIXTURES}golden-one/model${end}`, join(path, `${prefix}${end}`));
  }
  if (state !== undefined) writeFileSync(join(path, "checkpoint"), state);
  return path;
}

const names = async (from: Parameters<typeof openBundle>[0], options?: Parameters<typeof openBundle>[1]) => {
  await using bundle = await openBundle(from, options);
  await bundle.read("x");
  return [...bundle.entries.keys()];
};

describe("a checkpoint is found by", () => {
  test.each([
    ["its prefix", () => `${folder("a", "model")}/model`],
    ["its index file", () => `${folder("a", "model")}/model.index`],
    ["one of its data files", () => `${folder("a", "model")}/model.data-00000-of-00001`],
    ["its directory and the state file in it", () => folder("b", "ckpt-3", 'model_checkpoint_path: "ckpt-3"\n')],
    ["its directory, with a slash behind", () => `${folder("b", "ckpt-3", 'model_checkpoint_path: "ckpt-3"\n')}/`],
    [
      "a state file that names an absolute path",
      () => folder("c", "m", `model_checkpoint_path: "${join(scratch, "c", "m")}"`),
    ],
    ["a state file that names a path elsewhere", () => folder("d", "m", 'model_checkpoint_path: "../a/model"')],
    ["a prefix with the letters of patterns", () => `${folder("e [0] *?", "mo[d]el")}/mo[d]el`],
    ["a prefix that ends like a file of a bundle", () => `${folder("f", "x.index")}/x.index`],
    ["a prefix that is a dot", () => folder("g", "m", 'model_checkpoint_path: "./m"')],
    ["a path with dots in it", () => `${folder("a", "model")}/../a/./model`],
    ["a directory that is named by dots", () => `${folder("b/inner", "m")}/..`],
  ])("%s", async (_, path) => {
    expect(await names(path())).toEqual(["x"]);
  });

  test("a file: URL", async () => {
    expect(await names(new URL(`file://${folder("a", "model")}/model`))).toEqual(["x"]);
  });

  test("dropped files, by its prefix or through the state file", async () => {
    const parts = [...filesOf("demo")].map(([name, bytes]) => new File([bytes], name));
    for (const prefix of ["ckpt-2", "ckpt-2.index", undefined]) {
      await using bundle = await openBundle(parts, { prefix });
      expect(bundle.entries.size).toBe(27);
      expect(bundle.prefix).toContain(prefix === undefined ? "ckpt-3" : "ckpt-2");
    }
  });

  test("its files themselves", async () => {
    const files = filesOf("golden-one");
    const index = files.get("model.index") ?? "";
    const data = new Blob([files.get("model.data-00000-of-00001") ?? ""]);
    expect(await names({ index, data: [data] })).toEqual(["x"]);
  });
});

describe("no checkpoint is found", () => {
  test.each([
    ["where there is nothing", () => join(scratch, "nothing")],
    ["in a directory without a state file", () => folder("h", "m")],
    ["by a state file that names what is not there", () => folder("i", "m", 'model_checkpoint_path: "gone"')],
    ["by a state file that names its own directory", () => folder("j", "m", 'model_checkpoint_path: "."')],
    ["by a state file that names nothing", () => folder("k", "m", 'model_checkpoint_path: ""')],
  ])("%s", async (_, path) => {
    await expect(openCheckpoint(path())).rejects.toThrow(NotFoundError);
    await expect(openCheckpoint(path())).rejects.toMatchObject({ file: expect.stringContaining(scratch) });
  });

  test("by openBundle where a V1 checkpoint is", async () => {
    await expect(openBundle(`${FIXTURES}v1-dtypes/model`)).rejects.toThrow(UnsupportedError);
  });
});

describe("a V1 checkpoint is found by", () => {
  test.each([
    ["its path", `${FIXTURES}v1-dtypes/model`, 21],
    ["the prefix of its shards", `${FIXTURES}v1-sharded/model`, 3],
    ["its directory", `${FIXTURES}v1-saver`, 3],
  ])("%s", async (_, path, tensors) => {
    await using checkpoint = await openCheckpoint(path);
    expect([checkpoint.format, checkpoint.entries.size]).toEqual(["tensor-bundle-v1", tensors]);
  });
});
