import { fc, test } from "@fast-check/vitest";
import { encodeName, type SourceLike, toSource } from "@modelbytes/bytes";
import { type BundleEntry, openBundle } from "@modelbytes/tensor-bundle";
import { describe, expect } from "vitest";
import { type SortedEntries, sortedIndex } from "../src/sorted-entries.ts";
import { Table } from "../src/table/table.ts";
import { buildIndex, type EntryWish } from "./build.ts";
import { filesOf, flipped, resealed } from "./damage.ts";
import { fixturesOf } from "./fixtures.ts";

/** The entries as those of a large index are kept; nothing for an index that is not plain. */
async function sortedEntries(index: SourceLike): Promise<SortedEntries | undefined> {
  const table = await Table.open(toSource(index));
  const blocks = table.blocks.map(async (block) => ({
    place: { file: table.name, offset: block.offset },
    contents: await table.readBlock(block),
  }));
  return sortedIndex(await Promise.all(blocks))?.entries;
}

async function collected(index: SourceLike): Promise<ReadonlyMap<string, BundleEntry>> {
  await using bundle = await openBundle({ index, data: [] });
  return bundle.entries;
}

function expectSame(sorted: SortedEntries, map: ReadonlyMap<string, BundleEntry>): void {
  expect(map).toBeInstanceOf(Map);
  expect(sorted.size).toBe(map.size);
  expect([...sorted]).toEqual([...map]);
  expect([...sorted.entries()]).toEqual([...map]);
  expect([...sorted.keys()]).toEqual([...map.keys()]);
  expect([...sorted.values()]).toEqual([...map.values()]);
  const seen: [string, BundleEntry][] = [];
  sorted.forEach((entry, name) => {
    seen.push([name, entry]);
  });
  expect(seen).toEqual([...map]);
  for (const [name, entry] of map) {
    expect(sorted.get(name)).toEqual(entry);
    expect(sorted.has(name)).toBe(true);
    for (const other of [`${name}\0`, `${name}z`, name.slice(0, -1), `${name.slice(0, -1)}~`]) {
      expect([other, sorted.has(other)]).toEqual([other, map.has(other)]);
    }
  }
  for (const none of ["", "\0", "\ud800", "\udc80", "\uffff"]) expect(sorted.get(none)).toEqual(map.get(none));
}

describe("entries that are decoded when they are asked for", () => {
  const names = fc.uniqueArray(
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 6 }),
      fc.string({ unit: "binary", minLength: 1, maxLength: 6 }),
      fc.tuple(fc.constantFrom("layer_", "layer_1", "é", "\udcff"), fc.nat(30)).map(([text, n]) => `${text}${n}`),
    ),
    { maxLength: 60, selector: (name) => (name.isWellFormed() ? name : `lone ${name}`) },
  );
  const settings = fc.record({
    blockSize: fc.integer({ min: 1, max: 400 }),
    restartInterval: fc.integer({ min: 1, max: 20 }),
  });

  test.prop([names, settings])("are those of a map", async (all, cut) => {
    const entries = Object.fromEntries(
      all.filter(isName).map((name, at) => [name, { offset: 300 * at, shape: at % 3 === 0 ? [] : [1, 1], crc32c: at }]),
    );
    const index = buildIndex(entries, { settings: cut });
    const sorted = await sortedEntries(index);
    if (sorted === undefined) expect.fail("the index is plain");
    expectSame(sorted, await collected(index));
  });

  test.each(fixturesOf("tensor-bundle").filter(([name]) => name !== "partitioned-bad"))(
    "%s",
    async (name, { prefix }) => {
      const index = filesOf(name).get(`${prefix}.index`) ?? new Uint8Array(0);
      const sorted = await sortedEntries(index);
      const map = await collected(index);
      if (sorted === undefined) expect([...map.values()].some(({ slices }) => slices !== undefined)).toBe(true);
      else expectSame(sorted, map);
    },
  );

  test("are what a large index has", async () => {
    const entries: Record<string, EntryWish> = {};
    for (let n = 0; n < 50_000; n++) entries[`model/layer_${n}/kernel`] = { offset: 4 * n, crc32c: n };
    await using bundle = await openBundle({ index: buildIndex(entries), data: [] });
    expect(bundle.entries).not.toBeInstanceOf(Map);
    expect(bundle.entries.size).toBe(50_000);
    expect(bundle.entries.get("model/layer_49999/kernel")).toMatchObject({ offset: 4 * 49_999, crc32c: 49_999 });
    expect(bundle.entries.has("model/layer_50000/kernel")).toBe(false);
    const keys = Object.keys(entries).sort();
    expect([...bundle.entries.keys()]).toEqual(keys);
  });

  test("are not offered where an index is more than plain tensors", async () => {
    const plain = { a: {}, b: {}, c: {} };
    expect(await sortedEntries(buildIndex(plain))).toBeDefined();
    expect(await sortedEntries(buildIndex({ ...plain, d: { dtype: 99 } }))).toBeUndefined();
    expect(await sortedEntries(buildIndex({ ...plain, d: { size: 5 } }))).toBeUndefined();
    const slices = [[{ start: 0, length: 1 }]];
    expect(await sortedEntries(buildIndex({ ...plain, d: { shape: [1], size: 0, slices } }))).toBeUndefined();
  });

  test("are not offered where keys are out of order, in a block or from one to the next", async () => {
    for (const blockSize of [1, 1000]) {
      const index = buildIndex(
        { "1-key": {}, "2-key": {}, "3-key": {} },
        { settings: { blockSize, restartInterval: 1 } },
      );
      const at = Buffer.from(index).indexOf("2-key");
      const block = (await Table.open(toSource(index))).blocks.findLast(({ offset }) => offset <= at);
      if (block === undefined) expect.fail("no block has the key");
      for (const first of ["0", "1", "3", "9"]) {
        const changed = resealed(flipped(index, at, "2".charCodeAt(0) ^ first.charCodeAt(0)), block);
        expect([first, await sortedEntries(changed)]).toEqual([first, undefined]);
      }
    }
  });

  test("of a large index with an entry that cannot be read the others can", async () => {
    const entries: Record<string, EntryWish> = { bad: { dtype: 99 }, worse: { size: 3 } };
    for (let n = 0; n < 50_000; n++) entries[`model/layer_${n}/kernel`] = { offset: 4 * n };
    const index = buildIndex(entries);
    await expect(openBundle({ index, data: [] })).rejects.toMatchObject({ code: "size", tensor: "worse" });
    await using bundle = await openBundle({ index, data: [] }, { tolerant: true });
    expect(bundle.entries.size).toBe(50_000);
    expect([...bundle.unreadable].map(([name, { code }]) => [name, code])).toEqual([
      ["bad", "dtype"],
      ["worse", "size"],
    ]);
  });
});

function isName(name: string): boolean {
  try {
    return encodeName(name).length > 0 && !name.startsWith("\0");
  } catch {
    return false;
  }
}
