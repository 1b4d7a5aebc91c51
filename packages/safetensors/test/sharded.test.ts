// Several files and their index, as huggingface_hub splits and names them.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryFolder } from "@modelbytes/bytes";
import { openSafetensors, openShardedSafetensors, writeShardedSafetensors } from "@modelbytes/safetensors";
import { type Tensor, tensor } from "@modelbytes/tensor";
import { describe, expect, test } from "vitest";
import { bytesOf, describeTensor, expected, FIXTURES } from "./fixtures.ts";

const INDEX = "model.safetensors.index.json";
const { tensors, order = [], file: indexFile } = expected("sharded");
const files = readdirSync(`${FIXTURES}sharded`).filter((name) => name !== "expected.json");

function filesOf(...names: string[]): Map<string, Uint8Array> {
  return new Map(names.map((name) => [name, bytesOf(`sharded/${name}`)]));
}

/** The arrays that the script splits, in its order. */
async function arrays(): Promise<[string, Tensor][]> {
  await using file = await openShardedSafetensors(`${FIXTURES}sharded/${indexFile}`);
  return await Promise.all(order.map(async (name): Promise<[string, Tensor]> => [name, await file.read(name)]));
}

async function problemsOf(index: string, folder: Map<string, Uint8Array>): Promise<string[]> {
  await using file = await openShardedSafetensors(new TextEncoder().encode(index), { folder, name: "index" });
  const problems: string[] = [];
  for await (const { code, tensor: name } of file.verify()) problems.push(`${code} ${name}`);
  return problems;
}

test("the files are one file", async () => {
  await using file = await openShardedSafetensors(`${FIXTURES}sharded/${indexFile}`);
  expect(file.shards.map(({ source }) => source.name.split("/").at(-1))).toEqual(files.slice(0, 3));
  expect(file.index?.totalSize).toBe(788);
  expect(Object.fromEntries(file.metadata ?? [])).toEqual({ format: "np" });
  const found: Record<string, unknown> = {};
  for await (const [name, each] of file.stream()) found[name] = describeTensor(each);
  const plain = Object.entries(tensors).map(([name, { dtype, shape, sha256 }]) => [name, { dtype, shape, sha256 }]);
  expect(found).toEqual(Object.fromEntries(plain));
  for await (const problem of file.verify()) expect.fail(problem.message);
});

test("is written again, file by file", async () => {
  const folder = new MemoryFolder();
  const given = await arrays();
  const written = await writeShardedSafetensors(folder, given, { maxShardBytes: 200, metadata: { format: "np" } });
  expect(written).toEqual({ tensors: 8, bytes: expect.any(Number), files });
  expect(new Map([...folder.files].sort())).toEqual(filesOf(...files));
});

test("what fits into one file has no index", async () => {
  const folder = new MemoryFolder();
  const { files: names } = await writeShardedSafetensors(folder, await arrays(), { name: "weights" });
  expect(names).toEqual(["weights.safetensors"]);
  await using file = await openSafetensors(folder.files.get("weights.safetensors") ?? new Uint8Array());
  expect(file.entries.size).toBe(8);
});

test("nothing at all is one file, too", async () => {
  const folder = new MemoryFolder();
  await writeShardedSafetensors(folder, []);
  expect([...folder.files.keys()]).toEqual(["model.safetensors"]);
});

test("files that were there before go when all is written, and stay where something fails", async () => {
  const place = mkdtempSync(join(tmpdir(), "modelbytes-sharded-"));
  const old = [INDEX, "model-00001-of-00009.safetensors", "model.safetensors.bak", "other.safetensors"];
  try {
    for (const name of old) writeFileSync(join(place, name), "before");
    const failing = { dtype: "uint8", shape: [300], read: () => Promise.reject(new Error("no luck")) } as const;
    const options = { maxShardBytes: 200 };
    const broken = [...(await arrays()), ["z", failing] as const];
    await expect(writeShardedSafetensors(place, broken, options)).rejects.toThrow("no luck");
    expect(readdirSync(place).sort()).toEqual([...old].sort());
    expect(readFileSync(join(place, INDEX), "utf8")).toBe("before");
    await writeShardedSafetensors(place, await arrays(), options);
    expect(readdirSync(place).sort()).toEqual([...files, "model.safetensors.bak", "other.safetensors"].sort());
  } finally {
    rmSync(place, { recursive: true });
  }
});

