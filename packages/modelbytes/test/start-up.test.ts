// A command starts as soon as its code is read. How much that is is counted, which no clock disturbs.

import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { BIN, ROOT, temporaryDirectory } from "./command.ts";

const MOST_FILES = 30;
const MOST_BYTES = 450_000;

/** The files with code that the command runs. */
async function filesRun(...args: readonly string[]): Promise<URL[]> {
  const folder = await temporaryDirectory(onTestFinished);
  // Node notes there every script that it ran.
  await promisify(execFile)(process.execPath, [BIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, NODE_V8_COVERAGE: folder },
  });
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
  const scripts = texts.flatMap((text): { url: string }[] => JSON.parse(text).result);
  return scripts.filter(({ url }) => url.startsWith("file:")).map(({ url }) => new URL(url));
}

test.each([
  ["a checkpoint", "tensor-bundle/demo"],
  ["a SavedModel", "saved-model/keras-3-export/model"],
  ["a .h5", "keras-hdf5/keras-3-functional-model/model.h5"],
  ["a .weights.h5", "keras-archive/keras-3-folder/model/model.weights.h5"],
  ["a .keras", "keras-archive/keras-3-trained/model.keras"],
  ["a config.json", "keras-archive/keras-3-folder/model/config.json"],
  ["safetensors", "safetensors/demo/model.safetensors"],
  ["an .npz", "npz/demo/arrays.npz"],
])("inspect reads few files and little code for %s", async (_, path) => {
  const files = await filesRun("inspect", `fixtures/${path}`);
  expect(files.length).toBeLessThanOrEqual(MOST_FILES);
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MOST_BYTES);
});
