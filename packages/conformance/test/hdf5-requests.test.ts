// How many requests listing and looking up take in files that are too large to be read whole.

import { openHdf5 } from "@modelbytes/hdf5";
import { openKerasHdf5 } from "@modelbytes/keras-hdf5";
import { describe, expect, test } from "vitest";
import { layersProgram, PlannedSource } from "./hdf5-layers.ts";

/** Bytes that may be read besides metadata while a file is open. */
const SPARE_BYTES = 2 ** 25;
const KERAS_BYTES = { "keras-weights": 16_287_016, model: 17_052_056 } as const;

/** What is read of a file in all. */
function bytesOf({ requests }: PlannedSource): number {
  return requests.reduce((sum, [, length]) => sum + length, 0);
}

const KINDS = ["keras-weights", "model"] as const;
const source = { "keras-weights": new Map<number, PlannedSource>(), model: new Map<number, PlannedSource>() };

function sourceOf(kind: (typeof KINDS)[number], units: number): PlannedSource {
  const known = source[kind].get(units) ?? new PlannedSource(layersProgram(kind, units));
  source[kind].set(units, known);
  known.requests.length = 0;
  return known;
}

describe.each(KINDS)("300 layers with Adam as %s", (kind) => {
  test("are laid out as Keras lays them out", () => {
    // the real layers were dense_300 to dense_599 of sequential_1: longer names
    expect(Math.abs(sourceOf(kind, 64).plan.size - KERAS_BYTES[kind])).toBeLessThan(100_000);
  });

  test("of 64 units are listed in at most 25 requests", async () => {
    const counted = sourceOf(kind, 64);
    await using file = await openKerasHdf5(counted);
    expect(file.kind).toBe(kind);
    expect(file.entries.size).toBe(1802);
    expect(counted.requests.length).toBeLessThanOrEqual(25);
  });

  test("of 512 units lie too far apart: as many requests as there are places, and few bytes", async () => {
    const counted = sourceOf(kind, 512);
    await using file = await openKerasHdf5(counted);
    expect(file.entries.size).toBe(1802);
    expect(counted.requests.length).toBeLessThan(600);
    expect(bytesOf(counted)).toBeLessThan(SPARE_BYTES + counted.plan.size / 50);
  });

  // In a gigabyte, a group of 1,202 has its names, two levels of its tree, a header and the data in five places, and two lead there.
  test.each([
    [64, 5],
    [512, 7],
  ])("of %i units: one dataset by its path takes at most %i", async (units, most) => {
    const paths = sourceOf(kind, units)
      .plan.data.filter(({ size }) => size >= 4 * units)
      .map(({ path }) => path);
    const some = paths.filter((_, index) => index % 97 === 0 || index > paths.length - 4);
    expect(some.length).toBeGreaterThan(15);
    const requests: number[] = [];
    for (const path of some) {
      const counted = sourceOf(kind, units);
      await using file = await openHdf5(counted);
      expect((await file.read(path)).dtype).toBe("float32");
      requests.push(counted.requests.length);
    }
    expect(Math.max(...requests)).toBeLessThanOrEqual(most);
  });
});