describe("an index", () => {
  const sound = new TextDecoder().decode(bytesOf(`sharded/${INDEX}`));

  test.each([
    ["no JSON", "{", "shard-index"],
    ["no object", "[]", "shard-index"],
    ["no weight_map", '{"metadata":{}}', "shard-index"],
    ["a file that is no name", '{"weight_map":{"a":1}}', "shard-index"],
    ["a file elsewhere", '{"weight_map":{"a":"../../etc/passwd"}}', "shard-index"],
    ["an absolute path", '{"weight_map":{"a":"/etc/passwd"}}', "shard-index"],
    ["a tensor that is elsewhere", sound.replace('"c": "model-00003', '"c": "model-00001'), "shards"],
    ["a tensor that is nowhere", sound.replace('"c": ', '"d": '), "shards"],
  ])("with %s is refused", async (_, index, code) => {
    const opening = openShardedSafetensors(new TextEncoder().encode(index), {
      folder: filesOf(...files),
      name: "index",
    });
    await expect(opening).rejects.toMatchObject({ name: "CorruptError", code });
  });

  test("whose file is missing is not found", async () => {
    const folder = filesOf(...files.slice(1));
    const opening = openShardedSafetensors(new TextEncoder().encode(sound), { folder });
    await expect(opening).rejects.toMatchObject({ name: "NotFoundError", file: files[0] });
  });

  test("that nobody knows the folder of is the caller's mistake", async () => {
    await expect(openShardedSafetensors(new Uint8Array(2))).rejects.toThrow(TypeError);
  });

  test("may say more, or less", async () => {
    const more = sound.replace('"metadata": {', '"x": [1], "metadata": {"total_parameters": 197, "n": null, ');
    expect(await problemsOf(more, filesOf(...files))).toEqual([]);
    expect(await problemsOf(sound.replace("788", "788.0"), filesOf(...files))).toEqual([]);
    expect(await problemsOf(sound.replace(/"metadata": \{[^}]*\}/, '"metadata": null'), filesOf(...files))).toEqual([]);
  });

  test("that does not agree with its files is no problem to who loads them, but to verify", async () => {
    expect(await problemsOf(sound.replace("788", "789"), filesOf(...files))).toEqual(["total-size undefined"]);
    const without = sound.replace(/\s*"7": [^\n]*/, "");
    expect(await problemsOf(without, filesOf(...files))).toEqual(["unlisted 7", "total-size undefined"]);
    await using file = await openShardedSafetensors(new TextEncoder().encode(without), { folder: filesOf(...files) });
    expect(file.entries.has("7")).toBe(false);
  });

  test("of names that JavaScript would sort keeps their order", async () => {
    const folder = new MemoryFolder();
    const names = ["b", "10", "9", "__proto__", "\u007f\u2028\u{1f600}"];
    const one = (name: string) => [name, tensor("uint8", [1], Uint8Array.of(1))] as const;
    await writeShardedSafetensors(folder, names.map(one), { maxShardBytes: 1 });
    const text = new TextDecoder().decode(folder.files.get(INDEX));
    expect([...text.matchAll(/"([^"]*)": "model-/g)].map(([, name]) => name)).toEqual([
      "b",
      "10",
      "9",
      "__proto__",
      "\\u007f\\u2028\\ud83d\\ude00",
    ]);
    await using file = await openShardedSafetensors(new TextEncoder().encode(text), { folder });
    expect([...file.entries.keys()]).toEqual(names);
  });
});
