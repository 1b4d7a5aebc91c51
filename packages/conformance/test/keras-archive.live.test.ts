// Random models, saved by Keras as `.keras`: we read the weights that they have and write the very bytes again; Keras loads what we write
// of them in other ways, and predicts the same. MODELBYTES_RUNS=100 tries more models, MODELBYTES_SEED=7 others.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KerasArchive, openKerasArchive, toKerasArchive, writeKerasArchive } from "@modelbytes/keras-archive";
import { toKerasWeights } from "@modelbytes/keras-hdf5";
import { writeZip } from "@modelbytes/zip";
import { afterAll, describe, expect, test } from "vitest";
import { describeTensor, type ExpectedTensor } from "../../keras-archive/test/fixtures.ts";
import { Conversation } from "./conversation.ts";
import { hasPython, interpreter } from "./python.ts";

const { MODELBYTES_RUNS = "8", MODELBYTES_SEED = "5" } = process.env;

type Question = { readonly save: number; readonly to: string } | { readonly predict: string[]; readonly seed: number };

function sorted(tensors: Iterable<ExpectedTensor>): string[] {
  return [...tensors].map((tensor) => JSON.stringify(tensor)).sort();
}

/** The tensors of the model itself. */
async function weightsOf(archive: KerasArchive): Promise<ExpectedTensor[]> {
  const found: ExpectedTensor[] = [];
  for await (const [key, tensor] of archive.stream()) {
    const role = archive.entries.get(key)?.role;
    if (role === "layer" || role === "top-level") found.push(describeTensor(tensor));
  }
  return found;
}

async function problemsOf(archive: KerasArchive): Promise<string[]> {
  const problems: string[] = [];
  for await (const { message } of archive.verify()) problems.push(message);
  return problems;
}

describe.runIf(hasPython())("random models", () => {
  const folder = mkdtempSync(join(tmpdir(), "modelbytes-keras-archive-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ["tensorflow-2.21", Number(MODELBYTES_RUNS)],
    ["tensorflow-2.15", Math.ceil(Number(MODELBYTES_RUNS) / 4)],
    ["tensorflow-2.12", Math.ceil(Number(MODELBYTES_RUNS) / 4)],
  ])("of Keras in %s", async (environment, runs) => {
    const python = new Conversation<Question, unknown>(
      await interpreter(environment),
      ["fixtures/keras-archive/random_archives.py"],
      { PYTHONDONTWRITEBYTECODE: "1", TF_CPP_MIN_LOG_LEVEL: "3" },
    );
    let assets = 0;
    try {
      for (let seed = Number(MODELBYTES_SEED); seed < Number(MODELBYTES_SEED) + runs; seed++) {
        const path = (kind: string) => join(folder, `${environment}-${seed}-${kind}.keras`);
        const saved = await python.ask({ save: seed, to: path("saved") });
        if (!Array.isArray(saved) || saved.length === 0) throw new Error(`a model without weights: ${seed}`);
        await using archive = await openKerasArchive(path("saved"));
        assets += archive.assets.length;
        expect([seed, await problemsOf(archive)]).toEqual([seed, []]);
        expect([seed, sorted(await weightsOf(archive))]).toEqual([seed, sorted(saved)]);

        const theirs = readFileSync(path("saved"));
        await writeKerasArchive(path("again"), archive);
        expect(Buffer.compare(readFileSync(path("again")), theirs), `${seed}, again`).toBe(0);
        const contents = await toKerasArchive(archive);
        await writeKerasArchive(path("laid-out"), { ...contents, weights: await toKerasWeights(archive.weights) });
        expect(Buffer.compare(readFileSync(path("laid-out")), theirs), `${seed}, laid out`).toBe(0);

        const { zip } = archive;
        if (zip === undefined) throw new Error("a folder");
        const members = zip.members.map(async ({ name, date }) => ({
          name,
          date,
          method: 8,
          data: await zip.read(name),
        }));
        await writeZip(path("deflated"), (await Promise.all(members)).reverse());
        await writeKerasArchive(path("through-disk"), { ...contents, weights: archive.weights, throughDisk: true });
        const paths = ["saved", "deflated", "through-disk"].map(path);
        const [first, ...others] = await python
          .ask({ predict: paths, seed })
          .then((all) => (Array.isArray(all) ? all : []));
        expect([seed, others]).toEqual([seed, [first, first]]);
        expect(first).toMatch(/^[0-9a-f]{64}$/);
        await using deflated = await openKerasArchive(path("deflated"));
        expect(await problemsOf(deflated)).toEqual([]);
      }
    } finally {
      await python.end();
    }
    if (environment === "tensorflow-2.21") expect(assets).toBeGreaterThan(0);
  });
});
