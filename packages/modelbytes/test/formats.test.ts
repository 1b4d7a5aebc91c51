// The command on safetensors, arrays of NumPy, archives and architectures of Keras, whose values Python read from them.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openModel } from "modelbytes";
import { describe, expect, test } from "vitest";
import { modelbytesHere, ROOT } from "./command.ts";

/** What Python says of a fixture. */
interface Expected {
  readonly file: string;
  readonly tensors?: Readonly<Record<string, Described>>;
  /** The same of an archive. */
  readonly weights?: Readonly<Record<string, Described>>;
}

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

type Fixture = readonly [path: string, format: string, tensors: Readonly<Record<string, Described>>];

/** Fixtures of files that are refused, by the tests of their packages. */
const REFUSED = /^(?:hostile|refused|hdf5\.keras)/;

const all: Fixture[] = [];
for (const [folder, format] of [
  ["safetensors", "safetensors"],
  ["npz", "npz"],
  ["keras-archive", "keras-archive"],
] as const) {
  for (const name of await readdir(join(ROOT, "fixtures", folder))) {
    const text = await readFile(join(ROOT, "fixtures", folder, name, "expected.json"), "utf8").catch(() => undefined);
    if (text === undefined || REFUSED.test(name)) continue;
    const { file, tensors, weights = {} }: Expected = JSON.parse(text);
    all.push([`fixtures/${folder}/${name}/${file}`, format, tensors ?? weights]);
  }
}

test("there are fixtures of each format", () => {
  expect(new Set(all.map(([, format]) => format)).size).toBe(3);
  expect(all.length).toBeGreaterThan(25);
});

describe.each(all)("%s", (path, format, tensors) => {
  const keys = Object.keys(tensors);

  test("is hashed as Python does", async () => {
    const { code, stdout, stderr } = await modelbytesHere("hash", path, "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const expected = Object.entries(tensors).map(([key, { dtype, shape, sha256 }]) => [key, { dtype, shape, sha256 }]);
    expect(JSON.parse(stdout)).toEqual({ format, tensors: Object.fromEntries(expected) });
  });

  test("is inspected, as a table, as a tree and as JSON", async () => {
    const [table, tree, json] = await Promise.all([
      modelbytesHere("inspect", path),
      modelbytesHere("inspect", path, "--tree", "--names", "full"),
      modelbytesHere("inspect", path, "--json"),
    ]);
    expect([table.code, tree.code, json.code]).toEqual([0, 0, 0]);
    expect(table.stdout).toMatch(new RegExp(`: (?:${format}|npy)[,\n]`));
    const facts = JSON.parse(json.stdout);
    expect(facts.format).toBe(format);
    expect(facts.tensors.map(({ name }: { name: string }) => name).sort()).toEqual([...keys].sort());
    for (const { name, dtype, shape } of facts.tensors) {
      expect([dtype, shape]).toEqual([tensors[name]?.dtype, tensors[name]?.shape]);
    }
  });

  test("is the same as itself, and each tensor can be read", async () => {
    const { code, stdout } = await modelbytesHere("diff", path, path, "--json");
    expect({ code, ...JSON.parse(stdout) }).toEqual({ code: 0, equal: true, onlyInA: [], onlyInB: [], changed: [] });
    await using model = await openModel(join(ROOT, path));
    const names = await model.names();
    expect(new Set(names.values()).size).toBe(keys.length);
    for (const key of keys) expect((await model.weights.read(key)).shape).toEqual(tensors[key]?.shape);
    const [first] = keys;
    if (first === undefined) return;
    const read = await modelbytesHere("read", path, first);
    expect([read.code, read.stderr]).toEqual([0, ""]);
  });
});

describe.each(all.filter(([path]) => /\.(?:safetensors|npz|keras)$/.test(path)))("%s", (path, format, tensors) => {
  test("is found by its bytes, without a name", async () => {
    await using model = await openModel(await readFile(join(ROOT, path)));
    expect([model.format, model.weights.entries.size]).toEqual([format, Object.keys(tensors).length]);
    expect(model.damage).toEqual([]);
  });

  test("is verified", async () => {
    const { code, stdout } = await modelbytesHere("verify", path, "--json");
    const { ok, problems } = JSON.parse(stdout);
    expect({ code, ok, problems }).toEqual({ code: 0, ok: true, problems: [] });
  });
});

describe.each(["json", "yaml", "before-5.1.yaml"])("an architecture in %s", (ending) => {
  test.each(["sequential", "functional", "attention"])("%s", async (name) => {
    const path = `fixtures/keras-config/texts-keras-3/${name}${ending.startsWith("before") ? "-" : "."}${ending}`;
    await using model = await openModel(join(ROOT, path));
    if (model.format !== "keras-config") throw new Error(model.format);
    expect(model.encoding).toBe(ending === "json" ? "json" : "yaml");
    expect(model.text).toBe(await readFile(join(ROOT, path), "utf8"));
    expect(model.architecture.grammar).toBe("keras-3");
    expect(model.weights.entries.size).toBe(0);
    const { code, stdout } = await modelbytesHere("inspect", path, "--json");
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ format: "keras-config", tensors: [] })]);
    const verified = await modelbytesHere("verify", path);
    expect([verified.code, verified.stderr]).toEqual([0, ""]);
    const refused = await modelbytesHere("convert", path, "/nowhere/new.keras");
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("of which there is no tensor")]);
  });

  test("the same layers in every text", async () => {
    const path = (text: string) => join(ROOT, `fixtures/keras-config/texts-keras-3/functional${text}`);
    await using one = await openModel(path(ending.startsWith("before") ? `-${ending}` : `.${ending}`));
    await using other = await openModel(path(".json"));
    if (one.format !== "keras-config" || other.format !== "keras-config") throw new Error("no architecture");
    const names = ({ architecture }: typeof one) => architecture.model.layers.map((layer) => layer.name);
    expect(names(one)).toEqual(names(other));
    expect(names(one).length).toBeGreaterThan(2);
  });
});

describe("what is no model", () => {
  test.each([
    ["{}", "a JSON text, but none of a model"],
    ['{"class_name": 5, "config": {}}', "a JSON text, but none of a model"],
    ['{"modelTopology": {}}', "a TensorFlow.js model.json"],
    ["\u0089PNG\r\n\u001a\n", "a PNG picture"],
  ])("%s", async (text, what) => {
    const error = await openModel(Uint8Array.from(text, (character) => character.charCodeAt(0))).catch(String);
    expect(error).toContain(`this is ${what}`);
  });
});
