import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fc, test as property } from "@fast-check/vitest";
import { BytesSource, CorruptError, compareBytes, encodeName } from "@modelbytes/bytes";
import { encodeBundleEntry, encodeBundleHeader } from "@modelbytes/tf-proto";
import { describe, expect, test } from "vitest";
import { crc32c, mask } from "../src/crc32c/crc32c.ts";
import { readBlock } from "../src/table/block.ts";
import { Table } from "../src/table/table.ts";
import { shortestSeparator, shortSuccessor, TableWriter, TENSORFLOW_SETTINGS } from "../src/table/table-writer.ts";
import { FIXTURES } from "./fixtures.ts";

type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** All entries of a table, in its order. */
async function entriesOf(file: Uint8Array): Promise<Entry[]> {
  const table = await Table.open(new BytesSource(file, "table"));
  const entries: Entry[] = [];
  for (const block of table.blocks) {
    for (const { key, value } of readBlock(await table.readBlock(block), { file: "table" })) entries.push([key, value]);
  }
  return entries;
}

function write(entries: readonly Entry[], settings = TENSORFLOW_SETTINGS): Uint8Array {
  const writer = new TableWriter(settings);
  for (const [key, value] of entries) writer.add(key, value);
  return writer.finish();
}

describe("tables that TensorFlow wrote, rebuilt from their recipes", () => {
  interface Recipe {
    readonly keys?: readonly (readonly [hex: string, times: number])[][];
    readonly index: { readonly bytes: number; readonly sha256: string };
    readonly blocks: readonly { readonly offset: number; readonly bytes: number; readonly entries: number }[];
  }
  const { recipes }: { recipes: Record<string, Recipe> } = JSON.parse(readFileSync(`${FIXTURES}recipes.json`, "utf8"));

  /** Scalars one after another in the data file, as SaveV2 writes them. */
  function bundleIndex(tensors: readonly (readonly [Uint8Array, number, readonly number[], Uint8Array])[]): Uint8Array {
    const version = { producer: 1, minConsumer: 0, badConsumers: [] };
    const header = encodeBundleHeader({ numShards: 1, bigEndian: false, version });
    let offset = 0;
    const entries = tensors.map(([key, dtype, dims, bytes]): Entry => {
      const place = { shardId: 0, offset, size: bytes.length, crc32c: mask(crc32c(bytes)), slices: [] };
      offset += bytes.length;
      return [key, encodeBundleEntry({ dtype, shape: { dims, unknownRank: false }, ...place })];
    });
    return write([[new Uint8Array(0), header], ...entries.sort(([a], [b]) => compareBytes(a, b))]);
  }

  function tensorsOf(name: string, { keys }: Recipe): (readonly [Uint8Array, number, readonly number[], Uint8Array])[] {
    if (keys !== undefined) {
      return keys.map((parts, at) => {
        const key = Buffer.from(parts.map(([hex, times]) => hex.repeat(times)).join(""), "hex");
        return [new Uint8Array(key), 4, [], Uint8Array.of(at)] as const;
      });
    }
    if (name === "12000-tensors") {
      return Array.from({ length: 12_000 }, (_, n) => {
        const key = `model/layer_${String(n).padStart(5, "0")}/dense/kernel/.ATTRIBUTES/VARIABLE_VALUE`;
        return [encodeName(key), 1, [3], new Uint8Array(Float32Array.of(n, n + 0.25, n + 0.5).buffer)] as const;
      });
    }
    return [...randomNames(15_000)].map((key, n) => [encodeName(key), 3, [], new Uint8Array(Int32Array.of(n).buffer)]);
  }

  function randomNames(count: number): Set<string> {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let state = 1;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    };
    const names = new Set<string>();
    while (names.size < count)
      names.add(Array.from({ length: 1 + (next() % 60) }, () => letters[next() % 52]).join(""));
    return names;
  }

  test.each(Object.entries(recipes))("%s", async (name, recipe) => {
    const file = bundleIndex(tensorsOf(name, recipe));
    expect(file.length).toBe(recipe.index.bytes);
    const table = await Table.open(new BytesSource(file));
    expect(table.blocks.map(({ offset, size }) => [offset, size])).toEqual(
      recipe.blocks.map(({ offset, bytes }) => [offset, bytes]),
    );
    expect(createHash("sha256").update(file).digest("hex")).toBe(recipe.index.sha256);
  });
});

