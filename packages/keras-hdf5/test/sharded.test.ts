// Sharded weights: the index and the shards together, and what happens where they do not agree.

import { readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { ModelbytesError } from "@modelbytes/bytes";
import { type OpenShardedKerasWeightsOptions, openKerasHdf5, openShardedKerasWeights } from "@modelbytes/keras-hdf5";
import { describe, expect, test } from "vitest";
import { FIXTURES } from "./fixtures.ts";
import { dataset, fileOf } from "./made-file.ts";

const INDEX = `${FIXTURES}keras-3-sharded/model.weights.json`;

/** An index as Keras writes it, and shards by name. */
async function open(
  map: Readonly<Record<string, unknown>>,
  shards: Readonly<Record<string, readonly string[]>>,
  { size, ...options }: OpenShardedKerasWeightsOptions & { size?: number } = {},
) {
  const index = JSON.stringify({ metadata: { total_size: size ?? 8 }, weight_map: map }, undefined, 4);
  const files = new Map<string, Uint8Array>();
  for (const [name, datasets] of Object.entries(shards)) {
    files.set(name, await fileOf(...datasets.map((path) => dataset(path))));
  }
  return await openShardedKerasWeights(new TextEncoder().encode(index), { name: "index", folder: files, ...options });
}

const SOUND_MAP = { "/a/vars": "0", "/vars": ["0", "1"] };
const SOUND_SHARDS = { "0": ["a/vars/0"], "1": ["vars/0"] };

async function problemsOf(...of: Parameters<typeof open>): Promise<string[]> {
  const [map, shards, options] = of;
  await using opened = await open(map, shards, { ...options, tolerant: true });
  const problems: string[] = [];
  for await (const { code, file, tensor } of opened.verify()) problems.push(`${code} ${file} ${tensor}`);
  return problems;
}

describe("what Keras wrote", () => {
  test("opens from a path, a URL and files in memory", async () => {
    const folder = new Map<string, Uint8Array>();
    for (const name of readdirSync(`${FIXTURES}keras-3-sharded`)) {
      folder.set(name, new Uint8Array(readFileSync(`${FIXTURES}keras-3-sharded/${name}`)));
    }
    await using byPath = await openShardedKerasWeights(INDEX);
    await using byUrl = await openShardedKerasWeights(pathToFileURL(INDEX));
    await using inMemory = await openShardedKerasWeights(folder.get("model.weights.json") ?? "", { folder });
    expect(byPath.kind).toBe("keras-weights-sharded");
    expect(byPath.entries.size).toBeGreaterThan(50);
    expect([...byUrl.entries]).toEqual([...byPath.entries]);
    expect([...inMemory.entries]).toEqual([...byPath.entries]);
    await expect(openShardedKerasWeights(new Uint8Array(2))).rejects.toThrow("pass `folder`");
  });

  test("is what one file would be", async () => {
    await using sharded = await openShardedKerasWeights(INDEX);
    await using whole = await openKerasHdf5(`${FIXTURES}keras-3-functional-weights/model.weights.h5`);
    expect([...sharded.entries]).toEqual([...whole.entries]);
    expect(sharded.layers).toEqual(whole.layers);
    for (const key of whole.entries.keys()) expect(await sharded.read(key)).toEqual(await whole.read(key));
  });
});

test("groups may go over several shards", async () => {
  const map = { "/a/vars": ["0", "1"], "/vars": "1" };
  const shards = { "0": ["a/vars/0", "a/vars/1"], "1": ["a/vars/2", "vars/0"] };
  expect(await problemsOf(map, shards, { size: 16 })).toEqual([]);
  await using file = await open(map, shards, { size: 16 });
  expect(file.layers).toMatchObject([{ path: "a", weights: [{ name: "0" }, { name: "1" }, { name: "2" }] }]);
  expect([...file.entries.keys()]).toEqual(["a/vars/0", "a/vars/1", "a/vars/2", "vars/0"]);
});

test("a shard that holds less than it should", async () => {
  await expect(open(SOUND_MAP, SOUND_SHARDS)).rejects.toMatchObject({
    name: "CorruptError",
    code: "shards",
    tensor: "vars",
  });
  expect(await problemsOf(SOUND_MAP, SOUND_SHARDS)).toEqual(["shards index vars"]);
});

test("a variable that the index does not know, or knows elsewhere", async () => {
  const shards = { "0": ["a/vars/0"], "1": ["vars/0", "b/vars/0"] };
  expect(await problemsOf({ "/a/vars": "0", "/vars": "1" }, shards, { size: 12 })).toEqual(["shards index b/vars/0"]);
  expect(await problemsOf({ "/a/vars": "0", "/vars": "1", "/b/vars": "0" }, shards, { size: 12 })).toEqual([
    "shards index b/vars/0",
    "shards index b/vars",
  ]);
});

test("a variable that two shards have", async () => {
  const shards = { "0": ["a/vars/0"], "1": ["a/vars/0"] };
  await expect(open({ "/a/vars": ["0", "1"] }, shards, { tolerant: true })).rejects.toMatchObject({
    name: "CorruptError",
    code: "shards",
    tensor: "a/vars/0",
  });
});

test("another total size is a problem", async () => {
  const map = { "/a/vars": "0", "/vars": "1" };
  expect(await problemsOf(map, SOUND_SHARDS, { size: 9 })).toEqual(["total-size index undefined"]);
});

test("a shard that is missing", async () => {
  await expect(open({ "/a/vars": "0", "/vars": "lost" }, SOUND_SHARDS)).rejects.toMatchObject({
    name: "NotFoundError",
    file: "lost",
  });
});

test.each([
  ["no JSON", "{"],
  ["another JSON", "[1]"],
  ["no map", '{"metadata": {}}'],
  ["a number for a file", '{"weight_map": {"/vars": 1}}'],
  ["no file at all", '{"weight_map": {"/vars": []}}'],
  ["a file of another folder", '{"weight_map": {"/vars": "../0"}}'],
  ["an absolute path", '{"weight_map": {"/vars": "/etc/passwd"}}'],
])("%s is a damaged index", async (_, text) => {
  const opening = openShardedKerasWeights(new TextEncoder().encode(text), { name: "index", folder: new Map() });
  await expect(opening).rejects.toMatchObject({ name: "CorruptError", code: "shard-index", file: "index" });
});

test("cut or changed anywhere the index gives a typed error or something to open", async () => {
  const bytes = new Uint8Array(readFileSync(INDEX));
  const folder = `${FIXTURES}keras-3-sharded`;
  let errors = 0;
  for (let at = 0; at < bytes.length; at += 7) {
    for (const changed of [bytes.slice(0, at), bytes.with(at, (bytes[at] ?? 0) ^ 1)]) {
      try {
        await (await openShardedKerasWeights(changed, { folder, name: "index" })).close();
      } catch (error) {
        expect(error).toBeInstanceOf(ModelbytesError);
        errors++;
      }
    }
  }
  expect(errors).toBeGreaterThan(bytes.length / 7);
});
