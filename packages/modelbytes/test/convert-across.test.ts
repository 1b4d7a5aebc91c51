// Conversions between formats, on files that Python wrote: the values arrive, and what would be lost is refused by name.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UnsupportedError } from "@modelbytes/bytes";
import { toBytes } from "@modelbytes/tensor";
import {
  type ConvertOptions,
  type ConvertTarget,
  convertModel,
  diffModels,
  LOSSES,
  type Model,
  namedTensors,
  openModel,
} from "modelbytes";
import { describe, expect, onTestFinished, test } from "vitest";
import { copyOf, modelbytesHere, ROOT, temporaryDirectory } from "./command.ts";

const KERAS_2 = "fixtures/keras-hdf5/keras-2.15-model/model.h5";
const KERAS_3 = "fixtures/keras-hdf5/keras-3-functional-model/model.h5";
const ARCHIVE = "fixtures/keras-archive/keras-3-trained/model.keras";
const WEIGHTS = "fixtures/keras-hdf5/keras-3-functional-weights/model.weights.h5";
const OLD_WEIGHTS = "fixtures/keras-hdf5/keras-2.15-legacy-weights/weights.h5";
const SHARDED = "fixtures/keras-hdf5/keras-3-sharded/model.weights.json";
const CHECKPOINT = "fixtures/tensor-bundle/keras-2-weights/weights";
const SAVED_MODEL = "fixtures/saved-model/keras-2-functional/model";

/** Where each format is written, below a directory. */
const NAMES: Readonly<Record<ConvertTarget["format"], string>> = {
  safetensors: "new.safetensors",
  npz: "new.npz",
  "keras-hdf5": "new.h5",
  "keras-hdf5-weights": "new-weights.h5",
  "keras-weights": "new.weights.h5",
  "keras-weights-sharded": "new.weights.json",
  "keras-archive": "new.keras",
  "tensor-bundle": "ckpt/new",
  "saved-model": "export",
};
const TARGETS = [
  "safetensors",
  "npz",
  "keras-hdf5",
  "keras-hdf5-weights",
  "keras-weights",
  "keras-weights-sharded",
  "keras-archive",
  "tensor-bundle",
  "saved-model",
] as const;

async function converted(
  model: Model,
  format: ConvertTarget["format"],
  options: ConvertOptions = {},
): Promise<{ to: string; notes: readonly string[] }> {
  const to = join(await temporaryDirectory(onTestFinished), NAMES[format]);
  await mkdir(join(to, ".."), { recursive: true });
  const { notes } = await convertModel(model, { format, to }, options);
  return { to, notes };
}

/** The values of the model itself, whatever they are called: a layer that is in two models may be there once, or twice. */
async function valuesOf(model: Model): Promise<string[]> {
  const tensors = (await namedTensors(model)).filter(({ role }) => role === "model");
  const values = tensors.map(async ({ dtype, shape, read }) => {
    const tensor = await read();
    if (tensor.dtype === "string" || tensor.dtype === "variant") throw new Error("a text");
    return `${dtype} [${shape.join()}] ${Buffer.from(toBytes(tensor)).toString("hex")}`;
  });
  return [...new Set(await Promise.all(values))].sort();
}

const open = (path: string) => openModel(join(ROOT, path));

describe.each([KERAS_2, KERAS_3, ARCHIVE, WEIGHTS, SHARDED, CHECKPOINT, SAVED_MODEL])("%s", (path) => {
  /** The architecture of what is weights alone, where there is a file that has it. */
  const architectures = new Map([
    [WEIGHTS, KERAS_3],
    [SHARDED, KERAS_3],
  ]);

  test.each(TARGETS)("into %s", async (format) => {
    await using model = await open(path);
    const strip = LOSSES.filter((loss) => loss !== "architecture" || !/^keras-(?:hdf5|archive)$/.test(format));
    const architecture = architectures.get(path);
    const texts = architecture === undefined ? undefined : await readTexts(architecture);
    const converting = converted(model, format, { strip, architecture: texts });
    if (path === CHECKPOINT && /^keras-(?!hdf5-weights)/.test(format)) {
      await expect(converting).rejects.toMatchObject({ code: "needs-architecture" });
      return;
    }
    await using found = await openModel((await converting).to);
    expect(found.format).toBe(format);
    expect(await valuesOf(found)).toEqual(await valuesOf(model));
    expect((await valuesOf(found)).length).toBeGreaterThan(5);
    const problems: string[] = [];
    for await (const { message } of found.verify()) problems.push(message);
    expect(problems).toEqual([]);
  });
});

