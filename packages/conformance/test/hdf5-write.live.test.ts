// h5py and we do the same things to a new file, and the files are compared byte for byte. MODELBYTES_RUNS=5000 tries more programs,
// MODELBYTES_SEED=7 others.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemorySink } from "@modelbytes/bytes";
import type { Hdf5Driver } from "@modelbytes/hdf5";
import { writeHdf5 } from "@modelbytes/hdf5";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Conversation } from "./conversation.ts";
import { type Played, type Program, programs } from "./hdf5-write-programs.ts";
import { hasPython, interpreter } from "./python.ts";

const { MODELBYTES_RUNS = "150", MODELBYTES_SEED = "5" } = process.env;
const RUNS = { numRuns: Number(MODELBYTES_RUNS), seed: Number(MODELBYTES_SEED), interruptAfterTimeLimit: 500_000 };

type Question =
  | { readonly play: { readonly driver: Hdf5Driver; readonly operations: readonly Played[]; readonly to: string } }
  | { readonly compare: readonly [string, string] };

interface Answer {
  readonly size?: number;
  readonly error?: string;
  readonly difference?: string | null;
}

describe.runIf(hasPython())("what h5py writes", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-hdf5-"));
  let python: Conversation<Question, Answer>;

  beforeAll(async () => {
    python = new Conversation(await interpreter("tensorflow-2.21"), ["fixtures/hdf5/writer_player.py"], {
      PYTHONDONTWRITEBYTECODE: "1",
    });
  });
  afterAll(async () => {
    await python.end();
    rmSync(folder, { recursive: true, force: true });
  });

  async function compare(driver: Hdf5Driver, { operations, played }: Program): Promise<void> {
    const to = join(folder, "played.h5");
    const { size, error } = await python.ask({ play: { driver, operations: played, to } });
    expect(error).toBeUndefined();
    const sink = new MemorySink();
    const plan = await writeHdf5(sink, operations, { driver });
    const theirs = readFileSync(to);
    const ours = Buffer.from(sink.bytes.buffer);
    const first = theirs.findIndex((byte, index) => byte !== ours[index]);
    const text = played.map((one) => JSON.stringify(one).slice(0, 150)).join("\n");
    expect({ first, size: plan.size }, `the first byte that differs, in\n${text}\n`).toEqual({ first: -1, size });
  }

  describe.each(["path", "file-object"] as const)("driver %s", (driver) => {
    test("names beyond ASCII: another file that says the same", async () => {
      const [ours, to] = [join(folder, "ours.h5"), join(folder, "theirs.h5")];
      const names = [
        "dénse",
        "日本",
        "a",
        "dénse_1/gewöhnlich",
        ...Array.from({ length: 40 }, (_, index) => `schicht_ü${index}`),
      ];
      const operations = names.map((path) => ({ kind: "group", path }) as const);
      await python.ask({ play: { driver, operations, to } });
      const { doubts } = await writeHdf5(ours, operations, { driver });
      expect(doubts).toEqual(["link-names"]);
      expect(await python.ask({ compare: [to, ours] })).toEqual({ difference: null });
    });

    test("metadata beyond libhdf5's cache: doubted, and another file says the same if it is one", async () => {
      const [ours, to] = [join(folder, "ours.h5"), join(folder, "theirs.h5")];
      const operations = Array.from(
        { length: 3000 },
        (_, index) => ({ kind: "group", path: `layer_${index}/vars` }) as const,
      );
      await python.ask({ play: { driver, operations, to } });
      const { doubts } = await writeHdf5(ours, operations, { driver });
      expect(doubts).toEqual(["metadata-cache"]);
      expect(await python.ask({ compare: [to, ours] })).toEqual({ difference: null });
    });

    test("random programs, short", async () => {
      await fc.assert(
        fc.asyncProperty(programs(12), (program) => compare(driver, program)),
        RUNS,
      );
    });
    test("random programs, long", async () => {
      await fc.assert(
        fc.asyncProperty(programs(150), (program) => compare(driver, program)),
        RUNS,
      );
    });
  });
});
