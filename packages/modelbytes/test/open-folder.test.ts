import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openModel } from "modelbytes";
import { expect, test } from "vitest";
import { ROOT } from "./command.ts";

/** Files by name, as a page has dropped files. */
function files(folder: string, ...names: readonly string[]): Map<string, Uint8Array> {
  return new Map(names.map((name) => [name, readFileSync(join(ROOT, folder, name))]));
}

const SHARDED = "fixtures/safetensors/sharded";
const NAMES = ["00001", "00002", "00003"].map((number) => `model-${number}-of-00003.safetensors`);

test.each([
  ["keras-weights-sharded", "a path", join(ROOT, "fixtures/keras-hdf5/keras-3-sharded")],
  ["safetensors", "an index", files(SHARDED, "model.safetensors.index.json", ...NAMES)],
  ["safetensors", "one file", files("fixtures/safetensors/demo", "model.safetensors")],
  ["npz", "one file", files("fixtures/npz/demo", "arrays.npz")],
])("a folder stands for %s: %s", async (format, _, from) => {
  await using model = await openModel(from);
  expect(model.format).toBe(format);
  expect(model.weights.entries.size).toBeGreaterThan(0);
  for await (const problem of model.verify()) throw problem;
});

test("a folder of several files stands for none of them", async () => {
  const twice = new Map([...files("fixtures/npz/demo", "arrays.npz"), ...files(SHARDED, ...NAMES)]);
  await expect(openModel(twice)).rejects.toMatchObject({ name: "NotFoundError", code: "not-found" });
});

test("the only file of a folder may be no model", async () => {
  const page = new Map([["index.html", new TextEncoder().encode("<!doctype html><p>A folder")]]);
  await expect(openModel(page)).rejects.toMatchObject({ name: "UnsupportedError", code: "format" });
});