const bytes = fc.uint8Array({ maxLength: 20 });
/** Keys of TensorFlow's table_test.cc: few letters, so that they share prefixes, and the extremes. */
const key = fc
  .array(fc.constantFrom(0x00, 0x01, 0x61, 0x62, 0x65, 0xfd, 0xfe, 0xff), { maxLength: 12 })
  .map((k) => Uint8Array.from(k));
const sortedEntries = fc
  .uniqueArray(fc.tuple(key, bytes), { selector: ([k]) => k.join(), maxLength: 200 })
  .map((entries) => entries.sort(([a], [b]) => compareBytes(a, b)));
const settings = fc.record({
  blockSize: fc.constantFrom(1, 30, 256, 262_144),
  restartInterval: fc.constantFrom(1, 2, 16, 1024),
});

describe("any table", () => {
  property.prop([sortedEntries, settings])("reads back as it was written", async (entries, chosen) => {
    expect(await entriesOf(write(entries, chosen))).toEqual(entries);
  });

  property.prop([sortedEntries, settings])("is written again to the same bytes", async (entries, chosen) => {
    const file = write(entries, chosen);
    expect(write(await entriesOf(file), chosen)).toEqual(file);
  });

  property.prop([sortedEntries, settings])("separates its blocks in order", async (entries, chosen) => {
    const table = await Table.open(new BytesSource(write(entries, chosen)));
    const separators = table.blocks.map(({ separator }) => separator);
    expect(separators).toEqual([...separators].sort(compareBytes));
  });

  property.prop([key, key])("has a separator between any two keys", (a, b) => {
    const [low, high] = compareBytes(a, b) <= 0 ? [a, b] : [b, a];
    const separator = shortestSeparator(low, high);
    expect(compareBytes(low, separator)).toBeLessThanOrEqual(0);
    if (compareBytes(low, high) < 0) expect(compareBytes(separator, high)).toBeLessThan(0);
    expect(compareBytes(low, shortSuccessor(low))).toBeLessThanOrEqual(0);
  });

  test("takes its keys in ascending order only", () => {
    const writer = new TableWriter();
    writer.add(encodeName("b"), new Uint8Array(0));
    expect(() => writer.add(encodeName("a"), new Uint8Array(0))).toThrow(RangeError);
    expect(() => writer.add(encodeName("b"), new Uint8Array(0))).toThrow(RangeError);
  });
});

describe("a block that lies", () => {
  const place = { file: "table", offset: 1000 };
  const read = (...block: number[]) => [...readBlock({ bytes: Uint8Array.from(block), compressed: false }, place)];
  const noRestarts = [0, 0, 0, 0];
  const oneRestart = [0, 0, 0, 0, 1, 0, 0, 0];

  test.each<[string, number[], string, number]>([
    ["is shorter than a restart count", [0, 0], "block-restart", 1000],
    ["counts more restarts than it has bytes", [0xff, 0xff, 0xff, 0x7f], "block-restart", 1000],
    ["has a key longer than itself", [0, 200, 1, 0, ...oneRestart], "truncated", 1004],
    ["has a value longer than itself", [0, 1, 100, 0x61, ...oneRestart], "truncated", 1004],
    ["shares more of a key than there was", [0, 1, 0, 0x61, 2, 1, 0, 0x62, ...oneRestart], "block-entry", 1004],
    ["restarts inside an entry", [0, 1, 0, 0x61, 2, 0, 0, 0, 1, 0, 0, 0], "block-restart", 1004],
    [
      "restarts at an entry that shares",
      [0, 1, 0, 0x61, 1, 1, 0, 0x62, 0, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0],
      "block-restart",
      1004,
    ],
    ["ends inside a varint", [0, 1, 0, 0x61, 0x80, ...oneRestart], "truncated", 1004],
    ["has a length above 32 bits", [0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, ...oneRestart], "varint", 1000],
  ])("%s", (_, block, code, offset) => {
    expect(() => read(...block)).toThrow(expect.objectContaining({ code, offset, file: "table" }));
    expect(() => read(...block)).toThrow(CorruptError);
  });

  test("is empty without restarts", () => expect(read(...noRestarts)).toEqual([]));
});
