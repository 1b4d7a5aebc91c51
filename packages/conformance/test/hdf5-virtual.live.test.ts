// h5py makes virtual datasets of random selections; ours reads from them, and from parts of them, what h5py does.
// MODELBYTES_SEEDS=300:5000 takes other seeds.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHdf5 } from "@modelbytes/hdf5";
import { afterAll, describe, expect, test } from "vitest";
import { describeValue } from "../../hdf5/test/described.ts";
import { hasPython, interpreter, runPython } from "./python.ts";

const { MODELBYTES_SEEDS = "0:300" } = process.env;

/** A line of random_virtual.py. */
interface Written {
  readonly seed: number;
  readonly file: string;
  readonly part: readonly (readonly [number, number])[];
  readonly whole: object;
  readonly taken: object;
}

describe.runIf(hasPython())("random virtual datasets", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-virtual-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("are what h5py reads, whole and in part", async () => {
    const python = await interpreter("tensorflow-2.21");
    const lines = await runPython(python, "fixtures/hdf5/random_virtual.py", "--seeds", MODELBYTES_SEEDS, folder);
    for (const line of lines.trimEnd().split("\n")) {
      const { seed, file: path, part, whole, taken }: Written = JSON.parse(line);
      await using file = await openHdf5(path, { engine: "classic" });
      expect([seed, describeValue(await file.read("virtual"))]).toEqual([seed, whole]);
      expect([seed, describeValue(await file.read("virtual", { select: part }))]).toEqual([seed, taken]);
    }
  });
});
