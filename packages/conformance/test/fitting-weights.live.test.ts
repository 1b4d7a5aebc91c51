// Whether weights fit an architecture, as `verify --architecture` says and as Keras finds when it loads them: each model's weights into
// each other model.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dirname } from "node:path/posix";
import type { CorruptError } from "@modelbytes/bytes";
import { type Era, expectedWeights, parseArchitecture, parseJson } from "@modelbytes/keras-config";
import { type ArchitectureTexts, architectureTexts, matchArchitecture, openModel } from "modelbytes";
import { afterAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";

/** The models that take the weights of each model, by the form of the weights. */
type Taken = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/**
 * Whether Keras passes over a problem: groups of a `.weights.h5` that it does not look for. Weights of more than the model are still not
 * the model's.
 */
function isPassedOver({ code, tensor = "" }: CorruptError, form: string, groups: ReadonlySet<string>): boolean {
  return form === ".weights.h5" && code === "extra-weight" && !groups.has(dirname(tensor));
}

/** The groups of a `.weights.h5` in which an architecture expects variables. */
function groupsOf({ config }: ArchitectureTexts, era: Era): Set<string> {
  const { places } = expectedWeights(parseArchitecture(parseJson(config)), { era });
  return new Set(places.map(({ path }) => dirname(path)));
}

/**
 * TensorFlow takes a checkpoint's fourth layer with variables for the third of this model, as both are the fifth of all, and only warns
 * of it: its values are left unused.
 */
const CONFUSED = "added as checkpoint into dropout";

async function textsIn(path: string): Promise<ArchitectureTexts> {
  await using model = await openModel(path);
  const texts = await architectureTexts(model);
  if (texts === undefined) throw new Error(path);
  return texts;
}

describe.runIf(hasPython()).each<[environment: string, era: Era]>([
  ["tensorflow-2.21", { major: 3, minor: 15 }],
  ["tensorflow-2.15", { major: 2, minor: 15 }],
])("Keras in %s", (environment, era) => {
  const root = mkdtempSync(join(tmpdir(), "modelbytes-fitting-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test("takes the weights that fit, and no others", async () => {
    const python = await interpreter(environment);
    const output = await runPython(python, "fixtures/keras-hdf5/fitting_weights.py", root);
    const taken: Taken = JSON.parse(output.trim().split("\n").at(-1) ?? "");
    const wrong: string[] = [];
    let fitting = 0;
    let others = 0;
    for (const [form, byName] of Object.entries(taken)) {
      for (const [name, models] of Object.entries(byName)) {
        await using weights = await openModel(join(root, form === "checkpoint" ? `${name}/w` : `${name}${form}`));
        for (const other of Object.keys(byName)) {
          const texts = await textsIn(join(root, `${other}.json`));
          const { problems } = await matchArchitecture(weights, texts);
          const groups = groupsOf(texts, era);
          const fits = problems.every((problem) => isPassedOver(problem, form, groups));
          if (fits) fitting++;
          else others++;
          const pair = `${name} as ${form} into ${other}`;
          if (fits === models.includes(other) || pair === CONFUSED) continue;
          wrong.push(`${pair}: ${models.includes(other)}, ${problems.map(String).join("; ")}`);
        }
        const own = await matchArchitecture(weights, await textsIn(join(root, `${name}.json`)));
        expect([name, form, own]).toEqual([name, form, { problems: [], notes: [] }]);
      }
    }
    expect(wrong).toEqual([]);
    expect(fitting).toBeGreaterThan(30);
    expect(others).toBeGreaterThan(200);
  });
});
