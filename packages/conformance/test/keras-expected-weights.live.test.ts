// Random models: the variables that their architecture says they have are those that Keras makes, and are where it writes them.

import { describe, expect, test } from "vitest";
import { architectureOf, bothSides, type JudgedModel } from "../../keras-config/test/judged-models.ts";
import { hasPython, interpreter, runPython } from "./python.ts";

const MODELS = 10;

describe.runIf(hasPython())("variables of random models", () => {
  test.each([
    ["tensorflow-2.21", { major: 3, minor: 15 }],
    ["tensorflow-2.15", { major: 2, minor: 15 }],
    ["tensorflow-2.12", { major: 2, minor: 12 }],
  ])("of Keras in %s", async (environment, era) => {
    const python = await interpreter(environment);
    const seed = Math.floor(Math.random() * 1e6);
    const output = await runPython(python, "fixtures/keras-config/random_weights.py", `${seed}`, `${MODELS}`);
    const lines = output.split("\n").filter((line) => line.startsWith("{"));
    expect(lines.length).toBe(MODELS);
    for (const line of lines) {
      const judged: JudgedModel & { readonly seed: number } = JSON.parse(line);
      const { ours, theirs } = bothSides(architectureOf(line), judged, era);
      expect({ seed: judged.seed, ...ours }).toEqual({ seed: judged.seed, ...theirs });
    }
  });
});
