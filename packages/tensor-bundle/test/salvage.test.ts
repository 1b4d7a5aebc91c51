import { createHash } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { MemoryFolder, ModelbytesError, SourceError, toFolder } from "@modelbytes/bytes";
import { tensor } from "@modelbytes/tensor";
import { type Bundle, openBundle, type Part, writeBundle } from "@modelbytes/tensor-bundle";
import { encodeObjectGraph } from "@modelbytes/tf-proto";
import { describe, expect, test } from "vitest";
import { type SalvageOptions, type SalvageReport, salvage } from "../src/salvage.ts";
import { Table } from "../src/table/table.ts";
import { attempt, contents, filesOf, flipped } from "./damage.ts";
import { fixturesOf } from "./fixtures.ts";
import { asModel, digest, type Files, values } from "./transformed.ts";

const GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH";

/** Salvages files in memory. What is written has to be sound, and the report has to be right about it. */
async function salvaged(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  prefix = "model",
  options: SalvageOptions = {},
): Promise<{ report: SalvageReport; files: Files; bundle: Bundle }> {
  const folder = new MemoryFolder();
  const report = await salvage(files, { folder, prefix: "model" }, { ...options, prefix });
  const bundle = await openBundle(folder, { prefix: "model" });
  for await (const problem of bundle.verify()) expect.fail(problem.message);
  expect(new Set(report.kept)).toEqual(new Set(bundle.entries.keys()));
  return { report, files: folder.files, bundle };
}

/** The tensors of a damaged bundle that can be read, with their values, without the object graph. */
async function readable(files: Files, prefix: string): Promise<Record<string, string>> {
  await using bundle = await openBundle(files, { prefix, tolerant: true });
  const found = [...(await contents(bundle))].filter(([name]) => name !== GRAPH);
  return Object.fromEntries(found.filter(([name]) => !name.startsWith("\0")));
}

/** The hash of no bytes, which is that of a tensor without elements. */
const EMPTY = createHash("sha256").digest("hex");

const index = (files: Files) => files.get("model.index") ?? new Uint8Array(0);
const without = (files: Files, name: string) => new Map([...files].filter(([file]) => file !== name));
const withFile = (files: Files, name: string, bytes: Uint8Array<ArrayBuffer>) => new Map([...files, [name, bytes]]);

/** Where the blocks of the index are. */
async function tableOf(files: Files): Promise<Table> {
  return await Table.open(toFolder(files).file("model.index"));
}

describe("a sound bundle", () => {
  const dense = fixturesOf("tensor-bundle").filter(
    ([name]) =>
      !/^(aligned|gaps|sign-ext|small-blocks|blocks-of|long-rest|snappy|partitioned-bad|whole-slice)/.test(name),
  );
  test.each(dense)("%s: the same bytes, nothing lost", async (name, { prefix }) => {
    const files = filesOf(name);
    const { report, files: written, bundle } = await salvaged(files, prefix);
    expect([report.lost, report.lostKeys, report.damage, report.headerIsAssumed]).toEqual([[], [], [], false]);
    const suffix = `-of-${String(bundle.header.numShards).padStart(5, "0")}`;
    const own = [...asModel(files, prefix)].filter(([file]) => file === "model.index" || file.endsWith(suffix));
    expect(digest(written)).toEqual(digest(new Map(own)));
  });
});