async function readTexts(path: string): Promise<NonNullable<ConvertOptions["architecture"]>> {
  await using model = await open(path);
  if (model.format !== "keras-hdf5") throw new Error("no whole model");
  const { modelConfig = "", trainingConfig, kerasVersion } = model.weights.metadata;
  return { config: modelConfig, training: trainingConfig, kerasVersion };
}

describe("the names stay", () => {
  test.each([
    [ARCHIVE, "keras-hdf5"],
    [ARCHIVE, "safetensors"],
    [ARCHIVE, "keras-weights"],
    [KERAS_2, "safetensors"],
    [KERAS_2, "npz"],
    [KERAS_2, "keras-hdf5-weights"],
    [CHECKPOINT, "keras-hdf5-weights"],
    [CHECKPOINT, "safetensors"],
  ] as const)("of %s in %s", async (path, format) => {
    await using model = await open(path);
    const isWhole = format === "keras-hdf5" || format === "safetensors" || format === "keras-weights";
    const strip = isWhole ? (["architecture"] as const) : LOSSES;
    await using found = await openModel(
      (await converted(model, format, { strip: format === "keras-hdf5" ? [] : strip })).to,
    );
    const { onlyInB, changed, onlyInA } = await diffModels(model, found, { names: "full" });
    expect({ onlyInB, changed }).toEqual({ onlyInB: [], changed: [] });
    if (isWhole) expect(onlyInA).toEqual([]);
  });
});

describe("copies of what Keras 3 wrote are the same bytes", () => {
  test.each([
    KERAS_3,
    ARCHIVE,
    WEIGHTS,
    "fixtures/keras-hdf5/keras-3-sequential-model/model.h5",
    "fixtures/keras-hdf5/keras-3-subclassed-model/model.h5",
    "fixtures/keras-hdf5/keras-3-int8-weights/model.weights.h5",
    "fixtures/keras-hdf5/keras-2.15-weights/model.weights.h5",
    "fixtures/keras-archive/keras-3-custom/model.keras",
    "fixtures/keras-archive/keras-3-lookup/model.keras",
    "fixtures/keras-archive/keras-2.15-functional/model.keras",
    "fixtures/safetensors/dtypes/model.safetensors",
    "fixtures/npz/orders/arrays.npz",
  ])("%s", async (path) => {
    await using model = await open(path);
    if (model.format === "tensor-bundle-v1" || model.format === "keras-config") throw new Error("not written");
    const { to } = await converted(model, model.format);
    if (path.includes("orders")) expect(await valuesEqual(model, to)).toBe(true);
    else expect(Buffer.compare(await readFile(to), await readFile(join(ROOT, path)))).toBe(0);
  });

  async function valuesEqual(model: Model, to: string): Promise<boolean> {
    await using copy = await openModel(to);
    return (await diffModels(model, copy)).equal;
  }
});

describe("the objects of Keras 2", () => {
  test("a .h5 becomes the checkpoint that save_weights writes, and the other way", async () => {
    await using model = await open(KERAS_2);
    const { to, notes } = await converted(model, "tensor-bundle", { strip: LOSSES });
    expect(notes).toEqual(["the keys are those of Keras 2, whose load_weights finds them"]);
    await using checkpoint = await openModel(to);
    const keys = [...checkpoint.weights.entries.keys()];
    for (const path of [
      "layer_with_weights-3/backward_layer/cell/kernel",
      "layer_with_weights-7/layer_with_weights-1/beta",
    ]) {
      expect(keys).toContain(`${path}/.ATTRIBUTES/VARIABLE_VALUE`);
    }
    expect(keys.every((key) => /^layer_with_weights-\d+\/|^_CHECKPOINTABLE/.test(key))).toBe(true);
    const architecture = await readTexts(KERAS_2);
    const back = await converted(checkpoint, "keras-hdf5", { architecture, strip: ["optimizer"] });
    await using again = await openModel(back.to);
    expect(await valuesOf(again)).toEqual(await valuesOf(model));
  });

  test("what has no objects in Keras 2 goes by names, and so does what is renamed", async () => {
    await using quantized = await open("fixtures/keras-hdf5/keras-3-int8-model/model.h5");
    const { notes } = await converted(quantized, "tensor-bundle", { strip: LOSSES });
    expect(notes).toEqual(["the keys are the names of the variables, without the objects of Keras 2"]);
    await using model = await open(KERAS_2);
    const { to } = await converted(model, "tensor-bundle", { strip: LOSSES, rename: (name) => `mine/${name}` });
    await using renamed = await openModel(to);
    expect([...renamed.weights.entries.keys()].every((key) => key.startsWith("mine/"))).toBe(true);
  });
});

