// Python TensorFlow writes checkpoints, we transform them, and it restores what came of it; where TensorFlow has the same
// transformation, the bytes are compared. MODELBYTES_SEEDS=60:1000 takes other seeds for these.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFloat } from "@modelbytes/tensor";
import {
  type Bundle,
  castTensors,
  joinPartitions,
  keepTensors,
  mergeBundles,
  openBundle,
  renameTensors,
  type StoredStream,
  salvage,
  shardBySize,
  splitTensors,
  stripOptimizer,
  unplaced,
  type WriteBundleOptions,
  writeBundle,
} from "@modelbytes/tensor-bundle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_SEEDS = "0:40" } = process.env;
const [first = 0, end = 0] = MODELBYTES_SEEDS.split(":").map(Number);
const SEEDS = Array.from({ length: end - first }, (_, index) => first + index);
const SCRIPT = "fixtures/tensor-bundle/transformed.py";

describe.runIf(hasPython())("transformed checkpoints", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-transformed-"));
  const path = (...names: string[]) => join(folder, ...names);
  const opened: Bundle[] = [];
  let python = "";

  async function open(...names: string[]): Promise<Bundle> {
    const bundle = await openBundle(path(...names));
    opened.push(bundle);
    return bundle;
  }

  async function write(name: string, stream: StoredStream, options?: WriteBundleOptions): Promise<Bundle> {
    await writeBundle(path(name), stream, options);
    const bundle = await open(name);
    for await (const problem of bundle.verify()) expect.fail(`${name}: ${problem.message}`);
    return bundle;
  }

  beforeAll(async () => {
    python = await interpreter("tensorflow-2.21");
    await runPython(python, SCRIPT, "make", folder, MODELBYTES_SEEDS);
  });
  afterAll(async () => {
    for (const bundle of opened) await bundle.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Rows are cut into three, so that every kind of variable is cut somewhere. */
  const cut = (_: string, shape: readonly number[]) => ((shape[0] ?? 0) >= 3 ? { axis: 0, parts: 3 } : undefined);
  const german = (name: string) =>
    name.replace("model/first/", "model/erste/").replace("model/second/", "model/zweite/");

  test("TensorFlow restores them", async () => {
    const tree = await open("tree");
    const keras = await open("keras");
    const trained = await open("trained");
    await write("renamed", renameTensors(tree.stream(), german));
    await write(
      "kept",
      keepTensors(tree.stream(), (name) => name.startsWith("model/first/")),
    );
    await write("stripped", stripOptimizer(keras.stream(), await keras.objectGraph()));
    await write("stripped-names", stripOptimizer(trained.stream(), undefined));
    for (const dtype of ["float64", "float16", "bfloat16"] as const) {
      await write(
        `cast-${dtype}`,
        castTensors(tree.stream(), (_, own) => (isFloat(own) ? dtype : own)),
      );
    }
    await write("resharded", unplaced(tree.stream()), { shards: 3 });
    await write("sharded", await shardBySize(tree.stream(), 50));
    await write("split-tree", splitTensors(tree.stream(), cut));
    const renamed = renameTensors(stripOptimizer(trained.stream(), undefined), (name) => `trained/${name}`);
    await write("merged-tree", await mergeBundles([tree.stream(), renamed]));
    const split = await write("split", splitTensors((await open("whole")).stream(), cut));
    await write("joined", joinPartitions(split.stream()));
    const cast = castTensors(renameTensors(tree.stream(), german), (_, own) => (isFloat(own) ? "float64" : own));
    await write("all", await shardBySize(splitTensors(cast, cut), 100), { alignment: 64 });

    const key = "model/second/kernel/.ATTRIBUTES/VARIABLE_VALUE";
    const index = readFileSync(path("tree.index"));
    const data = readFileSync(path("tree.data-00000-of-00001"));
    const damaged = Buffer.from(data);
    const { offset = 0 } = tree.entries.get(key) ?? {};
    damaged[offset + 1] = 0xee;
    const report = await salvage({ index, data: [damaged] }, path("salvaged"));
    expect(report.lost.map(({ tensor }) => tensor)).toEqual([key]);
    writeFileSync(path("cut-short.index"), index.subarray(0, -48));
    writeFileSync(path("cut-short.data-00000-of-00001"), data);
    expect((await salvage(path("cut-short"), path("salvaged-index"))).lost).toEqual([]);

    const found: Record<string, string> = JSON.parse(await runPython(python, SCRIPT, "check", folder));
    expect(Object.entries(found).filter(([, result]) => result !== "ok")).toEqual([]);
    expect(Object.keys(found).length).toBeGreaterThan(12);
  });

  test("a split checkpoint is the one that a partitioner makes, and joined again the one before", async () => {
    const whole = await open("whole");
    const cutByUs = splitTensors(whole.stream(), () => ({ axis: 0, parts: 3 }));
    await write("cut-by-us", cutByUs);
    expectSameFiles("cut-by-us", "cut");
    await write("joined-by-us", joinPartitions((await open("cut")).stream()));
    expectSameFiles("joined-by-us", "whole");
  });

  test.each(SEEDS)("seed %i: the data files of MaxShardSizePolicy", async (seed) => {
    const at = ["limited", String(seed)];
    const limit = Number(readFileSync(path(...at, "limit"), "utf8"));
    await write(join(...at, "ours"), await shardBySize((await open(...at, "plain", "model")).stream(), limit));
    expectSameFiles(join(...at, "ours"), join(...at, "limited", "model"));
  });

  test.each(SEEDS)("seed %i: what MergeV2Checkpoints makes", async (seed) => {
    const at = ["merged", String(seed)];
    const names: string[] = JSON.parse(readFileSync(path(...at, "parts.json"), "utf8"));
    const parts = await Promise.all(names.map((name) => open(...at, "parts", name)));
    await write(join(...at, "ours"), await mergeBundles(parts.map((part) => part.stream())));
    expectSameFiles(join(...at, "ours"), join(...at, "model"));
  });

  /** Both prefixes have the same files, byte for byte. */
  function expectSameFiles(ours: string, theirs: string): void {
    const found = filesOf(ours);
    const expected = filesOf(theirs);
    expect([...found.keys()]).toEqual([...expected.keys()]);
    for (const [suffix, bytes] of expected) expect([suffix, found.get(suffix)?.equals(bytes)]).toEqual([suffix, true]);
  }

  function filesOf(prefix: string): Map<string, Buffer> {
    const directory = path(prefix, "..");
    const name = prefix.slice(prefix.lastIndexOf("/") + 1);
    const own = readdirSync(directory).filter(
      (file) => /^\.(index|data-\d+-of-\d+)$/.test(file.slice(name.length)) && file.startsWith(name),
    );
    return new Map(own.sort().map((file) => [file.slice(name.length), readFileSync(join(directory, file))]));
  }
});