describe("any damage", () => {
  const cases = ["golden-mixed", "merged", "partitioned-sharded-variable", "objects-tree", "small-blocks"].map(
    (name) => {
      const [, expected] = fixturesOf("tensor-bundle").find(([fixture]) => fixture === name) ?? [];
      const prefix = expected?.prefix ?? name;
      return { name, files: asModel(filesOf(name), prefix) };
    },
  );
  const damage = fc.record({
    at: fc.nat(),
    xor: fc.integer({ min: 1, max: 255 }),
    cut: fc.oneof(fc.constant(undefined), fc.nat()),
    flips: fc.integer({ min: 0, max: 3 }),
  });

  property.prop([fc.constantFrom(...cases), fc.nat(), damage], { numRuns: 150 })(
    "what is written is sound, and has exactly what could be read",
    async ({ files }, which, { at, xor, cut, flips }) => {
      const names = [...files.keys()];
      const name = names[which % names.length] ?? "";
      let bytes = files.get(name) ?? new Uint8Array(0);
      for (let flip = 0; flip < flips && bytes.length > 0; flip++)
        bytes = flipped(bytes, (at * (flip + 1)) % bytes.length, xor);
      if (cut !== undefined) bytes = bytes.slice(0, cut % (bytes.length + 1));
      const damaged = withFile(files, name, bytes);
      const result = await attempt(() => salvaged(damaged));
      const expected = await attempt(() => readable(damaged, "model"));
      if (result instanceof ModelbytesError) {
        expect(expected).toBeInstanceOf(ModelbytesError);
        return;
      }
      const found = await values(result.bundle);
      const sound = await readable(files, "model");
      for (const [key, value] of Object.entries(found)) expect([key, value]).toEqual([key, sound[key]]);
      if (expected instanceof ModelbytesError) return;
      const codes = Object.entries(expected).filter(([, value]) => value.startsWith("{"));
      // the index alone says all of a tensor without elements
      const empty = Object.entries(sound).filter(([key, value]) => key in expected && value.includes(EMPTY));
      expect(found).toEqual(Object.fromEntries([...codes, ...empty]));
      const lost = Object.keys(expected).filter((key) => !(key in found));
      expect(result.report.lost.map(({ tensor: key }) => key)).toEqual(expect.arrayContaining(lost));
    },
  );

  test.each(cases)("$name: every byte of the index", async ({ files }) => {
    const sound = await readable(files, "model");
    const all = Object.keys(sound).length;
    const { blocks } = await tableOf(files);
    const dataEnd = blocks.reduce((end, { offset, size }) => Math.max(end, offset + size + 5), 0);
    const step = Math.ceil(index(files).length / 400);
    for (let at = 0; at < index(files).length; at += step) {
      const result = await attempt(() => salvaged(withFile(files, "model.index", flipped(index(files), at, 0x41))));
      if (result instanceof ModelbytesError) {
        expect([blocks.length, at < dataEnd]).toEqual([1, true]); // its only block
        continue;
      }
      const found = await values(result.bundle);
      for (const [key, value] of Object.entries(found)) expect(value).toBe(sound[key]);
      if (at >= dataEnd) expect(Object.keys(found).length).toBe(all);
      else expect(result.report.lostKeys.length).toBe(1);
    }
  });
});

describe("tensors without elements", () => {
  const files = filesOf("golden-mixed");
  const data = "model.data-00000-of-00001";

  test.each([
    ["behind the end of a data file that is cut short", withFile(files, data, new Uint8Array(0))],
    ["in a data file that is missing", without(files, data)],
  ])("%s are saved, also strings", async (_, damaged) => {
    const { report, bundle } = await salvaged(damaged);
    expect([await bundle.read("e0"), await bundle.read("e1")]).toEqual([
      tensor("float32", [0, 3], new Float32Array(0)),
      tensor("string", [0], []),
    ]);
    expect(report.lost.map(({ tensor: name }) => name).sort()).toEqual(["a", "b", "sub/c", "z"]);
  });

  test("of numbers are read, as TensorFlow does, unless the data file is missing", async () => {
    await using cut = await openBundle(withFile(files, data, new Uint8Array(20)), { prefix: "model" });
    expect(await cut.read("e0")).toEqual(tensor("float32", [0, 3], new Float32Array(0)));
    await expect(cut.read("e1")).rejects.toMatchObject({ code: "shard-truncated" });
    const problems: (string | undefined)[] = [];
    for await (const problem of cut.verify()) problems.push(problem.tensor);
    expect(problems).not.toContain("e0");
    await using gone = await openBundle(without(files, data), { prefix: "model" });
    await expect(gone.read("e0")).rejects.toMatchObject({ code: "shard-missing" });
  });
});

