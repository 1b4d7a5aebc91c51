// Stories of people with a model file and no Python, as they would type them. The question of each is asked of the built command.

import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openModel } from "modelbytes";
import { describe, type onTestFinished, test } from "vitest";
import { damageByte, modelbytes, modelbytesHere, ROOT, temporaryDirectory } from "./command.ts";

const TRAINING = "fixtures/tensor-bundle/demo";
const OLD_MODEL = "fixtures/keras-hdf5/keras-2.12-model/model.h5";
const WEIGHTS = "fixtures/keras-hdf5/keras-3-functional-weights/model.weights.h5";

describe.concurrent("a training directory", { timeout: 30_000 }, () => {
  test("which checkpoint is the newest?", async ({ expect }) => {
    const latest = await modelbytes("latest", TRAINING);
    expect(latest).toEqual({ code: 0, stdout: `${TRAINING}/ckpt-3\n`, stderr: "" });
    // The directory stands for it, too.
    const { stderr } = await modelbytesHere("verify", TRAINING);
    expect(stderr).toMatch(/^note: reading the checkpoint .*demo\/ckpt-3\n$/);
  });

  test("which variables are in it, and what are their shapes?", async ({ expect }) => {
    const table = await modelbytes("inspect", `${TRAINING}/ckpt-3`, "--names", "full");
    expect([table.code, table.stderr]).toEqual([0, ""]);
    expect(table.stdout).toMatch(/^classifier\/embedding\/embeddings +float32 +\[200, 16\] +12,800$/m);
    const json = await modelbytesHere("inspect", `${TRAINING}/ckpt-3`, "--names", "full", "--json");
    expect(JSON.parse(json.stdout).tensors).toContainEqual({
      name: "classifier/logits/kernel",
      dtype: "float32",
      shape: [64, 10],
      byteLength: 2560,
      key: "optimizer/_trainable_variables/5/.ATTRIBUTES/VARIABLE_VALUE",
    });
  });

  test("is it whole?", async ({ expect }) => {
    const { code, stdout, stderr } = await modelbytes("verify", `${TRAINING}/ckpt-3`);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "ok: 27 tensors, 65,231 bytes, every checksum holds\n",
      stderr: "",
    });
  });

  test("what changed between two epochs?", async ({ expect }) => {
    const { code, stdout } = await modelbytes("diff", `${TRAINING}/ckpt-2`, `${TRAINING}/ckpt-3`, "--json");
    const { equal, onlyInA, onlyInB, changed } = JSON.parse(stdout);
    expect({ code, equal, onlyInA, onlyInB }).toEqual({ code: 1, equal: false, onlyInA: [], onlyInB: [] });
    expect(changed).toHaveLength(25);
    const step = changed.find(({ name }: { name: string }) => name.startsWith("optimizer/_iterations/"));
    expect(step).toMatchObject({ reason: "values", maxAbsDiff: 1 });
  });
});

test("which tensor is corrupt, and where?", async ({ expect, onTestFinished }) => {
  const folder = await temporaryDirectory(onTestFinished);
  await cp(join(ROOT, TRAINING), folder, { recursive: true });
  const file = `${folder}/ckpt-3.data-00000-of-00001`;
  await damageByte(file, 10_000);
  const { code, stdout } = await modelbytes("verify", `${folder}/ckpt-3`, "--json");
  const { ok, problems } = JSON.parse(stdout);
  const [problem] = problems;
  expect({ code, ok, problems: problems.length }).toEqual({ code: 1, ok: false, problems: 1 });
  expect(problem).toMatchObject({ code: "tensor-checksum", file });
  const whole = await modelbytesHere("inspect", `${TRAINING}/ckpt-3`, "--json");
  const { byteLength } = JSON.parse(whole.stdout).tensors.find(({ name }: { name: string }) => name === problem.tensor);
  expect(problem.offset).toBeLessThanOrEqual(10_000);
  expect(problem.offset + byteLength).toBeGreaterThan(10_000);
  const text = await modelbytesHere("verify", `${folder}/ckpt-3`);
  expect([text.code, text.stdout]).toEqual([1, `tensor-checksum  ${problem.message}\n1 problem\n`]);
  expect(problem.message).toContain(`${file}, byte ${problem.offset}, tensor ${JSON.stringify(problem.tensor)}: `);
  // All others can still be read, and this one is refused.
  const refused = await modelbytesHere("read", `${folder}/ckpt-3`, problem.tensor);
  expect([refused.code, refused.stdout]).toEqual([1, ""]);
});

