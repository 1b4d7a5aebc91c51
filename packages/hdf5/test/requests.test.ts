// What is asked of a source, and when.

import { BytesSource, MemorySink, type Source, SourceError } from "@modelbytes/bytes";
import { floatType, type Hdf5Operation, openHdf5, vlenStringType, writeHdf5 } from "@modelbytes/hdf5";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PAGE_BYTES, Pages, WHOLE_FILE_BYTES } from "../src/classic/pages.ts";
import { all, both, type Reading, Shared, type Wanted } from "../src/classic/reading.ts";
import { planRequests } from "../src/classic/requests.ts";
import { bytesOf, CountedSource, grown } from "./counted-source.ts";

describe("a file", () => {
  test("that is small is one request", async () => {
    const source = new CountedSource(bytesOf("groups/earliest.h5"));
    await using file = await openHdf5(source);
    for await (const { path } of file.walk()) await file.attributes(path);
    await file.read("data");
    expect(source.requests).toEqual([[0, await source.size()]]);
  });

  test("that is larger gives a dataset by its path in few", async () => {
    const source = grown("groups/earliest.h5");
    await using file = await openHdf5(source);
    await file.read("data");
    expect(source.requests).toHaveLength(1);
  });

  test("reads each page at most once in a walk", async () => {
    const source = grown("groups/earliest.h5");
    await using file = await openHdf5(source);
    for await (const { path } of file.walk()) await file.attributes(path);
    expect(source.requests.length).toBeLessThanOrEqual(2);
    expect(source.requests.every(([offset]) => offset % PAGE_BYTES === 0)).toBe(true);
  });
});

test("many attributes in one heap bring it once", async () => {
  const sink = new MemorySink();
  const names = Array.from({ length: 400 }, (_, index) => `name ${index}`);
  const text = (value: string): Uint8Array[] => [new TextEncoder().encode(value)];
  await writeHdf5(sink, [
    {
      kind: "dataset",
      path: "d",
      datatype: floatType(4),
      shape: [2 ** 20 + 1],
      data: new Uint8Array(4 * (2 ** 20 + 1)),
    },
    ...names.map((name): Hdf5Operation => {
      const value = text(name.padEnd(150));
      return { kind: "attribute", path: "", name, datatype: vlenStringType("utf-8"), shape: [], value };
    }),
  ]);
  const source = new CountedSource(sink.bytes);
  await using file = await openHdf5(source);
  expect((await file.attributes("/")).size).toBe(400);
  expect(source.requests.length).toBeLessThanOrEqual(6);
});

describe("pages", () => {
  const MANY = 4096;

  test("that are wanted at once are one request, far ones are not", async () => {
    const source = new CountedSource(new Uint8Array(MANY * PAGE_BYTES));
    const pages = new Pages(source, await source.size());
    await Promise.all([0, 1, 60, 1000].map((page) => pages.read(page * PAGE_BYTES, 10)));
    const lasts = source.requests.map(([offset, length]) => (offset + length) / PAGE_BYTES);
    expect(lasts).toEqual([60 + 1 + 38, 1000 + 1 + 38]); // each reads half of 76 pages ahead
    const before = source.requests.length;
    expect(await pages.read(2 * PAGE_BYTES - 5, 10)).toEqual(new Uint8Array(10));
    expect(pages.peek(50 * PAGE_BYTES - 1, 2)).toEqual(new Uint8Array(2));
    expect(pages.peek(500 * PAGE_BYTES, 1)).toBeUndefined();
    expect(source.requests).toHaveLength(before);
  });

  test("that nobody asked for are no more than 32 MiB of a file", async () => {
    const source = new CountedSource(new Uint8Array(MANY * PAGE_BYTES));
    const pages = new Pages(source, await source.size());
    const wanted = Array.from({ length: MANY / 4 }, (_, index) => (((index * 1103) % (MANY / 4)) * 4) % MANY);
    for (const page of wanted) await pages.read(page * PAGE_BYTES, 1);
    const bytes = source.requests.reduce((sum, [, length]) => sum + length, 0);
    expect(bytes).toBeLessThanOrEqual(2 ** 25 + wanted.length * PAGE_BYTES);
  });

  test("that cannot be read are asked for again", async () => {
    let fails = true;
    const bytes = new BytesSource(new Uint8Array(WHOLE_FILE_BYTES + 1));
    const source: Source = {
      name: "failing",
      size: () => bytes.size(),
      read: (...request) => (fails ? Promise.reject(new SourceError("http-status", "503")) : bytes.read(...request)),
    };
    const pages = new Pages(source, await source.size());
    await expect(pages.read(0, 1)).rejects.toThrow(SourceError);
    fails = false;
    expect(await pages.read(0, 1)).toEqual(new Uint8Array(1));
  });

  const rules = fc.record({
    gap: fc.nat(9),
    before: fc.nat(9),
    behind: fc.nat(9),
    most: fc.integer({ min: 1, max: 20 }),
    spare: fc.nat(60),
    isKnown: fc.func(fc.boolean()),
  });

  test("make requests that hold all of them, in order, and no more than is to spare", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200), { minLength: 1 }), rules, (wanted, each) => {
        const runs = planRequests(wanted, 201, each);
        const read = runs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
        expect(read).toEqual([...new Set(read)].sort((a, b) => a - b));
        expect(read).toEqual(expect.arrayContaining(wanted));
        expect(read.at(-1)).toBeLessThan(201);
        expect(read.length - wanted.length).toBeLessThanOrEqual(each.spare);
        expect(Math.max(...runs.map(([first, last]) => last - first + 1))).toBeLessThanOrEqual(each.most);
      }),
    );
  });
});

describe("readings", () => {
  /** Wants a byte and then another. */
  function* two(offset: number): Reading<string> {
    const first: Wanted = { offset, length: 1, bytes: undefined };
    yield [first];
    const second: Wanted = { offset: offset + (first.bytes?.[0] ?? 0), length: 1, bytes: undefined };
    yield [second];
    return `${first.bytes} ${second.bytes}`;
  }

  /** Runs a reading on bytes that are their own offsets; gives the offsets of each round, too. */
  function run<T>(reading: Reading<T>): { value: T; rounds: number[][] } {
    const rounds: number[][] = [];
    const steps = reading[Symbol.iterator]();
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return { value: step.value, rounds };
      for (const one of step.value) one.bytes = Uint8Array.of(one.offset);
      rounds.push(step.value.map(({ offset }) => offset));
    }
  }

  test("side by side want together", () => {
    expect(run(all([two(1), two(5)]))).toEqual({
      value: ["1 2", "5 10"],
      rounds: [
        [1, 5],
        [2, 10],
      ],
    });
    expect(run(both(two(1), all([])))).toEqual({ value: ["1 2", []], rounds: [[1], [2]] });
  });

  test("that share something read it once, or fail together", () => {
    const shared = new Shared<string, string>();
    const same = [1, 2, 3].map(() => shared.of("same", () => two(1)));
    expect(run(all(same))).toEqual({ value: ["1 2", "1 2", "1 2"], rounds: [[1], [2]] });
    // biome-ignore lint/correctness/useYield: it fails before it wants anything
    const failing = function* (): Reading<string> {
      throw new RangeError("no");
    };
    expect(() => run(shared.of("bad", failing))).toThrow(RangeError);
    expect(() => run(shared.of("bad", () => two(1)))).toThrow(RangeError);
  });
});