describe("an index that cannot be opened", () => {
  const files = filesOf("blocks-of-1000");

  test.each([
    ["its footer is gone", -48],
    ["its index block is damaged", -100],
    ["half of the footer is gone", -20],
  ])("%s: nothing is lost", async (_, length) => {
    const damaged = withFile(files, "model.index", index(files).slice(0, length));
    await expect(openBundle(damaged, { prefix: "model", tolerant: true })).rejects.toThrow(ModelbytesError);
    const { report, bundle } = await salvaged(damaged);
    expect([report.lost, report.damage.length, report.headerIsAssumed]).toEqual([[], 1, false]);
    expect(await values(bundle)).toEqual(await readable(files, "model"));
  });

  test("what is behind a cut is lost, and the report says from where on", async () => {
    const { blocks } = await tableOf(files);
    const [, , third] = blocks;
    const cut = (third?.offset ?? 0) + 100;
    const { report, bundle } = await salvaged(withFile(files, "model.index", index(files).slice(0, cut)));
    const kept = [...bundle.entries.keys()];
    const sound = Object.keys(await readable(files, "model"));
    expect(kept).toEqual(sound.slice(0, kept.length));
    expect(kept.length).toBeGreaterThan(0);
    expect(report.lostKeys).toMatchObject([{ after: kept.at(-1), error: { code: "magic" } }]);
    expect(report.lostKeys[0]).not.toHaveProperty("upTo");
  });

  test("damage in the middle as well: the keys around it are told", async () => {
    const { blocks } = await tableOf(files);
    const [first, second] = blocks;
    const bytes = flipped(index(files), (second?.offset ?? 0) + 50, 1).slice(0, -48);
    const { report } = await salvaged(withFile(files, "model.index", bytes));
    const [{ after = "", upTo = "" } = {}, ...others] = report.lostKeys;
    expect(others).toEqual([]);
    const sound = Object.keys(await readable(files, "model"));
    const lost = sound.filter((name) => !report.kept.includes(name));
    expect(lost).toEqual(sound.slice(sound.indexOf(after) + 1, sound.indexOf(upTo)));
    expect([lost.length > 2, first?.offset]).toEqual([true, 0]);
  });

  test("the first block is gone, and the header with it", async () => {
    const { report, bundle } = await salvaged(withFile(files, "model.index", flipped(index(files), 20, 1)));
    expect([report.headerIsAssumed, report.lostKeys.length]).toEqual([true, 1]);
    expect(report.lostKeys[0]).not.toHaveProperty("after");
    const sound = await readable(files, "model");
    const found = await values(bundle);
    expect(Object.keys(found).length).toBeGreaterThan(10);
    for (const [name, value] of Object.entries(found)) expect(value).toBe(sound[name]);
  });

  test("then the number of data files shows in their names", async () => {
    const folder = new MemoryFolder();
    const names = Array.from(
      { length: 20_000 },
      (_, n) => `tensor-with-a-long-enough-name/${String(n).padStart(6, "0")}`,
    );
    const one = tensor("int8", [], Int8Array.of(1));
    const parts = names.map((name): Part => [name, one, { shardId: name.endsWith("7") ? 2 : 0 }]);
    await writeBundle({ folder, prefix: "model" }, parts, { shards: 5 });
    const bytes = flipped(folder.files.get("model.index") ?? new Uint8Array(0), 5, 1);
    const { report } = await salvaged(withFile(folder.files, "model.index", bytes));
    expect([report.headerIsAssumed, report.lost]).toEqual([true, []]);
    expect(report.kept.length).toBeGreaterThan(1000);
    const alone = new Map([["model.index", bytes]]); // no data file at all
    expect((await salvaged(alone)).report.kept).toEqual([]);
  });

  test.each([
    ["an empty file", new Uint8Array(0)],
    ["something else", new TextEncoder().encode("something else, and long enough to have had a footer".repeat(3))],
    ["zeros", new Uint8Array(1000)],
  ])("%s: nothing to salvage", async (_, bytes) => {
    await expect(salvaged(withFile(files, "model.index", bytes))).rejects.toThrow(ModelbytesError);
  });
});

