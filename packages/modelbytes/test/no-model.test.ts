// What the command says of places without a model: what is there, and what to do. Nothing stays open.

import { mkdir, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { modelbytesHere, temporaryDirectory } from "./command.ts";

/** Files of this process that are open below a directory. */
async function openBelow(folder: string): Promise<string[]> {
  const links = await Promise.all(
    (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  return links.filter((path) => path.startsWith(folder));
}

const HINT =
  /\nhint: give the prefix of a checkpoint, such as ckpt\/model-3 for .*, the file of a model, or its directory\n$/;

describe.each(["inspect", "verify", "hash", "scan", "show", "bench", "read"])("%s", (command) => {
  const more = command === "read" ? ["x"] : [];

  test.each<[name: string, code: number, says: string]>([
    ["missing.h5", 3, "there is no such file, no directory and no checkpoint of this name"],
    ["empty", 3, "there are no files in this directory"],
    ["several", 3, "no model in this directory, but a.txt, b.txt, c.txt, …"],
    ["zero.h5", 1, "the file is empty"],
    ["junk.h5", 1, "no format that is known begins like this file, and no checkpoint ends like it"],
  ])("%s", async (name, code, says) => {
    const folder = await temporaryDirectory(onTestFinished);
    await mkdir(join(folder, "empty"));
    await mkdir(join(folder, "several"));
    for (const file of ["d", "b", "a", "c"]) await writeFile(join(folder, "several", `${file}.txt`), "x");
    await writeFile(join(folder, "zero.h5"), "");
    await writeFile(join(folder, "junk.h5"), "this is no model");
    const outcome = await modelbytesHere(command, join(folder, name), ...more);
    expect(outcome.code).toBe(code);
    // What is wrong with a file is the result of `verify`.
    const isResult = command === "verify" && code === 1;
    expect(isResult ? outcome.stdout : outcome.stderr).toContain(`${join(folder, name)}`);
    expect(isResult ? outcome.stdout : outcome.stderr).toContain(says);
    if (code === 3) expect(outcome.stderr).toMatch(HINT);
    if (process.platform === "linux") expect(await openBelow(folder)).toEqual([]);
  });
});

test.each([
  ["fixtures/keras-hdf5/keras-3-sequential-model/model.h5", "an HDF5 file", "keras-hdf5"],
  ["fixtures/keras-archive/keras-3-trained/model.keras", "a zip archive", "keras-archive"],
  ["fixtures/npz/demo/arrays.npz", "a zip archive", "npz"],
  ["fixtures/safetensors/demo/model.safetensors", "a safetensors file", "safetensors"],
  ["fixtures/keras-config/texts-keras-3/sequential.json", "a text", "keras-config"],
])("%s is not salvaged, and not shown", async (path, what, format) => {
  const out = join(await temporaryDirectory(onTestFinished), "saved");
  const salvaged = await modelbytesHere("salvage", path, out);
  expect([salvaged.code, salvaged.stderr]).toEqual([
    4,
    expect.stringContaining(`this is ${what}: only checkpoints have`),
  ]);
  const shown = await modelbytesHere("show", path);
  expect([shown.code, shown.stderr]).toEqual([4, expect.stringContaining(`this is ${format}, and only a SavedModel`)]);
});