test("the optimizer's state is taken out, and nothing else", async ({ expect, onTestFinished }) => {
  const slim = join(await temporaryDirectory(onTestFinished), "slim/model");
  const converted = await modelbytes("convert", `${TRAINING}/ckpt-3`, slim, "--strip", "optimizer");
  expect([converted.code, converted.stderr]).toEqual([0, ""]);
  const left = JSON.parse((await modelbytesHere("inspect", slim, "--names", "full", "--json")).stdout);
  const names: readonly string[] = left.tensors.map(({ name }: { name: string }) => name);
  expect(names.filter((name) => name.startsWith("adam/"))).toEqual([]);
  const diff = await modelbytesHere("diff", slim, `${TRAINING}/ckpt-3`, "--names", "full", "--json");
  const { onlyInA, onlyInB, changed } = JSON.parse(diff.stdout);
  // The graph of the objects is another, as it is without those of the optimizer.
  expect(changed.filter(({ name }: { name: string }) => name !== "_CHECKPOINTABLE_OBJECT_GRAPH")).toEqual([]);
  expect([diff.code, onlyInA]).toEqual([1, []]);
  expect(onlyInB.every((name: string) => name.startsWith("adam/"))).toBe(true);
  expect(onlyInB.length + names.length).toBe(27);
});

test("an old .h5 becomes a .keras", async ({ expect, onTestFinished }) => {
  const folder = await temporaryDirectory(onTestFinished);
  const path = join(folder, "model.keras");
  // The optimizer of Keras 2 has other variables than that of Keras 3, so nobody loses it without knowing.
  const refused = await modelbytesHere("convert", OLD_MODEL, path);
  expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("strip optimizer\nhint: `--strip WHAT`")]);
  const converted = await modelbytes("convert", OLD_MODEL, path, "--strip", "optimizer");
  expect([converted.code, converted.stdout]).toEqual([
    0,
    expect.stringMatching(/^wrote .*: keras-archive, \d+ tensors\n$/),
  ]);
  const verified = await modelbytesHere("verify", path);
  expect([verified.code, verified.stderr]).toEqual([0, ""]);
  expect(JSON.parse((await modelbytesHere("inspect", path, "--json")).stdout)).toMatchObject({
    format: "keras-archive",
  });
  // The values are those of before.
  const hashes = async (file: string): Promise<string[]> => {
    const { tensors }: { tensors: Record<string, { sha256: string }> } = JSON.parse(
      (await modelbytesHere("hash", file, "--json")).stdout,
    );
    const weights = Object.entries(tensors).filter(([name]) => !name.startsWith("optimizer_weights/"));
    return [...new Set(weights.map(([, { sha256 }]) => sha256))].sort();
  };
  expect(await hashes(path)).toEqual(await hashes(OLD_MODEL));
});

describe.concurrent("does this weights file fit that architecture?", { timeout: 30_000 }, () => {
  test("it does", async ({ expect, onTestFinished }) => {
    const config = await architecture(10, onTestFinished);
    const { code, stdout } = await modelbytes("verify", WEIGHTS, "--architecture", config);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^ok: .*; the weights fit .*architecture\.json\n$/)]);
  });

  test("if not, which layer?", async ({ expect, onTestFinished }) => {
    const config = await architecture(12, onTestFinished);
    const { code, stdout } = await modelbytes("verify", WEIGHTS, "--architecture", config);
    const [problem, summary] = stdout.split("\n");
    expect([code, summary]).toEqual([1, `1 problem: the weights do not fit ${config}`]);
    expect(problem).toMatch(/^weight-shape {2}.*layers\/embedding has shape \(12, 4\).* and \(10, 4\) in the file$/);
  });

  /** The architecture that the weights are from, with a vocabulary of so many words, as `model.to_json()` writes it. */
  async function architecture(words: number, finished: typeof onTestFinished): Promise<string> {
    await using model = await openModel(join(ROOT, "fixtures/keras-hdf5/keras-3-functional-model/model.h5"));
    if (model.format !== "keras-hdf5") throw new Error(model.format);
    const path = join(await temporaryDirectory(finished), "architecture.json");
    await writeFile(
      path,
      (model.weights.metadata.modelConfig ?? "").replace('"input_dim": 10', `"input_dim": ${words}`),
    );
    return path;
  }
});
