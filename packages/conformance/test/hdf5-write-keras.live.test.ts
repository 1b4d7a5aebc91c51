// Keras saves models, and what it does with h5py is recorded: the same operations have to give the same bytes here.

import { createReadStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MemorySink } from "@modelbytes/bytes";
import type { Hdf5Driver } from "@modelbytes/hdf5";
import { writeHdf5 } from "@modelbytes/hdf5";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Played, toOperation } from "../../hdf5/test/writer-played.ts";
import { run } from "./command.ts";
import { hasPython, interpreter } from "./python.ts";

const MODELS = [
  ["dense", 3],
  ["adam", 3],
  ["functional", 3],
  ["fitted", 3],
  ["momentum", 3],
  ["layers-60", 3],
  ["layers-300", 3],
  ["long-names", 3],
  ["bfloat16", 3],
  ["quantized", 3],
  ["empty", 3],
  ["mobilenet", 3],
] as const;

interface Saved {
  readonly name: string;
  readonly driver: Hdf5Driver;
  readonly file: string;
  readonly operations: readonly Played[];
}

describe.runIf(hasPython())("what Keras writes", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-keras-"));
  let python: string;

  beforeAll(async () => {
    python = await interpreter("tensorflow-2.21");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(MODELS)("%s, as weights, as a whole model and inside .keras", async (model, files) => {
    const list = join(folder, `${model}.jsonl`);
    const made = await run(
      "sh",
      ["-c", 'exec "$0" "$@" > "$LIST"', python, "fixtures/hdf5/writer_keras.py", folder, model],
      {
        LIST: list,
        PYTHONDONTWRITEBYTECODE: "1",
      },
    );
    expect(made.status, made.stderr).toBe(0);
    let seen = 0;
    for await (const line of createInterface({ input: createReadStream(list) })) {
      const { name, driver, file, operations }: Saved = JSON.parse(line);
      const sink = new MemorySink();
      const plan = await writeHdf5(sink, operations.map(toOperation), { driver });
      const theirs = readFileSync(file);
      expect([name, plan.size, Buffer.compare(theirs, sink.bytes)]).toEqual([name, theirs.length, 0]);
      seen++;
    }
    expect(seen).toBe(files);
  });
});
