import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
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

/** The same without the index. */
function withoutIndex(name: string): string {
  const path = folder(name, "m");
  rmSync(join(path, "m.index"));
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
    ["its directory, if it is the only one in it", () => folder("m", "model")],
    ["its directory, where the state file is none", () => folder("n", "model", "best: 3")],
  ])("%s", async (_, path) => {
    expect(await names(path())).toEqual(["x"]);
  });

  test.each([
    ["its prefix", () => `${folder("a", "model")}/model`],
    ["its directory", () => folder("b", "ckpt-3", 'model_checkpoint_path: "ckpt-3"\n')],
    ["the directory of an only one", () => folder("o 1", "mo%del")],
  ])("a file: URL of %s", async (_, path) => {
    await using bundle = await openBundle(pathToFileURL(path()));
    expect([bundle.entries.size, bundle.prefix]).toEqual([1, expect.stringContaining(path())]);
  });

  test("an http: URL, by way of a state file that stays on its server", async () => {
    const files = new Map([...filesOf("golden-one")].map(([name, bytes]) => [`/run%201/${name}`, bytes]));
    const state = 'model_checkpoint_path: "//run 1/../run 1/model"';
    files.set("/a/checkpoint", new TextEncoder().encode(state));
    const asked: string[] = [];
    const answer = async ({ url }: Request) => {
      asked.push(url.replace("https://host", ""));
      const bytes = files.get(new URL(url).pathname);
      const headers = { "content-range": `bytes 0-${(bytes?.length ?? 0) - 1}/${bytes?.length}` };
      return new Response(bytes, bytes === undefined ? { status: 404 } : { status: 206, headers });
    };
    await using bundle = await openBundle(new URL("https://host/a?key=1"), { fetch: answer });
    expect(bundle.prefix).toBe("https://host/run%201/model");
    expect(asked).toEqual(["/a.index?key=1", "/a/checkpoint?key=1", "/run%201/model.index?key=1"]);
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
    ["in an empty directory", () => mkdtempSync(join(scratch, "empty-"))],
    ["by a data file without its index", () => `${withoutIndex("h")}/m.data-00000-of-00001`],
    ["by a state file that names what is not there", () => folder("i", "m", 'model_checkpoint_path: "gone"')],
    ["by a state file that names its own directory", () => folder("j", "m", 'model_checkpoint_path: "."')],
  ])("%s", async (_, path) => {
    await expect(openCheckpoint(path())).rejects.toThrow(NotFoundError);
    await expect(openCheckpoint(path())).rejects.toMatchObject({ file: expect.stringContaining(scratch) });
  });

  test("by a state file that names none", async () => {
    const path = folder("k", "m", 'model_checkpoint_path: ""');
    await expect(openCheckpoint(path)).rejects.toMatchObject({ name: "CorruptError", code: "checkpoint-state" });
  });

  test("in a directory of several and no state file", async () => {
    const path = folder("l", "ckpt-1");
    folder("l", "ckpt-2");
    await expect(openCheckpoint(path)).rejects.toMatchObject({
      name: "NotFoundError",
      code: "several-checkpoints",
      reason: "the directory holds 2 checkpoints and no `checkpoint` file names the newest: ckpt-1, ckpt-2",
    });
  });

  test.each(["/data/run/model", "../model", "C:\\run\\model"])("in dropped files that name %j", async (path) => {
    const state = new TextEncoder().encode(`model_checkpoint_path: ${JSON.stringify(path)}`);
    const files = new Map([...filesOf("golden-one"), ["checkpoint", state]]);
    await expect(openCheckpoint(files)).rejects.toMatchObject({
      name: "NotFoundError",
      file: "checkpoint",
      reason: expect.stringContaining(path),
    });
    await expect(openCheckpoint(filesOf("golden-one"), { prefix: path })).rejects.toThrow(NotFoundError);
  });

  test("by the URL of a file whose escapes are no text", async () => {
    await expect(openCheckpoint(new URL("file:///nowhere/%ff"))).rejects.toThrow(TypeError);
    await expect(openCheckpoint(new URL("file:///nowhere/%zz/model"))).rejects.toThrow(TypeError);
  });

  test("by openBundle where a V1 checkpoint is", async () => {
    await expect(openBundle(`${FIXTURES}v1-dtypes/model`)).rejects.toThrow(UnsupportedError);
  });
});

describe("a V1 checkpoint is found by", () => {
  test.each([
    ["its path", `${FIXTURES}v1-dtypes/model`, 21],
    ["the prefix of its shards", `${FIXTURES}v1-sharded/model`, 3],
    ["TensorFlow's name for its shards", `${FIXTURES}v1-sharded/model-?????-of-00002`, 3],
    ["its directory", `${FIXTURES}v1-saver`, 3],
  ])("%s", async (_, path, tensors) => {
    await using checkpoint = await openCheckpoint(path);
    expect([checkpoint.format, checkpoint.entries.size]).toEqual(["tensor-bundle-v1", tensors]);
    expect(checkpoint.prefix).toContain(path);
  });

  test.each([
    ["a/model", undefined],
    ["a/model-?????-of-00002", undefined],
    ["a", 'model_checkpoint_path: "model-?????-of-00002"'],
  ])("%s inside dropped files, the state file being %s", async (prefix, state) => {
    const files = new Map([...filesOf("v1-sharded")].map(([name, bytes]) => [`a/${name}`, bytes]));
    if (state !== undefined) files.set("a/checkpoint", new TextEncoder().encode(state));
    await using checkpoint = await openCheckpoint(files, { prefix });
    expect(checkpoint.entries.size).toBe(3);
    files.delete("a/model-00001-of-00002");
    const missing = { name: "NotFoundError", file: "a/model-00001-of-00002" };
    await expect(openCheckpoint(files, { prefix })).rejects.toMatchObject(missing);
  });

  test("its files alone: others of another number are told apart", async () => {
    const files = filesOf("v1-sharded");
    files.set("model-00000-of-00003", new Uint8Array(0));
    await expect(openCheckpoint(files, { prefix: "model" })).rejects.toMatchObject({ code: "several-checkpoints" });
    await using checkpoint = await openCheckpoint(files, { prefix: "model-?????-of-00002" });
    expect(checkpoint.entries.size).toBe(3);
  });
});
