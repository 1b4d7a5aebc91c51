// Every command on every format: what it prints, its JSON, its exit codes, and what it says of a damaged file.

import { cp, mkdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { damageByte, modelbytesHere, type Outcome, ROOT, temporaryDirectory } from "./command.ts";

/** A model of a format. */
interface Case {
  readonly path: string;
  /** What `verify` says of it behind the number of bytes. */
  readonly sound: string;
  /** The file of it that is damaged in a copy, and how: a byte is changed, or its end cut off. */
  readonly damaged: { readonly file: string; readonly at: number | "cut" };
}

const NO_CHECKSUMS = "all that the file lists is there and can be read; the format has no checksums";

const CASES: Readonly<Record<string, Case>> = {
  "tensor-bundle": {
    path: "fixtures/tensor-bundle/demo/ckpt-3",
    sound: "every checksum holds",
    damaged: { file: "ckpt-3.data-00000-of-00001", at: 60_000 },
  },
  "tensor-bundle-v1": {
    path: "fixtures/tensor-bundle/v1-saver/model.ckpt-7",
    sound: "every checksum holds",
    damaged: { file: "model.ckpt-7", at: 20 },
  },
  "saved-model": {
    path: "fixtures/saved-model/keras-2-functional/model",
    sound: "every checksum holds, the graphs refer to what is there",
    damaged: { file: "variables/variables.data-00000-of-00001", at: 8 },
  },
  "keras-hdf5": {
    path: "fixtures/keras-hdf5/keras-3-functional-model/model.h5",
    sound: "the weights are those of the architecture; the format has no checksums",
    damaged: { file: "model.h5", at: "cut" },
  },
  "keras-hdf5-weights": {
    path: "fixtures/keras-hdf5/keras-2.15-legacy-weights/weights.h5",
    sound: NO_CHECKSUMS,
    damaged: { file: "weights.h5", at: "cut" },
  },
  "keras-weights": {
    path: "fixtures/keras-hdf5/keras-3-functional-weights/model.weights.h5",
    sound: NO_CHECKSUMS,
    damaged: { file: "model.weights.h5", at: "cut" },
  },
  "keras-weights-sharded": {
    path: "fixtures/keras-hdf5/keras-3-sharded/model.weights.json",
    sound: NO_CHECKSUMS,
    damaged: { file: "model_00001.weights.h5", at: "cut" },
  },
  "keras-archive": {
    path: "fixtures/keras-archive/keras-3-trained/model.keras",
    sound: "every CRC holds, the weights are those of the architecture",
    damaged: { file: "model.keras", at: 200 },
  },
  "keras-config": {
    path: "fixtures/keras-config/texts-keras-3/functional.json",
    sound: "the architecture can be read",
    damaged: { file: "functional.json", at: "cut" },
  },
  safetensors: {
    path: "fixtures/safetensors/demo/model.safetensors",
    sound: NO_CHECKSUMS,
    damaged: { file: "model.safetensors", at: "cut" },
  },
  npz: {
    path: "fixtures/npz/demo/arrays.npz",
    sound: "every CRC holds",
    damaged: { file: "arrays.npz", at: 180 },
  },
};

/** What a JSON text holds, by its members. */
function members({ stdout }: Outcome): Readonly<Record<string, unknown>> {
  return JSON.parse(stdout);
}

interface Row {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

async function tensorsOf(path: string): Promise<readonly Row[]> {
  const { tensors }: { tensors: readonly Row[] } = JSON.parse((await modelbytesHere("inspect", path, "--json")).stdout);
  return tensors;
}

/** A copy of a model that is damaged, and its path. */
async function damagedCopy({ path, damaged: { file, at } }: Case): Promise<string> {
  const folder = await temporaryDirectory(onTestFinished);
  const whole = join(ROOT, path);
  const isFolder = (await stat(whole).catch(() => undefined))?.isDirectory() === true;
  const place = isFolder ? join(folder, basename(path)) : folder;
  await cp(isFolder ? whole : dirname(whole), place, { recursive: true });
  const victim = join(place, file);
  if (at === "cut") await truncate(victim, (await stat(victim)).size - 20);
  else await damageByte(victim, at);
  return isFolder ? place : join(folder, basename(path));
}

describe.each(Object.entries(CASES))("%s", (format, each) => {
  const { path, sound } = each;

  test("inspect", async () => {
    const json = await modelbytesHere("inspect", path, "--json");
    expect([json.code, json.stderr]).toEqual([0, ""]);
    expect(Object.keys(members(json)).slice(0, 3)).toEqual(["format", "path", "tensors"]);
    expect(members(json)).toMatchObject({ format, path: join(ROOT, path), problems: [] });
    const rows = await tensorsOf(path);
    expect(rows.length > 0).toBe(format !== "keras-config");
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(["name", "dtype", "shape", "byteLength"]);
      expect(row.name.startsWith("/")).toBe(false);
    }
    for (const options of [[], ["--names", "full"], ["--tree"]]) {
      const text = await modelbytesHere("inspect", path, ...options);
      expect([text.code, text.stderr]).toEqual([0, ""]);
      const [headline = "", count = ""] = text.stdout.split("\n");
      expect(headline.startsWith(`${join(ROOT, path)}: ${format}`)).toBe(true);
      expect(count).toMatch(new RegExp(`^${rows.length} tensors?, [\\d,]+ bytes$`));
    }
  });

  test("verify", async () => {
    const json = await modelbytesHere("verify", path, "--json");
    expect([json.code, json.stderr]).toEqual([0, ""]);
    const rows = await tensorsOf(path);
    expect(members(json)).toEqual({ ok: true, format, tensors: rows.length, bytes: expect.any(Number), problems: [] });
    const text = await modelbytesHere("verify", path);
    expect([text.code, text.stderr]).toEqual([0, ""]);
    expect(text.stdout).toMatch(/^ok: [\d,]+ tensors?, [\d,]+ bytes?, .*\n$/);
    expect(text.stdout.endsWith(`, ${sound}\n`)).toBe(true);
  });

  test("hash", async () => {
    const rows = await tensorsOf(path);
    const json = await modelbytesHere("hash", path, "--json");
    expect([json.code, Object.keys(members(json))]).toEqual([0, ["format", "tensors"]]);
    const { tensors = {} }: { tensors?: Record<string, { sha256: string; dtype: string; shape: number[] }> } =
      JSON.parse(json.stdout);
    expect(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual(
      rows.map(({ name, dtype, shape }) => [name, dtype, shape]),
    );
    const text = await modelbytesHere("hash", path);
    const lines = Object.entries(tensors).map(([name, { sha256, dtype, shape }]) => {
      return `${sha256}  ${dtype}[${shape.join(", ")}]  ${name}\n`;
    });
    expect([text.code, text.stdout]).toEqual([0, lines.join("")]);
  });

  test("read", async () => {
    const absent = await modelbytesHere("read", path, "nope");
    expect([absent.code, absent.stdout]).toEqual([3, ""]);
    expect(absent.stderr).toMatch(/^error: .*tensor "nope": there is no tensor of this name\nhint: /);
    const row = (await tensorsOf(path)).find(({ dtype, shape }) => dtype === "float32" && shape.length > 0);
    if (row === undefined) return;
    const { name, shape } = row;
    const whole = await modelbytesHere("read", path, name);
    expect([whole.code, whole.stderr, whole.stdout.split("\n")[0]]).toEqual([0, "", `float32 [${shape.join(", ")}]`]);
    const part = await modelbytesHere("read", path, name, "--select", "0:1");
    expect([part.code, part.stdout.split("\n")[0]]).toEqual([0, `float32 [${[1, ...shape.slice(1)].join(", ")}]`]);
    const wrong = await modelbytesHere("read", path, name, "--select", `${shape[0]}`);
    expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
    const out = join(await temporaryDirectory(onTestFinished), "x.bin");
    expect((await modelbytesHere("read", path, name, "--out", out)).code).toBe(0);
    expect((await readFile(out)).length).toBe(row.byteLength);
  });

  test("diff", async () => {
    const same = await modelbytesHere("diff", path, path, "--json");
    expect([same.code, members(same)]).toEqual([0, { equal: true, onlyInA: [], onlyInB: [], changed: [] }]);
    const rows = await tensorsOf(path);
    const text = await modelbytesHere("diff", path, path);
    expect([text.code, text.stdout]).toEqual([0, `equal: ${rows.length} tensor${rows.length === 1 ? "" : "s"}\n`]);
    const other = "fixtures/npz/dtypes/arrays.npz";
    const differs = await modelbytesHere("diff", path, other, "--json");
    expect([differs.code, members(differs)]).toMatchObject([1, { equal: false }]);
    const absent = await modelbytesHere("diff", path, "fixtures/nowhere");
    expect([absent.code, absent.stdout, absent.stderr.startsWith("error: ")]).toEqual([3, "", true]);
  });

  test("convert", async () => {
    const folder = await temporaryDirectory(onTestFinished);
    const strip = ["architecture", "optimizer", "signatures", "other"].flatMap((what) => ["--strip", what]);
    const to = join(folder, "new.safetensors");
    const converted = await modelbytesHere("convert", path, to, ...strip);
    expect([converted.code, converted.stdout]).toEqual([
      0,
      expect.stringMatching(/^wrote .*new\.safetensors: safetensors, \d+ tensors?\n$/),
    ]);
    const again = await modelbytesHere("convert", path, to, ...strip);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("hint: --force replaces it")]);
    const refused = await modelbytesHere("convert", path, join(folder, "new.onnx"));
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("\nhint: --to FORMAT")]);
    const diff = await modelbytesHere("diff", to, path, "--names", "full", "--json");
    const { onlyInA, changed }: { onlyInA?: readonly string[]; changed?: readonly unknown[] } = JSON.parse(diff.stdout);
    expect({ onlyInA, changed }).toEqual({ onlyInA: [], changed: [] });
  });

  test("scan", async () => {
    const json = await modelbytesHere("scan", path, "--json");
    expect([json.code, members(json)]).toEqual([0, { dangerous: false, format, findings: [], problems: [] }]);
    const text = await modelbytesHere("scan", path);
    expect([text.code, text.stderr, text.stdout]).toEqual([0, "", expect.stringMatching(/^ok: .*\n$/)]);
  });

  test("latest", async () => {
    const { code, stdout, stderr } = await modelbytesHere("latest", path);
    expect([code, stdout, stderr]).toEqual([3, "", expect.stringContaining("no newest checkpoint")]);
  });

  test("show", async () => {
    const { code, stdout, stderr } = await modelbytesHere("show", path);
    if (format === "saved-model") expect([code, stdout.startsWith("The given SavedModel")]).toEqual([0, true]);
    else expect([code, stdout, stderr]).toEqual([4, "", expect.stringContaining("only a SavedModel can be shown")]);
  });

  test("salvage", async () => {
    const out = join(await temporaryDirectory(onTestFinished), "saved");
    const { code, stdout } = await modelbytesHere("salvage", path, out);
    const isSalvaged = format === "tensor-bundle" || format === "saved-model";
    expect([code, stdout.endsWith("nothing is lost\n")]).toEqual([isSalvaged ? 0 : 4, isSalvaged]);
  });

  test("bench", async () => {
    const json = await modelbytesHere("bench", path, "--json", "--runs", "1");
    expect(json.code).toBe(0);
    const { length: tensors } = await tensorsOf(path);
    expect(members(json)).toEqual({ format, tensors, rows: expect.arrayContaining([]) });
    const text = await modelbytesHere("bench", path, "--runs", "1");
    expect([text.code, text.stdout.split("\n")[0]]).toEqual([0, expect.stringContaining(`: ${format}, `)]);
    expect((await modelbytesHere("bench", path, "--runs", "0")).code).toBe(2);
  });

  test("a damaged one", async () => {
    const damaged = await damagedCopy(each);
    const json = await modelbytesHere("verify", damaged, "--json");
    const { ok, problems = [] }: { ok?: boolean; problems?: readonly Record<string, unknown>[] } = JSON.parse(
      json.stdout,
    );
    expect([json.code, ok, json.stderr]).toEqual([1, false, ""]);
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems)
      expect(Object.keys(problem)).toEqual(["code", "message", "file", "offset", "tensor"]);
    const text = await modelbytesHere("verify", damaged);
    const lines = problems.map(({ code, message }) => `${code}  ${message}\n`);
    expect([text.code, text.stdout]).toEqual([
      1,
      `${lines.join("")}${problems.length} problem${problems.length === 1 ? "" : "s"}\n`,
    ]);
    const out = join(await temporaryDirectory(onTestFinished), "new.npz");
    await mkdir(dirname(out), { recursive: true });
    const strip = ["architecture", "optimizer", "signatures", "other"].flatMap((what) => ["--strip", what]);
    const hashed = await modelbytesHere("hash", damaged);
    expect(hashed.code).toBe(1);
    expect(hashed.stderr).toMatch(/^error: /);
    await writeFile(out, "mine");
    const converted = await modelbytesHere("convert", damaged, out, "--force", ...strip);
    expect([converted.code, await readFile(out, "utf8")]).toEqual([1, "mine"]);
  });
});
