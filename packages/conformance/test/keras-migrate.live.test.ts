// Architectures migrated between Keras 2.15 and 3.15, and from older ones: the other Keras builds them, and predicts the same.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnsupportedError } from "@modelbytes/bytes";
import { isPyDict, migrate, type PyDict, parseJson, stringifyJson } from "@modelbytes/keras-config";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPython, interpreter, runPython } from "./python.ts";
import { ROOT } from "./workspace.ts";

/** What a Keras makes: names of models, and what it could not make. */
interface Made {
  readonly names: readonly string[];
  readonly failed: Readonly<Record<string, string>>;
}

const SCRIPTS = "fixtures/keras-config";
const HANDMADE = join(ROOT, SCRIPTS, "architectures-handmade");
const SEEDS = "8";
/** Every case of every layer takes minutes: `MODELBYTES_CASES=all`. */
const { MODELBYTES_CASES: cases = "one" } = process.env;

/** Half floats differ by their last bits: Keras 2 and 3 round in other places. */
const ROUNDED =
  /^(mixed|case_\d+_(Dense|SimpleRNN|LSTM|GRU|MultiHeadAttention|LayerNormalization|BatchNormalization))$/;

/** The layers of one Keras without an equivalent in the other; and RandomCrop, ConvLSTM with hard_sigmoid, which compute something else. */
const REFUSED = {
  "keras-3": [
    ...["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "LocallyConnected1D", "LocallyConnected2D"],
    ...["RandomCrop", "RandomHeight", "RandomWidth"],
  ],
  "keras-2": [
    ...["AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D"],
    ...["AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D", "AugMix", "AutoContrast"],
    ...["ContrastLimitedAdaptiveHistogramEqualization", "GroupQueryAttention"],
    ...["MelSpectrogram", "Pipeline", "RMSNormalization", "RandAugment", "RandomColorDegeneration"],
    ...["RandomColorJitter", "RandomCrop", "RandomElasticTransform", "RandomErasing", "RandomGaussianBlur"],
    ...["RandomGrayscale", "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization"],
    ...["RandomSaturation", "RandomSharpness", "RandomShear", "ReversibleEmbedding", "STFTSpectrogram", "Solarization"],
  ],
};

/** The last line that a script prints, after whatever TensorFlow has to say. */
function lastLine<T>(output: string): T {
  const result: T = JSON.parse(output.trim().split("\n").at(-1) ?? "");
  return result;
}

function read(path: string): PyDict {
  const value = parseJson(readFileSync(path, "utf8"));
  if (!isPyDict(value)) throw new Error(`${path} is no dict`);
  return value;
}

describe.runIf(hasPython())("migrated between Keras 2.15 and 3.15", () => {
  const folders = { "keras-2": "", "keras-3": "" };
  const environments = { "keras-2": "tensorflow-2.15", "keras-3": "tensorflow-2.21" } as const;
  const made: Record<string, Made> = {};
  const handmade = readdirSync(HANDMADE).map((file) => file.replace(/\.json$/, ""));

  beforeAll(async () => {
    for (const keras of ["keras-2", "keras-3"] as const)
      folders[keras] = mkdtempSync(join(tmpdir(), `modelbytes-${keras}-`));
    // Older texts as Keras 2 has them: it makes models of them, with weights and predictions.
    for (const name of handmade) {
      const { config } = migrate(read(join(HANDMADE, `${name}.json`)), "keras-2");
      writeFileSync(join(folders["keras-2"], `${name}.text.json`), stringifyJson(config));
    }
    await Promise.all(
      (["keras-2", "keras-3"] as const).map(async (keras) => {
        const python = await interpreter(environments[keras]);
        made[keras] = lastLine<Made>(
          await runPython(python, `${SCRIPTS}/migration_models.py`, folders[keras], SEEDS, cases),
        );
      }),
    );
  });
  afterAll(() => {
    for (const folder of Object.values(folders)) if (folder !== "") rmSync(folder, { recursive: true, force: true });
  });

  test("Keras 2.15 builds what was made by hand for Keras 0.3 to 2.4", () => {
    const names = made["keras-2"]?.names ?? [];
    for (const name of handmade) expect([name, names.includes(name)]).toEqual([name, true]);
  });

  test.each([
    ["keras-2", "keras-3"],
    ["keras-3", "keras-2"],
  ] as const)("from %s to %s", async (source, target) => {
    const folder = folders[source];
    const refused: string[] = [];
    for (const name of made[source]?.names ?? []) {
      // What was made by hand goes from its own grammar all the way.
      const path = handmade.includes(name) ? join(HANDMADE, `${name}.json`) : join(folder, `${name}.json`);
      try {
        writeFileSync(join(folder, `${name}.migrated.json`), stringifyJson(migrate(read(path), target).config));
      } catch (error) {
        expect(error).toBeInstanceOf(UnsupportedError);
        refused.push(name);
      }
    }
    compileFixtures(folder, source, target);
    const python = await interpreter(environments[target]);
    const results = lastLine<Record<string, unknown>>(await runPython(python, `${SCRIPTS}/migrated.py`, folder));
    for (const [name, result] of Object.entries(results)) {
      if (name.endsWith(".compiled")) continue;
      expect([
        name,
        typeof result === "number" && result < (ROUNDED.test(name) ? 0.02 : 1e-4) ? "same" : result,
      ]).toEqual([name, "same"]);
    }
    expect(results["compiled.compiled"]).toEqual(
      Array.from({ length: target === "keras-3" ? 2 : 1 }, () => ({
        optimizer: "Adam",
        rate: expect.closeTo(0.01, 6),
      })),
    );
    const classes = [...new Set(refused.map((name) => name.replace(/^case_\d+_/, "")))].sort();
    if (cases === "one") expect(classes).toEqual(REFUSED[target]);
    expect(Object.keys(results).length).toBeGreaterThan(100);
    expect(refused.filter((name) => !name.startsWith("case_"))).toEqual([]);
  });
});

/** The compiled model of the fixtures, as a text and as what an h5 file says. */
function compileFixtures(folder: string, source: "keras-2" | "keras-3", target: "keras-2" | "keras-3"): void {
  const file = source === "keras-2" ? "architectures-keras-2.15/compiled-archive" : "architectures-keras-3/compiled";
  const { config, trainingConfig } = migrate(read(join(ROOT, SCRIPTS, `${file}.json`)), target);
  if (trainingConfig === undefined) throw new Error("a compiled model without a training_config");
  writeFileSync(join(folder, "compiled.compiled.json"), stringifyJson(config));
  writeFileSync(join(folder, "compiled.training.json"), stringifyJson(trainingConfig));
}