describe("refused", () => {
  test.each([
    [ARCHIVE, "keras-hdf5-weights", ["architecture", "optimizer"]],
    [ARCHIVE, "keras-weights", ["architecture"]],
    [ARCHIVE, "npz", ["architecture"]],
    [KERAS_2, "tensor-bundle", ["architecture"]],
    [KERAS_2, "keras-archive", ["optimizer"]],
    [SAVED_MODEL, "safetensors", ["signatures"]],
    [SAVED_MODEL, "keras-hdf5", ["signatures"]],
  ] as const)("%s into %s: the loss of %j", async (path, format, losses) => {
    await using model = await open(path);
    const error = await converted(model, format).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error).toMatchObject({ code: "loss" });
    for (const loss of losses) expect(String(error)).toMatch(new RegExp(`strip .*${loss}`));
  });

  test("weights without an architecture, in what needs one", async () => {
    await using model = await open(OLD_WEIGHTS);
    for (const format of ["keras-hdf5", "keras-weights", "keras-weights-sharded", "keras-archive"] as const) {
      await expect(converted(model, format)).rejects.toMatchObject({ code: "needs-architecture" });
    }
  });

  test("weights of another architecture", async () => {
    await using model = await open(CHECKPOINT);
    const architecture = await readTexts(KERAS_3);
    await expect(converted(model, "keras-weights", { architecture })).rejects.toMatchObject({ code: "no-tensor" });
  });

  test("a tensor that the architecture has no place for", async () => {
    await using model = await open(ARCHIVE);
    const { to } = await converted(model, "safetensors", { strip: ["optimizer"] });
    await using plain = await openModel(to);
    const extra = join(await temporaryDirectory(onTestFinished), "extra.safetensors");
    const { writeSafetensors } = await import("@modelbytes/safetensors");
    const tensors = (await namedTensors(plain)).map((tensor) => [tensor.name, tensor] as const);
    const [, first] = tensors[0] ?? expect.fail("no tensor");
    const metadata = plain.format === "safetensors" ? plain.weights.metadata : undefined;
    await writeSafetensors(extra, [...tensors, ["extra", first]], { metadata });
    await using more = await openModel(extra);
    await expect(converted(more, "keras-archive")).rejects.toMatchObject({ code: "no-place" });
  });

  test("a model of which the architecture does not tell what it holds", async () => {
    await using model = await open("fixtures/keras-hdf5/keras-3-subclassed-model/model.h5");
    await expect(converted(model, "keras-weights", { strip: LOSSES })).rejects.toMatchObject({ code: "unknown-layer" });
  });

  test("strings, of which HDF5 would keep what comes before a zero", async () => {
    await using model = await open("fixtures/npz/strings/arrays.npz");
    await expect(converted(model, "keras-hdf5-weights")).rejects.toMatchObject({ code: "element-type" });
  });
});

