// h5py writes random files from seeds and says what is in them; both engines have to find exactly that.
// MODELBYTES_SEEDS=60:1000 takes other seeds.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHdf5 } from "@modelbytes/hdf5";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Described, describeFile, orders, type Readable } from "../../hdf5/test/described.ts";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_SEEDS = "0:60" } = process.env;
const [first = 0, end = 0] = MODELBYTES_SEEDS.split(":").map(Number);
const SEEDS = Array.from({ length: end - first }, (_, index) => first + index);

/** A line of random_file.py. */
interface Written {
  readonly seed: number;
  readonly file: string;
  readonly objects: readonly Described[];
}

describe.runIf(hasPython())("random files by h5py", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-hdf5-"));
  const files = new Map<number, Written>();

  beforeAll(async () => {
    const python = await interpreter("tensorflow-2.21");
    const lines = await runPython(python, "fixtures/hdf5/random_file.py", "--seeds", MODELBYTES_SEEDS, folder);
    for (const line of lines.trimEnd().split("\n")) {
      const written: Written = JSON.parse(line);
      files.set(written.seed, written);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(SEEDS)(
    "seed %i: the classic engine finds the same objects in the same order, and the same values",
    async (seed) => {
      const { file: path, objects } = files.get(seed) ?? { file: "", objects: [] };
      await using file = await openHdf5(path, { engine: "classic" });
      const found = await describeFile(file);
      expect(found).toEqual(objects);
      expect(orders(found)).toEqual(orders(objects));
    },
  );

  test.each(SEEDS)("seed %i: so does h5wasm, but for LZF", async (seed) => {
    const { file: path, objects } = files.get(seed) ?? { file: "", objects: [] };
    const lzf = new Set<string>();
    const readable: Readable = (object) => {
      if (object.kind !== "dataset" || !object.filters.some(({ id }) => id === 32_000)) return true;
      lzf.add(object.path);
      return false;
    };
    await using file = await openHdf5(path, { engine: "h5wasm" });
    const found = await describeFile(file, readable);
    expect(found).toEqual(
      objects.map(({ value, ...rest }) => (value === undefined || lzf.has(rest.path) ? rest : { ...rest, value })),
    );
  });
});
