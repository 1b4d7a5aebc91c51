import { type ModelbytesError, toSource } from "@modelbytes/bytes";
import { openBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { crc32c } from "../src/crc32c/crc32c.ts";
import { graphProblems } from "../src/graph-check.ts";
import { readIndexFile } from "../src/index-file.ts";
import { Table } from "../src/table/table.ts";
import { buildIndex, graphOf } from "./build.ts";
import { filesOf, flipped } from "./damage.ts";

async function problemsOf(...[from, options]: Parameters<typeof openBundle>): Promise<ModelbytesError[]> {
  await using bundle = await openBundle(from, { tolerant: true, ...options });
  const problems: ModelbytesError[] = [];
  for await (const problem of bundle.verify()) problems.push(problem);
  return problems;
}

const briefly = ({ name, code, file, offset, tensor }: ModelbytesError) => ({ name, code, file, offset, tensor });

describe("verify", () => {
  test("goes on after each problem, and each is the error that reading gives", async () => {
    const files = filesOf("demo");
    const name = "ckpt-3.data-00000-of-00001";
    let data = files.get(name) ?? new Uint8Array(0);
    for (const at of [100, 14_000, 40_000]) data = flipped(data, at, 1);
    files.set(name, data.slice(0, -10));
    const problems = await problemsOf(files, { prefix: "ckpt-3" });
    expect(problems.map(({ code }) => code)).toEqual([
      "shard-truncated",
      "tensor-checksum",
      "tensor-checksum",
      "tensor-checksum",
    ]);
    await using bundle = await openBundle(files, { prefix: "ckpt-3" });
    for (const problem of problems) {
      await expect(bundle.read(problem.tensor ?? "")).rejects.toMatchObject(briefly(problem));
    }
  });

  test("tells which keys a damaged block of the index took along, where TensorFlow says nothing", async () => {
    const files = filesOf("blocks-of-1000");
    files.set("model.index", flipped(files.get("model.index") ?? new Uint8Array(0), 2129, 0xff));
    await expect(openBundle(files, { prefix: "model" })).rejects.toMatchObject({
      code: "block-checksum",
      offset: 2029,
    });
    await using bundle = await openBundle(files, { prefix: "model", tolerant: true });
    expect(bundle.entries.size).toBe(75);
    expect(bundle.damage.map(({ code }) => code)).toEqual(["block-checksum"]);
    await expect(bundle.read("model/layers/050/dense/kernel")).rejects.toMatchObject({ code: "block-checksum" });
    await expect(bundle.read("model/layers/999/dense/kernel")).rejects.toMatchObject({ code: "no-tensor" });
    expect((await problemsOf(files, { prefix: "model" })).map(briefly)).toEqual([
      { name: "CorruptError", code: "block-checksum", file: "model.index", offset: 2029, tensor: undefined },
    ]);
  });

  test("says once that a data file is missing, and checks the others", async () => {
    const files = filesOf("merged");
    files.delete("model.data-00001-of-00003");
    const [problem, ...others] = await problemsOf(files, { prefix: "model" });
    expect([problem?.code, problem?.file, others]).toEqual(["shard-missing", "model.data-00001-of-00003", []]);
    await using bundle = await openBundle(files, { prefix: "model" });
    const outcomes = new Set<string>();
    for (const name of bundle.entries.keys()) {
      outcomes.add(
        await bundle.read(name).then(
          () => "read",
          (error: ModelbytesError) => error.code,
        ),
      );
    }
    expect(outcomes).toEqual(new Set(["read", "shard-missing"]));
  });

  const four = new Uint8Array(4);
  const good = { crc32c: crc32c(four) };
  test.each<[string, Parameters<typeof buildIndex>[0], string[]]>([
    ["nothing wrong", { a: good, b: { ...good, offset: 4 } }, []],
    ["tensors that share bytes", { a: { ...good, offset: 2 }, b: { ...good, offset: 4 } }, ["overlap b"]],
    ["a tensor beyond the end", { a: { ...good, offset: 98 } }, ["shard-truncated a"]],
    ["an unknown dtype", { a: { dtype: 99 } }, ["dtype a"]],
    ["a resource", { a: { dtype: 20 } }, ["dtype a"]],
    [
      "a partition that is not there",
      { a: { shape: [2], size: 0, slices: [[{ start: 0, length: 2 }]] } },
      ["partition-missing a"],
    ],
    ["a graph that is none", { _CHECKPOINTABLE_OBJECT_GRAPH: good }, ["object-graph _CHECKPOINTABLE_OBJECT_GRAPH"]],
  ])("%s", async (_, entries, expected) => {
    const problems = await problemsOf({ index: buildIndex(entries), data: [new Uint8Array(100)] });
    expect(problems.map(({ code, tensor }) => `${code} ${tensor}`)).toEqual(expected);
  });

  test("reports a shard that the header counts and nobody has, and an unread block", async () => {
    const index = buildIndex({ a: good }, { shards: 2 });
    expect((await problemsOf({ index, data: [four] })).map(({ code, file }) => [code, file])).toEqual([
      ["shard-missing", "(data.data-00001-of-00002)"],
    ]);
    const sound = buildIndex({ a: good });
    const { metaindex } = (await Table.open(toSource(sound))).footer;
    const problems = await problemsOf({ index: flipped(sound, metaindex.offset, 1), data: [four] });
    expect(problems.map(({ code }) => code)).toEqual(["block-checksum"]);
  });

  test("reports a source that fails, and goes on", async () => {
    const sound = toSource(new Uint8Array(12 * 2 ** 20));
    const zeros = crc32c(new Uint8Array(4 * 2 ** 20));
    const entry = { dtype: 4, shape: [4 * 2 ** 20], size: 4 * 2 ** 20, crc32c: zeros };
    const index = buildIndex({ a: entry, b: { ...entry, offset: 4 * 2 ** 20 }, c: { ...entry, offset: 8 * 2 ** 20 } });
    const failing = {
      name: "disk",
      size: () => sound.size(),
      read: async (offset: number, length: number) => {
        const { SourceError } = await import("@modelbytes/bytes");
        if (offset === 4 * 2 ** 20) throw new SourceError("read-failed", "the disk says no", { file: "disk", offset });
        return await sound.read(offset, length);
      },
    };
    expect((await problemsOf({ index, data: [failing] })).map(({ code }) => code)).toEqual(["read-failed"]);
  });

  test("tells every value that the object graph names and the index has not", async () => {
    const { entry, data } = graphOf(["a", "tab", "gone", "b", "z", "gone"]);
    const none = { shape: [0], size: 0 };
    const index = buildIndex({ a: none, c: { ...none, dtype: 99 }, table: none, _CHECKPOINTABLE_OBJECT_GRAPH: entry });
    const problems = await problemsOf({ index, data: [data] });
    expect(problems.map(({ code, tensor }) => `${code} ${tensor}`)).toEqual([
      "dtype c",
      "object-graph-key gone",
      "object-graph-key b",
      "object-graph-key z",
    ]);
  });

  test("looks for 100,000 values among 100,000 keys that only begin so, without comparing each with each", async () => {
    const keys = Array.from({ length: 100_000 }, (_, at) => `table${at}`);
    const entries = Object.fromEntries(keys.map((key) => [`${key}-values`, { shape: [0], size: 0 }]));
    const index = await readIndexFile(await Table.open(toSource(buildIndex(entries))));
    const attribute = { name: "table", fullName: "", optionalRestore: undefined };
    const attributes = [...keys, "gone"].map((checkpointKey) => ({ ...attribute, checkpointKey }));
    const node = { children: [], slotVariables: [], registeredSaver: undefined, hasCheckpointValues: undefined };
    const problems = [...graphProblems({ nodes: [{ ...node, attributes }] }, index)]; // or else this takes minutes
    expect(problems.map(({ tensor }) => tensor)).toEqual(["gone"]);
  });

  test("does not look for values in an index that has lost a block", async () => {
    const { entry, data } = graphOf(["a", "z"]);
    const entries = { _CHECKPOINTABLE_OBJECT_GRAPH: entry, z: { shape: [0], size: 0 } };
    const index = buildIndex(entries, { settings: { blockSize: 1, restartInterval: 1 } });
    const last = (await Table.open(toSource(index))).blocks.at(-1)?.offset ?? 0;
    const problems = await problemsOf({ index: flipped(index, last, 1), data: [data] });
    expect(problems.map(({ code }) => code)).toEqual(["block-checksum"]);
  });

  test("is cancelled by its signal", async () => {
    const signal = AbortSignal.abort("enough");
    await using bundle = await openBundle(filesOf("demo"), { prefix: "ckpt-3" });
    await expect(bundle.verify({ signal }).next()).rejects.toBe("enough");
  });
});