describe("the command", () => {
  const directory = () => temporaryDirectory(onTestFinished);

  test("says what it wrote, and restores the optimizer of a .h5 in a .keras", async () => {
    const to = join(await directory(), "new.keras");
    const { code, stdout, stderr } = await modelbytesHere("convert", KERAS_3, to);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`wrote ${to}: keras-archive, 109 tensors\n`);
    await using model = await openModel(to);
    await using source = await open(KERAS_3);
    expect(await valuesOf(model)).toEqual(await valuesOf(source));
  });

  test("turns an old .h5 into .keras", async () => {
    const to = join(await directory(), "new.keras");
    const refused = await modelbytesHere("convert", KERAS_2, to);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(/the optimizer of an older Keras has other variables.*\n.*--strip WHAT/);
    expect(await readdir(join(to, ".."))).toEqual([]);
    const { code, stdout } = await modelbytesHere("convert", KERAS_2, to, "--strip", "optimizer");
    expect({ code, stdout }).toEqual({ code: 0, stdout: `wrote ${to}: keras-archive, 38 tensors\n` });
  });

  test("takes the architecture from another file", async () => {
    const to = join(await directory(), "new.keras");
    const refused = await modelbytesHere("convert", WEIGHTS, to, "--strip", "optimizer");
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(/begins with an architecture.*\n.*--architecture FILE/);
    const given = ["--architecture", KERAS_3];
    const { code, stderr } = await modelbytesHere("convert", WEIGHTS, to, "--strip", "optimizer", ...given);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const own = await modelbytesHere("convert", KERAS_3, `${to}.h5`, "--architecture", KERAS_2);
    expect([own.code, own.stderr]).toEqual([2, expect.stringContaining("has an architecture of its own")]);
    const other = await modelbytesHere(
      "convert",
      WEIGHTS,
      `${to}.h5`,
      "--strip",
      "optimizer",
      "--architecture",
      ARCHIVE,
    );
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining("\nhint: `modelbytes verify` with the same"),
    ]);
    const without = await modelbytesHere("convert", WEIGHTS, `${to}.h5`, "--architecture", OLD_WEIGHTS);
    expect([without.code, without.stderr]).toEqual([3, expect.stringContaining("no architecture of Keras")]);
  });

  test("writes weights alone where there is no architecture for a .h5", async () => {
    const to = join(await directory(), "new.h5");
    const { stdout } = await modelbytesHere("convert", CHECKPOINT, to);
    expect(stdout).toBe(`wrote ${to}: keras-hdf5-weights, 10 tensors\n`);
  });

  test("chooses, casts and renames", async () => {
    const to = join(await directory(), "new.safetensors");
    const choosing = ["--only", "hidden/*", "--cast", "float32=bfloat16", "--rename", "hidden=first"];
    const { code, stderr } = await modelbytesHere("convert", CHECKPOINT, to, ...choosing);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await using model = await openModel(to);
    const found = [...model.weights.entries].map(([name, { dtype }]) => [name, dtype]);
    expect(found).toEqual([
      ["first/bias", "bfloat16"],
      ["first/kernel", "bfloat16"],
    ]);
    const unmatched = await modelbytesHere("convert", CHECKPOINT, `${to}2`, "--to", "npz", "--only", "hiden/*");
    expect([unmatched.code, unmatched.stderr]).toEqual([3, expect.stringContaining("no tensor matches hiden/*")]);
    const renamed = await modelbytesHere("convert", CHECKPOINT, `${to}.h5`, "--rename", "hidden=first");
    expect([renamed.code, renamed.stderr]).toEqual([2, expect.stringContaining("--rename")]);
    const same = await modelbytesHere(
      "convert",
      CHECKPOINT,
      `${to}.npz`,
      "--rename",
      "*/kernel=a",
      "--rename",
      "*/bias=a",
    );
    expect([same.code, await readdir(join(to, ".."))]).toEqual([2, ["new.safetensors"]]);
  });

  test("writes a checkpoint in shards, and one file in one", async () => {
    const folder = await directory();
    const { code } = await modelbytesHere("convert", OLD_WEIGHTS, join(folder, "ckpt/new"), "--shards", "3");
    expect(code).toBe(0);
    expect((await readdir(join(folder, "ckpt"))).sort()).toEqual([
      ...[0, 1, 2].map((shard) => `new.data-0000${shard}-of-00003`),
      "new.index",
    ]);
    const one = await modelbytesHere("convert", OLD_WEIGHTS, join(folder, "new.npz"), "--shards", "3");
    expect([one.code, one.stderr]).toEqual([2, expect.stringContaining("npz is one file")]);
  });

  test("replaces nothing, unless it is forced to", async () => {
    const to = join(await directory(), "new.npz");
    await writeFile(to, "mine");
    const refused = await modelbytesHere("convert", CHECKPOINT, to);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("--force replaces it")]);
    expect(await readFile(to, "utf8")).toBe("mine");
    const failed = await modelbytesHere(
      "convert",
      "fixtures/npz/strings/arrays.npz",
      to,
      "--to",
      "safetensors",
      "--force",
    );
    expect([failed.code, await readFile(to, "utf8")]).toEqual([4, "mine"]);
    expect(await readdir(join(to, ".."))).toEqual(["new.npz"]);
    expect((await modelbytesHere("convert", CHECKPOINT, to, "--force")).code).toBe(0);
    await using model = await openModel(to);
    expect(model.weights.entries.size).toBe(10);
  });

  test("leaves nothing behind of a file whose values are damaged", async () => {
    const folder = await copyOf("keras-2-weights", onTestFinished);
    const before = await readdir(folder);
    const data = join(folder, "weights.data-00000-of-00001");
    const bytes = await readFile(data);
    bytes[5] = 1 + (bytes[5] ?? 0);
    await writeFile(data, bytes);
    for (const name of ["new.safetensors", "new.npz", "new.h5"]) {
      const { code, stderr } = await modelbytesHere("convert", join(folder, "weights"), join(folder, name));
      expect([code, stderr]).toEqual([1, expect.stringContaining("modelbytes salvage")]);
    }
    expect(await readdir(folder)).toEqual(before);
  });
});
