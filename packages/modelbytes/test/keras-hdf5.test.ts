// The command on Keras files in HDF5, whose values Python read from them.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openModel } from "modelbytes";
import { describe, expect, test } from "vitest";
import { FORMATS } from "../src/format.ts";
import { modelbytesHere, ROOT } from "./command.ts";

const FOLDER = "fixtures/keras-hdf5";

interface Expected {
  readonly file: string;
  readonly kind: "model" | "weights" | "keras-weights" | "keras-weights-sharded";
  readonly layers?: readonly (readonly [name: string, weights: readonly string[]])[];
  readonly optimizer?: readonly string[];
  readonly tensors: Readonly<Record<string, { dtype: string; shape: readonly number[]; sha256: string }>>;
}

const all: (readonly [string, Expected])[] = [];
for (const name of await readdir(join(ROOT, FOLDER))) {
  const text = await readFile(join(ROOT, FOLDER, name, "expected.json"), "utf8").catch(() => undefined);
  if (text === undefined) continue;
  const expected: Expected = JSON.parse(text);
  all.push([`${name}/${expected.file}`, expected]);
}

const FORMAT_OF = {
  model: "keras-hdf5",
  weights: "keras-hdf5-weights",
  "keras-weights": "keras-weights",
  "keras-weights-sharded": "keras-weights-sharded",
} as const;

test("there are fixtures of every kind", () => {
  expect(new Set(all.map(([, { kind }]) => kind)).size).toBe(4);
  expect(all.length).toBeGreaterThan(40);
});

describe.each(all)("%s", (path, expected) => {
  const format = FORMAT_OF[expected.kind];

  test("is hashed as Python does", async () => {
    const { code, stdout, stderr } = await modelbytesHere("hash", `${FOLDER}/${path}`, "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const tensors = Object.entries(expected.tensors).map(([key, { dtype, shape, sha256 }]) => [
      key,
      { dtype, shape, sha256 },
    ]);
    expect(JSON.parse(stdout)).toEqual({ format, tensors: Object.fromEntries(tensors) });
  });

  test("is inspected, as a table, as a tree and as JSON", async () => {
    const [table, tree, json] = await Promise.all([
      modelbytesHere("inspect", `${FOLDER}/${path}`),
      modelbytesHere("inspect", `${FOLDER}/${path}`, "--tree", "--names", "full"),
      modelbytesHere("inspect", `${FOLDER}/${path}`, "--json"),
    ]);
    const keys = Object.keys(expected.tensors);
    expect(table.stdout).toContain(`${expected.file}: ${format}, `);
    for (const key of keys)
      expect(table.stdout).toMatch(new RegExp(`^${key.replace(/[.*+?^$()|[\]\\]/g, "\\$&")} `, "m"));
    expect(tree.stdout.split("\n").filter((line) => /[└├]─ .* {2}\w+ \[.*\]/.test(line))).toHaveLength(keys.length);
    const facts = JSON.parse(json.stdout);
    expect(facts).toMatchObject({ format, problems: [] });
    expect(FORMATS).toContain(facts.format);
    expect(facts.tensors.map(({ name }: { name: string }) => name).sort()).toEqual([...keys].sort());
  });
});

const inOneFile = all.filter(
  ([, { kind, tensors }]) => kind !== "keras-weights-sharded" && Object.keys(tensors).length > 0,
);

describe.each(inOneFile)("%s", (path, { kind, tensors }) => {
  test("is opened from bytes, and each tensor goes by its readable name", async () => {
    await using model = await openModel(await readFile(join(ROOT, FOLDER, path)));
    expect(model.format).toBe(FORMAT_OF[kind]);
    const names = await model.names();
    expect(new Set(names.values()).size).toBe(Object.keys(tensors).length);
    for (const [key, name] of [...names].slice(0, 2)) {
      const { code, stdout } = await modelbytesHere("read", `${FOLDER}/${path}`, name);
      expect({ code, dtype: stdout.split(" ")[0] }).toEqual({ code: 0, dtype: tensors[key]?.dtype });
    }
  });
});
