// `convert` when it is stopped or the disk fails it: what was there is there still, whole, or the new checkpoint is, or none.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { tensor } from "@modelbytes/tensor";
import { openBundle, type Part, writeBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, onTestFinished, test } from "vitest";
import { BIN, modelbytesHere, ROOT, temporaryDirectory } from "./command.ts";

const MIB = 2 ** 20;

/** `count` tensors of a MiB, all of `value`. */
function* parts(count: number, value: number): Generator<Part> {
  for (let number = 0; number < count; number++) {
    yield [`t${number}`, tensor("uint8", [MIB], new Uint8Array(MIB).fill(value))];
  }
}

/** The one value of all elements of a checkpoint, `undefined` where there is none. Throws for one that is damaged. */
async function commonValue(prefix: string): Promise<number | undefined> {
  const names = await readdir(join(prefix, "..")).catch((): string[] => []);
  if (!names.includes("model.index")) return undefined;
  await using bundle = await openBundle(prefix);
  for await (const problem of bundle.verify()) throw problem;
  const values = new Set<number>();
  for await (const [, { data }] of bundle.stream()) for (const value of data) values.add(Number(value));
  const [value, ...others] = values;
  if (others.length > 0) throw new Error(`a mixture of ${[...values].join(" and ")}`);
  return value;
}

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

function start(command: string, args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return { child, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, stderr }))) };
}

/** Resolves when a file is being written in a folder. */
async function writingBegins(folder: string): Promise<void> {
  while (true) {
    const names = await readdir(folder).catch((): string[] => []);
    if (names.some((name) => name.includes(".tempstate"))) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe("convert that is stopped while it writes", { timeout: 60_000 }, () => {
  test("kill -9: the old checkpoint, the new one or none, never a mixture", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    await writeBundle(`${folder}/new/model`, parts(24, 2));
    const found: (number | undefined)[] = [];
    for (const wait of [0, 5, 15, 30, 60]) {
      const out = `${folder}/out-${wait}`;
      await writeBundle(`${out}/model`, parts(2, 1));
      const args = ["convert", `${folder}/new/model`, `${out}/model`, "--force", "--shards", "2"];
      const { child, ended } = start(process.execPath, [BIN, ...args]);
      await Promise.race([writingBegins(out), ended]);
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill("SIGKILL");
      await ended;
      found.push(await commonValue(`${out}/model`));
    }
    for (const value of found) expect([undefined, 1, 2]).toContain(value);
  });

  // Ctrl-C may come when all is written already: then another attempt is made.
  test("Ctrl-C: the old checkpoint, and no other file", { retry: 3 }, async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    await writeBundle(`${folder}/new/model`, parts(40, 2));
    await writeBundle(`${folder}/out/model`, parts(2, 1));
    const before = (await readdir(`${folder}/out`)).sort();
    for (const [out, left] of [
      ["out", before],
      ["fresh/deep", undefined],
    ] as const) {
      const args = ["convert", `${folder}/new/model`, `${folder}/${out}/model`, "--force"];
      const { child, ended } = start(process.execPath, [BIN, ...args]);
      await Promise.race([writingBegins(`${folder}/${out}`), ended]);
      child.kill("SIGINT");
      expect((await ended).code).toBe(130);
      expect((await readdir(`${folder}/${out}`).catch(() => undefined))?.sort()).toEqual(left);
    }
    expect((await readdir(folder)).sort()).toEqual(["new", "out"]); // directories that it made are gone as well
    expect(await commonValue(`${folder}/out/model`)).toBe(1);
  });
});

describe("convert to a disk that takes no more", { timeout: 60_000 }, () => {
  test.for([0, 1, 300, 1024, 2500])("after %d KiB of a file", async (kibibytes, { expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    await writeBundle(`${folder}/new/model`, parts(3, 2));
    await writeBundle(`${folder}/out/model`, parts(2, 1));
    const before = await readFile(`${folder}/out/model.index`);
    const names = await readdir(`${folder}/out`);
    for (const out of ["out", "fresh"]) {
      const limited = `ulimit -f ${kibibytes}; exec "$@"`;
      const args = ["convert", `${folder}/new/model`, `${folder}/${out}/model`, "--force"];
      const { code, stderr } = await start("bash", ["-c", limited, "bash", process.execPath, BIN, ...args]).ended;
      expect([code, stderr]).toEqual([
        5,
        expect.stringMatching(/the file cannot be written \(EFBIG\)\nhint: try again/),
      ]);
    }
    expect([await readdir(folder), await readdir(`${folder}/out`)]).toEqual([["new", "out"], names]);
    expect((await readFile(`${folder}/out/model.index`)).equals(before)).toBe(true);
    expect(await commonValue(`${folder}/out/model`)).toBe(1);
  });

  test("a full one", async ({ expect, onTestFinished, skip }) => {
    const path = `${await temporaryDirectory(onTestFinished)}/disk`;
    await mkdir(path);
    const mounted = await succeeds("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", path]);
    if (!mounted) skip("mounting a small disk needs root; the limits above take the same steps");
    try {
      await writeBundle(`${path}/model`, parts(1, 1));
      const from = `${path}/../new/model`;
      await writeBundle(from, parts(4, 2));
      const { code, stderr } = await start(process.execPath, [BIN, "convert", from, `${path}/model`, "--force"]).ended;
      expect([code, stderr]).toEqual([5, expect.stringContaining("(ENOSPC)")]);
      expect((await readdir(path)).sort()).toEqual(["model.data-00000-of-00001", "model.index"]);
      expect(await commonValue(`${path}/model`)).toBe(1);
    } finally {
      await succeeds("umount", [path]);
    }
  });
});

describe("a damaged tensor, too large to be in memory at once, is copied nowhere", { timeout: 60_000 }, () => {
  const SIDE = 3200;
  const SIZE = 4 * SIDE * SIDE;

  test.each([
    ["to safetensors", ["--to", "safetensors"]],
    ["to npz", ["--to", "npz"]],
    ["to a SavedModel", ["--to", "saved-model"]],
    ["to a checkpoint", []],
    ["in another dtype", ["--to", "safetensors", "--cast", "float32=bfloat16"]],
  ])("%s", async (_, options) => {
    const folder = await temporaryDirectory(onTestFinished);
    const data = new Float32Array(SIDE * SIDE).fill(1);
    await writeBundle(`${folder}/model`, [["large", tensor("float32", [SIDE, SIDE], data)]]);
    const file = `${folder}/model.data-00000-of-00001`;
    const handle = await open(file, "r+");
    await handle.write(Uint8Array.of(1), 0, 1, SIZE / 2);
    await handle.close();
    const outcome = await modelbytesHere("convert", `${folder}/model`, `${folder}/out`, ...options);
    expect(outcome).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining(`${file}, byte 0, tensor "large"`),
    });
    expect((await readdir(folder)).sort()).toEqual(["model.data-00000-of-00001", "model.index"]);
  });
});

function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(command, args, (error) => resolve(error === null));
  });
}