describe("lost data", () => {
  test("a data file cut short", async () => {
    const files = asModel(filesOf("demo"), "ckpt-3");
    const name = "model.data-00000-of-00001";
    const data = files.get(name) ?? new Uint8Array(0);
    const damaged = withFile(files, name, data.slice(0, data.length / 2));
    const { report, bundle } = await salvaged(damaged);
    const codes = new Set(report.lost.map(({ error }) => error.code));
    expect(codes).toEqual(new Set(["shard-truncated"]));
    expect(report.lost.length + report.kept.length).toBe((await openBundle(files, { prefix: "model" })).entries.size);
    expect(bundle.entries.has(GRAPH)).toBe(false); // it came last
  });

  test("a data file that is gone, and one that cannot be read", async () => {
    const files = filesOf("merged");
    const gone = await salvaged(without(files, "model.data-00001-of-00003"));
    expect(gone.report.lost.map(({ tensor: name, error }) => [name, error.code])).toEqual([
      ["table", "shard-missing"], // one of its partitions
      ["m", "shard-missing"],
      ["a", "shard-missing"],
    ]);
    expect(gone.report.kept.toSorted()).toEqual(["b", "c", "z"]);
    expect(gone.bundle.header.numShards).toBe(3);
    const folder = toFolder(files);
    const failing = {
      ...folder,
      file: (path: string) => {
        const source = folder.file(path);
        const read = async () => {
          throw new SourceError("read-failed", "the disk is broken", { file: path });
        };
        return path.includes("00001-of") ? { name: path, size: () => source.size(), read } : source;
      },
    };
    const report = await salvage(failing, { folder: new MemoryFolder(), prefix: "model" }, { prefix: "model" });
    expect(report.lost.map(({ error }) => error.code)).toEqual(["read-failed", "read-failed", "read-failed"]);
  });

  test("what is left can be put in any number of data files", async () => {
    const { bundle } = await salvaged(without(filesOf("merged"), "model.data-00001-of-00003"), "model", { shards: 1 });
    expect([...bundle.entries.keys()]).toEqual(["b", "c", "z"]);
  });

  test("partitions that cannot be joined are lost as one tensor", async () => {
    const { report, bundle } = await salvaged(filesOf("partitioned-bad"));
    expect(report.lost.map(({ tensor: name, error }) => [name, error.code])).toEqual([
      ["gap", "partition-coverage"],
      ["overlap", "partition-overlap"],
    ]);
    expect([...bundle.entries.keys()]).toEqual(["good"]);
  });

  test("cancelled, it leaves nothing", async () => {
    const folder = new MemoryFolder();
    const reason = new Error("enough");
    const options = { prefix: "model", signal: AbortSignal.abort(reason) };
    await expect(salvage(filesOf("merged"), { folder, prefix: "model" }, options)).rejects.toBe(reason);
    expect(folder.files.size).toBe(0);
  });
});

