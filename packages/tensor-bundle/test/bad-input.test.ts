import { BytesSource, ModelbytesError } from "@modelbytes/bytes";
import { openBundle } from "@modelbytes/tensor-bundle";
import { describe, expect, test } from "vitest";
import { Table } from "../src/table/table.ts";
import { attempt, contents, filesOf, flipped, resealed } from "./damage.ts";

/** Small bundles of every kind: plain, many blocks, Snappy, partitions, strings, variants, big-endian, several shards. */
const FIXTURES = [
  "golden-mixed",
  "small-blocks",
  "snappy-blocks",
  "saver-partitioned",
  "strings",
  "variants",
  "max-shard-size",
  "merged",
  "objects-keras-3-optimizer",
];

/** Each byte is flipped with the next of these, so that every bit is met. */
const XORS = [0x01, 0x80, 0xff, 0x10, 0x02, 0x40, 0x04, 0x20, 0x08];

/** Every byte of a small file, and about so many of a larger one. */
const MOST_PLACES = 1500;
const places = (length: number, most = MOST_PLACES) => {
  const step = length <= 4000 && most === MOST_PLACES ? 1 : Math.max(1, Math.ceil(length / most));
  return Array.from({ length: Math.ceil(length / step) }, (_, at) => at * step);
};

const split = (files: Map<string, Uint8Array>) => {
  const index = [...files].find(([name]) => name.endsWith(".index"))?.[1] ?? new Uint8Array(0);
  const data = [...files].filter(([name]) => name.includes(".data-")).sort(([a], [b]) => (a < b ? -1 : 1));
  return { index, data: data.map(([, bytes]) => bytes) };
};

const openAll = async (index: Uint8Array, data: Uint8Array[]) => {
  await using bundle = await openBundle({ index, data });
  return await contents(bundle);
};

describe.each(FIXTURES)("%s", { timeout: 60_000 }, (fixture) => {
  const { index, data } = split(filesOf(fixture));
  const sound = openAll(index, data);

  test("is read, which the other tests build on", async () => {
    for (const [name, content] of await sound) expect([name, content.startsWith("{")]).toEqual([name, true]);
  });

  test("with any byte of the index flipped: a typed error, or the same values", async () => {
    let refused = 0;
    for (let at = 0; at < index.length; at++) {
      const damaged = flipped(index, at, XORS[at % XORS.length] ?? 1);
      const outcome = await attempt(() => openAll(damaged, data));
      if (outcome instanceof ModelbytesError) refused++;
      else expect([at, outcome]).toEqual([at, await sound]);
    }
    expect(refused).toBeGreaterThan(index.length * 0.6);
  });

  test("with the index cut at any length: a typed error", async () => {
    for (let length = 0; length < index.length; length++) {
      expect(await attempt(() => openAll(index.subarray(0, length), data))).toBeInstanceOf(ModelbytesError);
    }
  });

  test("with any byte of the data flipped: an error for that tensor, the same values for the others", async () => {
    const expected = await sound;
    for (const [shard, bytes] of data.entries()) {
      for (const at of places(bytes.length)) {
        const damaged = data.map((other, id) =>
          id === shard ? flipped(bytes, at, XORS[at % XORS.length] ?? 1) : other,
        );
        const outcome = await openAll(index, damaged);
        const changed = [...outcome].filter(([name, content]) => content !== expected.get(name));
        expect(changed.filter(([, content]) => content.startsWith("{"))).toEqual([]);
        expect(changed.length).toBeLessThanOrEqual(1);
      }
    }
  });

  test("with the data cut at any length: an error for the tensors behind, the same values for the others", async () => {
    const expected = await sound;
    for (const [shard, bytes] of data.entries()) {
      for (const length of places(bytes.length)) {
        const cut = data.map((other, id) => (id === shard ? bytes.subarray(0, length) : other));
        const changed = [...(await openAll(index, cut))].filter(([name, content]) => content !== expected.get(name));
        expect(changed.map(([, content]) => content).filter((content) => content !== "shard-truncated")).toEqual([]);
      }
    }
  });

  test("verify finds every flipped byte of the data, and names the tensor", async () => {
    for (const [shard, bytes] of data.entries()) {
      for (const at of places(bytes.length, 150)) {
        const damaged = data.map((other, id) => (id === shard ? flipped(bytes, at, 0xff) : other));
        await using bundle = await openBundle({ index, data: damaged });
        const problems: string[] = [];
        for await (const { tensor } of bundle.verify()) problems.push(String(tensor));
        const outcome = [...(await contents(bundle))].filter(([, content]) => !content.startsWith("{"));
        for (const [name] of outcome) expect(problems.join()).toContain(name);
      }
    }
  });

  test("with a flipped byte behind a checksum that holds: a typed error or other values, never a crash", async () => {
    const table = await Table.open(new BytesSource(index));
    const blocks = [...table.blocks, table.footer.index];
    for (const block of blocks) {
      for (const place of places(block.size, Math.ceil(600 / blocks.length))) {
        const at = block.offset + place;
        const damaged = resealed(flipped(index, at, XORS[at % XORS.length] ?? 1), block);
        await attempt(() => openAll(damaged, data));
        await attempt(async () => {
          await using bundle = await openBundle({ index: damaged, data }, { tolerant: true });
          for await (const problem of bundle.verify()) expect(problem).toBeInstanceOf(ModelbytesError);
        });
      }
    }
  });
});