describe("the object graph", () => {
  const value = tensor("float32", [], Float32Array.of(1));
  const key = (name: string) => `${name}/.ATTRIBUTES/VARIABLE_VALUE`;
  const node = (attributes: readonly string[], children: readonly (readonly [string, number])[] = []) => ({
    children: children.map(([localName, nodeId]) => ({ localName, nodeId })),
    attributes: attributes.map((checkpointKey) => ({
      name: "VARIABLE_VALUE",
      fullName: "",
      checkpointKey,
      optionalRestore: undefined,
    })),
    slotVariables: [],
    registeredSaver: undefined,
    hasCheckpointValues: true,
  });
  const bundleOf = async (graph: Uint8Array, ...names: string[]): Promise<Files> => {
    const folder = new MemoryFolder();
    const parts: Part[] = names.map((name) => [key(name), value]);
    await writeBundle({ folder, prefix: "model" }, [...parts, [GRAPH, tensor("string", [], [graph])]]);
    return folder.files;
  };

  test("loses the values that are lost", async () => {
    const nodes = [
      node(
        [],
        [
          ["a", 1],
          ["b", 2],
          ["c", 3],
        ],
      ),
      node([key("a")]),
      node([key("b")]),
      node([key("c")]),
    ];
    const files = await bundleOf(encodeObjectGraph({ nodes }), "a", "b"); // c was never there
    const name = "model.data-00000-of-00001";
    const damaged = withFile(files, name, flipped(files.get(name) ?? new Uint8Array(0), 5, 1));
    const { report, bundle } = await salvaged(damaged);
    expect(report.lost.map(({ tensor: lost, error }) => [lost, error.code])).toEqual([
      [key("b"), "tensor-checksum"],
      [key("c"), "object-graph-key"],
    ]);
    const graph = await bundle.objectGraph();
    expect(graph?.nodes.map(({ attributes }) => attributes.map(({ checkpointKey }) => checkpointKey))).toEqual([
      [],
      [key("a")],
      [],
      [],
    ]);
    expect(graph?.nodes[0]?.children.map(({ localName }) => localName)).toEqual(["a"]);
    expect(graph?.nodes.map(({ hasCheckpointValues }) => hasCheckpointValues)).toEqual([true, true, false, false]);
  });

  test("names tensors that were lost with a block of the index", async () => {
    const names = Array.from(
      { length: 20_000 },
      (_, n) => `a-variable-with-a-long-enough-name-${String(n).padStart(6, "0")}`,
    );
    const nodes = [
      node(
        [],
        names.map((name, at) => [name, at + 1]),
      ),
      ...names.map((name) => node([key(name)])),
    ];
    const files = await bundleOf(encodeObjectGraph({ nodes }), ...names);
    const [, second] = (await tableOf(files)).blocks;
    const damaged = withFile(files, "model.index", flipped(index(files), (second?.offset ?? 0) + 9, 1));
    const { report, bundle } = await salvaged(damaged);
    expect(report.lostKeys).toMatchObject([{ error: { code: "block-checksum" } }]);
    expect(report.lost.length).toBeGreaterThan(1000);
    expect(new Set(report.lost.map(({ error }) => error.code))).toEqual(new Set(["block-checksum"]));
    expect(report.lost.length + report.kept.length).toBe(20_001);
    expect((await bundle.objectGraph())?.nodes.length).toBe(20_001);
  });

  test.each([
    ["is no graph", Uint8Array.of(0x0a, 0x7f)],
    ["refers to a node that is not there", encodeObjectGraph({ nodes: [node([], [["a", 7]])] })],
  ])("%s: it goes, the tensors stay", async (_, graph) => {
    const { report, bundle } = await salvaged(await bundleOf(graph, "a"));
    expect(report.lost.map(({ tensor: lost }) => lost)).toEqual([GRAPH]);
    expect([...bundle.entries.keys()]).toEqual([key("a")]);
  });

  test("a tensor that is called so and is none goes as well", async () => {
    const folder = new MemoryFolder();
    await writeBundle({ folder, prefix: "model" }, [
      [GRAPH, value],
      ["a", value],
    ]);
    const { report } = await salvaged(folder.files);
    expect([report.kept, report.lost.map(({ error }) => error.code)]).toEqual([["a"], ["object-graph"]]);
  });
});

describe("what is no bundle", () => {
  test("a V1 checkpoint is refused, an absent one is not found", async () => {
    const to = { folder: new MemoryFolder(), prefix: "model" };
    const [[name = "", { prefix = "" } = {}] = []] = fixturesOf("tensor-bundle-v1");
    await expect(salvage(filesOf(name), to, { prefix })).rejects.toMatchObject({ code: "v1" });
    await expect(salvage(new Map(), to, { prefix: "model" })).rejects.toMatchObject({ code: "not-found" });
  });
});
